"""What is asked for, as receipts keep it: neutral words, and media by the SHA-256 of their bytes.

What is asked for is fingerprinted for ever. A field that is added here has a default and is left
out of `to_asked` while it has it, or every receipt of before would seem to ask for another thing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from globalaiopc import InvalidRequest
from globalaiopc.catalogue import Makes
from globalaiopc.faults import first_fault
from globalaiopc.generation import Generation, Pixels
from ledger import Receipt

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sha256s = tuple[Sha256, ...]
Address = Callable[[str, str], str]
"""From a field and the hash in it to where the provider gets at the medium."""


class Asked(BaseModel):
    """A job of any model. `extra` are fields of the provider's own.

    `asset_review` lets its media go through the model's asset library.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    makes: ClassVar[Makes]
    always: ClassVar[tuple[str, ...]] = ()
    """Fields that are kept also while they have their default."""
    one: ClassVar[tuple[str, ...]] = ()
    """Fields that name one medium."""
    several: ClassVar[tuple[str, ...]] = ()
    """Fields that name any number."""
    words: ClassVar[Mapping[str, str]] = {}
    """Field -> word of a `Generation`, where that is another one."""
    options: ClassVar[Mapping[str, str]] = {}
    """Field -> the provider's own, for which there is no word."""

    model: str = Field(min_length=1)
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)
    asset_review: bool = False

    def to_asked(self) -> dict[str, JsonValue]:
        """The words that the receipt keeps."""
        said = self.model_dump(mode="json")
        given = self.model_dump(mode="json", exclude_defaults=True)
        return {name: said[name] for name in said if name in given or name in self.always}

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """Read a receipt's `asked`; `InvalidRequest` if it asks for something not known here."""
        try:
            return cls.model_validate(receipt.asked)
        except ValidationError as error:
            field, why = first_fault(error)
            raise InvalidRequest(
                f"{receipt.job} cannot be built again from its receipt: {field}: {why}.",
                field=field,
                advice="Use the release that sent it first, or abandon it and ask for a new take.",
            ) from None

    def media(self) -> Iterator[tuple[str, str]]:
        """Each medium: the field that names it, and its hash."""
        for field in self.one:
            if sha256 := getattr(self, field):
                yield field, sha256
        for field in self.several:
            yield from ((field, sha256) for sha256 in getattr(self, field))

    def wish(self, address: Address) -> Generation:
        """The generation, with the addresses of its media."""
        said: dict[str, object] = {}
        given = self.model_dump(exclude={"extra", "asset_review"}, exclude_none=True)
        for field in given.keys() - self.options.keys():
            word, value = self.words.get(field, field), getattr(self, field)
            if field in self.one:
                place = address(field, value)
                said[word] = (place,) if word in ("images", "videos", "audios") else place
            elif field in self.several:
                said[word] = tuple(address(field, sha256) for sha256 in value)
            else:
                said[word] = value
        own = {self.options[field]: given[field] for field in given.keys() & self.options.keys()}
        return Generation.model_validate({**said, "extra": {**own, **self.extra}})


class ImageAsked(Asked):
    """An image. `size` is exact pixels ("1024x1536"), instead of a ratio."""

    makes = "image"
    always = ("resolution",)
    several = ("images",)

    prompt: str
    ratio: str | None = None
    resolution: str | None = None
    size: Pixels | None = None
    quality: str | None = None
    seed: int | None = None
    images: Sha256s = ()


class VideoAsked(Asked):
    """A video, `seconds` long. `first_frame` and `last_frame` are where it begins and ends."""

    makes = "video"
    always = ("seconds",)
    one = ("first_frame", "last_frame")
    several = ("images", "videos", "audios")

    prompt: str
    ratio: str | None = None
    seconds: int | None = None
    first_frame: Sha256 | None = None
    resolution: str | None = None
    size: Pixels | None = None
    quality: str | None = None
    last_frame: Sha256 | None = None
    images: Sha256s = ()
    videos: Sha256s = ()
    audios: Sha256s = ()
    sound: bool | None = None
    seed: int | None = None


class CloneAsked(Asked):
    """A voice like that of `sample`, 15 to 60 s of speech; `text` is what its preview says.

    `version` 2 knows more languages than 1; `language` is an English name ("Japanese").
    """

    makes = "voice"
    one = ("sample",)
    words: ClassVar[Mapping[str, str]] = {"text": "prompt", "sample": "audios"}
    options: ClassVar[Mapping[str, str]] = {"version": "soundVersion", "language": "language"}

    sample: Sha256
    text: str = ""
    version: Literal["v1", "v2"] | None = None
    language: str | None = None


class SpeechAsked(Asked):
    """`text`, spoken by the cloned voice whose id is `voice`.

    `speed` 0.5 to 2; `volume` above 0, up to 10; `pitch` -12 to 12. `subtitles` are by sentence, by
    word with `subtitle_type` "word". The rest as in `CloneAsked`.
    """

    makes = "audio"
    words: ClassVar[Mapping[str, str]] = {"text": "prompt"}
    options: ClassVar[Mapping[str, str]] = {
        "version": "soundVersion",
        "language": "language",
        "emotion": "emotion",
        "speed": "speed",
        "volume": "vol",
        "pitch": "pitch",
        "subtitles": "subtitleEnable",
        "subtitle_type": "subtitleType",
    }

    text: str
    voice: str
    version: Literal["v1", "v2"] | None = None
    language: str | None = None
    emotion: str | None = None
    speed: float | None = None
    volume: float | None = None
    pitch: int | None = None
    subtitles: bool | None = None
    subtitle_type: Literal["word"] | None = None


class TalkingAsked(Asked):
    """The person in `video` says what is heard in `audio`.

    `version` 1 has clearer teeth, for close-ups; 2 is better in step. The other two are for faces
    that are seen from the side or held at an angle.
    """

    makes = "video"
    one = ("audio", "video")
    words: ClassVar[Mapping[str, str]] = {"audio": "audios", "video": "videos"}
    options: ClassVar[Mapping[str, str]] = {
        "version": "modelVersion",
        "side_face": "sideFace",
        "tilted_face": "tiltedFace",
    }

    audio: Sha256
    video: Sha256
    version: Literal[1, 2] | None = None
    side_face: Literal[0, 1] | None = None
    tilted_face: Literal[0, 1] | None = None


_BY_STAGE: Mapping[str, type[Asked]] = {
    "image": ImageAsked,
    "video": VideoAsked,
    "voice": CloneAsked,
    "speech": SpeechAsked,
}


def asked_of(receipt: Receipt) -> Asked:
    """What a receipt's job asked for; `InvalidRequest` for a job that is none of these."""
    kind = _BY_STAGE.get(receipt.job.stage)
    if kind is None:
        raise InvalidRequest(
            f"{receipt.job} is a job of the endpoint {receipt.endpoint}, which cannot be sent "
            "again.",
            field="resubmit",
            advice="Abandon it and run its batch again.",
        )
    # A brief of the video flows may name a model that moves lips as well, in its own words.
    talks = receipt.endpoint == "digital_human" and "audio" in receipt.asked
    return (TalkingAsked if talks else kind).of(receipt)
