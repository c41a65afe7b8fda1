"""The media that a brief brings, landed in its folder before anything is bought."""

from dataclasses import dataclass
from functools import partial

from flows.checks import sources
from flows.stages import Media, Stages
from flows.work import Work
from tasks import Studio
from tasks.inputs import Input, land_input
from tasks.landing.inspection import WantedKind


@dataclass(frozen=True)
class Inputs:
    """What was landed of what the brief brings, its start image apart."""

    last_image: Input | None = None
    images: tuple[Input, ...] = ()
    videos: tuple[Input, ...] = ()
    audios: tuple[Input, ...] = ()

    @property
    def all(self) -> tuple[Input, ...]:
        last = (self.last_image,) if self.last_image else ()
        return (*last, *self.images, *self.videos, *self.audios)

    def hashes(self, picture: str | None = None) -> Media:
        """What is remembered of them; `picture` is the hash of the image stage's picture."""
        return Media(
            picture=picture,
            last_image=self.last_image.sha256 if self.last_image else None,
            images=_hashes(self.images),
            videos=_hashes(self.videos),
            audios=_hashes(self.audios),
        )


async def land_inputs(studio: Studio, work: Work, stages: Stages) -> Inputs:
    """Bring them to the bucket; free. Raises `InvalidRequest` naming the field of a bad one."""
    land = partial(_landed, studio, work)
    images = await land("reference_images", "image")
    if not stages.video:  # whatever a video would need is not looked at
        return Inputs(images=images)
    last = await land("last_image", "image")
    return Inputs(
        last_image=last[0] if last else None,
        images=images,
        videos=(*await land("video", "video"), *await land("reference_videos", "video")),
        audios=await land("reference_audios", "audio"),
    )


async def _landed(studio: Studio, work: Work, field: str, kind: WantedKind) -> tuple[Input, ...]:
    found = [
        await land_input(studio, source, work.folder, kind, field)
        for source in sources(work.brief, field)
    ]
    return tuple(found)


def _hashes(inputs: tuple[Input, ...]) -> tuple[str, ...]:
    return tuple(one.sha256 for one in inputs)
