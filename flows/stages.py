"""Which stages a brief has, which models may make each, and what each of them is asked for.

All of it follows from the brief and from its models' rows. Checking, running, planning, pricing and
reporting ask here, so that they never disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from flows.briefs import Brief, Makes
from globalaiopc import InvalidRequest
from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.generation import Generation

Picture = Literal["made", "given", "none"]
HandOver = Literal["first_frame", "reference"]
Model = Literal["text", "image", "video"]

SHARED = ("resolution", "size", "quality", "seed")
"""Words of a brief that go to whichever of the image and the video model has a choice of them."""


@dataclass(frozen=True)
class Choice:
    """One model that may be asked at a stage. `field` is where the brief names it."""

    field: str
    name: str
    row: ModelRow
    kin: ModelRow
    """A described model of the same endpoint, for an undescribed one; else the row itself."""

    @classmethod
    def of(cls, field: str, name: str, makes: Model, catalogue: Catalogue) -> "Choice":
        """Raises `InvalidRequest`, naming `field`, for a model that is not there or makes else."""
        try:
            row = catalogue.model(name)
        except InvalidRequest as error:
            error.field = field
            raise
        if row.makes != makes and not row.lenient:
            raise InvalidRequest(
                f"{name} makes {row.makes}, and {field} has to make {makes}.", field=field
            )
        same = (one for one in catalogue if (one.endpoint, one.makes) == (row.endpoint, makes))
        return cls(field, catalogue.id_of(row), row, next(same, row) if row.lenient else row)

    @property
    def takes_a_picture(self) -> bool:
        return self.kin.takes_first_frame or self.kin.references.get("image", 0) > 0


@dataclass(frozen=True)
class Media:
    """What a brief's media are known by: addresses to hand over, or hashes to remember."""

    picture: str | None = None
    last_image: str | None = None
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    audios: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stages:
    """`picture` is "none" where the video is made without one: then nothing is bought for it.

    `image` and `video` are the models to ask, the first choice first; empty where there is nothing
    to buy at that stage.
    """

    brief: Brief
    picture: Picture
    image: tuple[Choice, ...]
    video: tuple[Choice, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The stages that a run goes through after the script."""
        return (
            *(("image",) if self.picture != "none" else ()),
            *(("video",) if self.video else ()),
        )

    def image_wish(self, choice: Choice, prompt: str, media: Media) -> Generation:
        """What an image model is asked for. It is the same whether or not a video follows."""
        said = self._shared(self.image[0], choice)
        return Generation.model_validate(
            {
                **said,
                "model": choice.name,
                "prompt": prompt,
                "ratio": None if "size" in said else self._ratio(choice),
                "images": media.images if self.image_takes_references else (),
            }
        )

    def video_wish(self, choice: Choice, prompt: str, media: Media) -> Generation:
        """What a video model is asked for."""
        said = self._shared(self.video[0], choice)
        handed = self.hand_over(choice)
        images = media.images if self._video_takes_references(choice) else ()
        if media.picture is not None and handed == "reference":
            images = (media.picture, *images)
        return Generation.model_validate(
            {
                **said,
                "model": choice.name,
                "prompt": prompt if choice.row.prompt_limit != 0 else self.brief.video_prompt or "",
                "seconds": self.asked_seconds(choice),
                "ratio": None if self._decided(choice) or "size" in said else self._ratio(choice),
                "first_frame": media.picture if handed == "first_frame" else None,
                "last_frame": media.last_image,
                "images": images,
                "videos": media.videos,
                "audios": media.audios,
                "sound": self.brief.sound,
            }
        )

    def asked_seconds(self, choice: Choice) -> int | None:
        """The length that is asked for: the brief's, or the model's default."""
        if self.brief.seconds is not None or self._decided(choice):
            return self.brief.seconds
        return choice.row.default_seconds

    def resolution(self, choice: Choice) -> str | None:
        """The resolution that is asked for at the choice's stage."""
        first = self.image[0] if choice in self.image else self.video[0]
        word = self._shared(first, choice).get("resolution")
        return None if word is None else str(word)

    def reviewed(self, choice: Choice) -> bool:
        """Whether its media go through the model's asset library because the brief says so."""
        return self.brief.asset_review and (choice.row.lenient or bool(choice.row.asset_library))

    def hand_over(self, choice: Choice) -> HandOver:
        """How a video model gets the picture: to start from, or as the first reference picture."""
        row = choice.kin
        most = row.references.get("image", 0)
        if row.first_frame == "no":
            # Without either, it is asked for as a first frame, which is refused with the reason.
            return "reference" if most else "first_frame"
        brief = self.brief
        alone = row.first_frame == "needed" or bool(brief.last_image)
        if alone or not row.frames_exclude_references:
            return "first_frame"
        if brief_videos(brief) or brief.reference_audios:
            return "reference" if most else "first_frame"
        beside = len(brief.reference_images)
        return "reference" if beside and beside < most else "first_frame"

    @property
    def image_takes_references(self) -> bool:
        """Whether the reference pictures go to the image model: always, when nothing follows."""
        given = len(self.brief.reference_images)
        most = self.image[0].kin.references.get("image", 0) if self.image else 0
        return bool(self.image) and (not self.video or given <= most)

    def _video_takes_references(self, choice: Choice) -> bool:
        if self.picture != "made" or not self.image_takes_references:
            return True
        # The picture is made after them. The video model gets them as well if it can.
        row = choice.kin
        handed = self.hand_over(choice)
        most = row.references.get("image", 0)
        if handed == "first_frame" and row.frames_exclude_references:
            return False
        return len(self.brief.reference_images) + (handed == "reference") <= most

    def _decided(self, choice: Choice) -> bool:
        """Whether the reference video decides length and ratio."""
        return choice.row.video_decides and bool(brief_videos(self.brief))

    def _shared(self, first: Choice, choice: Choice) -> dict[str, str | int]:
        """The shared words of the brief that this stage's first model takes, spelt as each does."""
        return {
            word: spelt(choice.row, word, value)
            for word, value in shared_words(self.brief)
            if takes(first.row, word, value)
        }

    def _ratio(self, choice: Choice) -> str | None:
        # A model without a choice of ratio is not told one, nor a model that nobody described the
        # default of this project.
        row = choice.row
        told = "ratio" in self.brief.model_fields_set if row.lenient else bool(row.ratios)
        return self.brief.ratio if told else None


def stages_of(brief: Brief, makes: Makes, catalogue: Catalogue) -> Stages:
    """The stages of a brief that is checked. Raises `InvalidRequest` naming the field if it is not.

    `makes` says what the flow makes of it.
    """
    video = () if makes == "image" else tuple(choices(brief, "video", catalogue))
    picture = picture_of(brief, video[0] if video else None)
    image = tuple(choices(brief, "image", catalogue)) if picture == "made" else ()
    return Stages(brief, picture, image, video)


def choices(brief: Brief, makes: Model, catalogue: Catalogue) -> Iterator[Choice]:
    """The models that the brief names for one stage, each once."""
    seen: set[str] = set()
    for field, name in named_models(brief, makes):
        choice = Choice.of(field, name, makes, catalogue)
        if choice.name not in seen:
            seen.add(choice.name)
            yield choice


def named_models(brief: Brief, makes: Model) -> tuple[tuple[str, str], ...]:
    """Field and name of each model that the brief has for a stage."""
    first, others = {
        "text": (brief.text_model, brief.text_fallbacks),
        "image": (brief.image_model, brief.image_fallbacks),
        "video": (brief.video_model, brief.video_fallbacks),
    }[makes]
    rest = ((f"{makes}_fallbacks", name) for name in others)
    return ((f"{makes}_model", first), *rest)


def picture_of(brief: Brief, video: Choice | None) -> Picture:
    """Whether a picture is made, brought, or not needed. `video` None: the picture is the aim."""
    if brief.image:
        return "given"
    if video is None:
        return "made"
    if not video.takes_a_picture:
        return "none"
    if brief.image_prompt or (brief.topic and not brief.video):
        return "made"
    return "none" if brings_media(brief) else "made"


def brings_media(brief: Brief) -> bool:
    """Whether the brief itself has something that a video can start from."""
    return bool(brief_videos(brief) or brief.reference_images or brief.last_image)


def brief_videos(brief: Brief) -> tuple[str, ...]:
    """The reference videos; the one to start from comes first."""
    return (*((brief.video,) if brief.video else ()), *brief.reference_videos)


def shared_words(brief: Brief) -> Iterator[tuple[str, str | int]]:
    """The words that the brief says of those that either model may take."""
    for word in SHARED:
        if (value := getattr(brief, word)) is not None:
            yield word, value


def takes(row: ModelRow, word: str, value: str | int) -> bool:
    """Whether a model has a choice of this word with this value among it."""
    if row.lenient:
        return True
    if word == "seed":
        return row.seeds is not None
    if word == "size" and row.any_size:
        return True
    return spelt(row, word, value) in offered(row, word)


def offered(row: ModelRow, word: str) -> tuple[str, ...]:
    """What a model offers for a word of text."""
    return {
        "resolution": row.resolutions,
        "size": (*row.sizes, *row.pixel_sizes.values()),
        "quality": row.qualities,
    }.get(word, ())


def spelt(row: ModelRow, word: str, value: str | int) -> str | int:
    """The value as the model spells it ("720P"), or as it is."""
    if not isinstance(value, str):
        return value
    return next((one for one in offered(row, word) if one.lower() == value.lower()), value)
