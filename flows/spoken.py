"""A spoken brief: what is to be said, in whose voice, and for a talking head, by whom."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from flows.choices import name_of
from flows.form import models_that_make, plain_form
from flows.work import Place
from globalaiopc.requests.voice import EMOTIONS, LANGUAGES, LANGUAGES_OF_V2

TEXT_CAP = 9_999
"""Characters that are spoken at once (docs: sound-clone-audio-create, "under 10,000")."""

SAMPLE_SECONDS = (15.0, 60.0)
"""The speech to clone a voice from is longer than the one and shorter than the other (docs)."""

_WHERE = "an https:// address, an s3:// address, or a key in the media bucket"


def _one_of(*choices: str | int) -> JsonDict:
    return {"enum": [*choices]}


class SpokenBrief(BaseModel):
    """Something to be said: a topic, or the words themselves, and the voice that says them."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,  # an address may be presigned, and errors are logged
        json_schema_extra=plain_form,
    )

    id: str = Field(
        title="Id",
        description=(
            "Names this brief and its folder in the bucket. Letters, digits, '.', '_' and '-'. "
            "The same id in the same batch is the same work: running it again continues it."
        ),
        examples=["welcome-01"],
    )
    topic: str | None = Field(
        default=None,
        title="Topic",
        description=(
            "What it is about, in any language. The text model writes the words from it. Leave "
            "empty when you give the words yourself."
        ),
        examples=["Why lighthouses still matter"],
    )
    text: str | None = Field(
        default=None,
        title="Text",
        description=(
            "The words as they are spoken, used as they stand, up to 9,999 characters. <#1.5#> is "
            "a pause of 1.5 seconds."
        ),
        examples=["Good morning! <#0.8#> Let me show you around."],
    )
    voice: str | None = Field(
        default=None,
        title="Voice",
        description=(
            "The id of a voice that was cloned before: `voice` in what a run returns, and in the "
            "report."
        ),
        examples=["voice-7f3a"],
    )
    voice_sample: str | None = Field(
        default=None,
        title="Voice sample",
        description=(
            f"Speech to clone the voice from: {_WHERE}. MP3, WAV, OGG, M4A or AAC, longer than 15 "
            "and shorter than 60 seconds. Leave empty when you give a voice."
        ),
        examples=["voices/anna.mp3"],
        repr=False,  # may be a presigned address
    )
    person: str | None = Field(
        default=None,
        title="Person",
        description=f"For a talking head: a video of the person who is to say it: {_WHERE}.",
        examples=["people/anna.mp4"],
        repr=False,
    )
    seconds: int | None = Field(
        default=None,
        title="Seconds",
        description="About how long the text model's words should take to say.",
        examples=[30],
    )
    language: str | None = Field(
        default=None,
        title="Language",
        description=(
            "Of the words. Empty: told from the text. The last of the list are spoken by sound "
            "version v2 only."
        ),
        json_schema_extra=_one_of(*LANGUAGES, *LANGUAGES_OF_V2),
    )
    emotion: str | None = Field(
        default=None,
        title="Emotion",
        description="How it is said. Empty: neutral.",
        json_schema_extra=_one_of(*EMOTIONS),
    )
    speed: float | None = Field(
        default=None, title="Speed", description="0.5 to 2; 1 is as usual.", examples=[1.1]
    )
    pitch: int | None = Field(
        default=None, title="Pitch", description="-12 to 12; 0 is as usual.", examples=[-1]
    )
    volume: float | None = Field(
        default=None, title="Volume", description="Above 0, up to 10; 1 is as usual.", examples=[1]
    )
    subtitles: bool = Field(
        default=False,
        title="Subtitles",
        description="Have the provider make subtitles of the speech, and land them beside it.",
    )
    tags: list[str] = Field(
        default_factory=list,
        title="Tags",
        description="Your own words to find it again.",
        examples=[["launch", "spring"]],
    )
    sound_version: str | None = Field(
        default=None,
        title="Sound version",
        description="v1 knows 24 languages, v2 knows 40. Empty: v1.",
        json_schema_extra=_one_of("v1", "v2"),
    )
    model_version: int | None = Field(
        default=None,
        title="Lip-sync version",
        description=(
            "For a talking head: 1 has clearer teeth, for close-ups; 2 is better in step. Empty: "
            "the provider's choice."
        ),
        json_schema_extra=_one_of(1, 2),
    )
    side_face: bool = Field(
        default=False,
        title="Side face",
        description="For a talking head: the face is seen from the side.",
    )
    tilted_face: bool = Field(
        default=False, title="Tilted face", description="For a talking head: the head is tilted."
    )
    text_model: str = Field(
        default="gpt-5.4",
        title="Text model",
        description="Writes the words from the topic.",
        json_schema_extra=models_that_make("text", "gpt-5.4"),
    )
    text_fallbacks: list[str] = Field(
        default_factory=list,
        title="Other text models",
        description=(
            "Models to ask in this order when the first one refuses and nothing was charged."
        ),
        examples=[["claude-haiku-4-5"]],
    )
    clone_model: str = Field(
        default="soundCloningClone",
        title="Clone model",
        description="Clones the voice. A model of the endpoint voice_clone.",
    )
    speech_model: str = Field(
        default="soundCloningAudio",
        title="Speech model",
        description="Speaks. A model of the endpoint speech.",
    )
    video_model: str = Field(
        default="kyy_digitalHuman",
        title="Talking head model",
        description="Moves the person's lips. A model of the endpoint digital_human.",
    )
    take: int = Field(
        default=1,
        ge=1,
        title="Take",
        description=(
            "1 is the first try. A higher number deliberately makes it again, the voice included, "
            "and is paid again."
        ),
    )

    @field_validator("text_model", mode="before")
    @classmethod
    def _drop_words(cls, value: object) -> object:
        return name_of(value)

    @field_validator("text_fallbacks", mode="before")
    @classmethod
    def _drop_words_of_each(cls, value: object) -> object:
        return [name_of(one) for one in value] if isinstance(value, list) else value

    @property
    def text_models(self) -> tuple[tuple[str, str], ...]:
        """Field and name of each text model that may be asked."""
        others = (("text_fallbacks", name) for name in self.text_fallbacks)
        return (("text_model", self.text_model), *others)


@dataclass(frozen=True)
class SpokenWork(Place):
    """A spoken brief under one batch."""

    brief: SpokenBrief
