"""The image and the video stage: say what is asked for, buy it, land it."""

from collections.abc import Sequence

from flows.fallback import Candidate, first_to_sell
from flows.inputs import Inputs
from flows.landing import landed
from flows.script import Script
from flows.stages import Choice, Media, Stages
from flows.work import Work
from ledger import Landed
from tasks import Studio
from tasks.adopt import adopt
from tasks.asked import Asked, ImageAsked, VideoAsked
from tasks.inputs import Input, land_input
from tasks.ordering import order_for


class Maker:
    """Makes the picture and the video of one brief."""

    def __init__(self, studio: Studio, work: Work, stages: Stages) -> None:
        self._studio = studio
        self._work = work
        self._stages = stages

    async def image(self, script: Script, inputs: Inputs) -> Landed | None:
        """Buy the brief's image and land it; a brief's own start image is landed instead.

        None where the video is made without a picture.
        """
        match self._stages.picture:
            case "none":
                return None
            case "given":
                image = self._work.brief.image or ""
                return await adopt(self._studio, image, self._work.job("image"))
        media = inputs.hashes()
        return await self._bought(
            "image",
            [
                (one, image_asked(self._stages, one, script, media), inputs.images)
                for one in self._stages.image
            ],
        )

    async def video(self, script: Script, inputs: Inputs, picture: Landed | None) -> Landed:
        """Buy the video, which starts from the landed picture, and land it with its poster."""
        media = inputs.hashes(picture.sha256 if picture else None)
        given = (*inputs.all, *((await self._to_hand_over(picture),) if picture else ()))
        return await self._bought(
            "video",
            [
                (one, video_asked(self._stages, one, script, media), given)
                for one in self._stages.video
            ],
        )

    async def _to_hand_over(self, picture: Landed) -> Input:
        """A picture that was bought; of one that was brought, a copy named by its content.

        The provider fetches it when the job leaves the queue, and a run of the brief with another
        picture may have put that one in its place by then.
        """
        if self._stages.picture == "made":
            return Input.of(picture)
        return await land_input(self._studio, picture.key, self._work.folder, "image", "image")

    async def _bought(
        self, stage: str, offers: Sequence[tuple[Choice, Asked, Sequence[Input]]]
    ) -> Landed:
        job = self._work.job(stage)

        def candidate(choice: Choice, asked: Asked, media: Sequence[Input]) -> Candidate:
            return Candidate(
                choice.name,
                choice.row.endpoint,
                lambda: order_for(self._studio, job, asked, media),
            )

        bought = await first_to_sell(self._studio, job, [candidate(*one) for one in offers])
        return await landed(self._studio, bought)


def image_asked(stages: Stages, choice: Choice, script: Script, media: Media) -> ImageAsked:
    """What the receipt of the image keeps; `media` are hashes."""
    wish = stages.image_wish(choice, script.image_prompt, media)
    return ImageAsked.model_validate(
        {
            **wish.words(),
            "model": choice.name,
            "prompt": wish.prompt,
            "asset_review": bool(wish.images) and stages.reviewed(choice),
        }
    )


def video_asked(stages: Stages, choice: Choice, script: Script, media: Media) -> VideoAsked:
    """What the receipt of the video keeps; `media` are hashes, the picture's among them."""
    wish = stages.video_wish(choice, script.video_prompt, media)
    return VideoAsked.model_validate(
        {
            **wish.words(),
            "model": choice.name,
            "prompt": wish.prompt,
            "asset_review": stages.reviewed(choice),
        }
    )
