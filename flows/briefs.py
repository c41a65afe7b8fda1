"""A brief: one thing to make. Its fields are the run form's fields and a file's columns."""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from flows.choices import name_of
from flows.form import left_to_the_model, models_that_make, plain_form, ratios

PROMPT_CAP = 5_000
"""Characters. Most models state no limit of their own; those that do stay at or below this."""

Makes = Literal["image", "video"]

# Control characters and halves of surrogate pairs: no model reads them, no JSON body carries them.
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_WHERE = (
    "an https:// address, an s3:// address, a key in the media bucket, or a path on the machine "
    "that runs the flow"
)


class Brief(BaseModel):
    """One thing to make: a topic, or prompts of its own, and how the result should be."""

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
        examples=["lighthouse-01"],
    )
    topic: str | None = Field(
        default=None,
        title="Topic",
        description=(
            "What it is about, in any language. The text model writes both prompts from it. "
            "Leave empty when you give the prompts yourself."
        ),
        examples=["A lighthouse on a cliff at dawn, waves below"],
        repr=False,  # of a private brief as well
    )
    image_prompt: str | None = Field(
        default=None,
        title="Image prompt",
        description="Your own prompt for the picture, used as it stands.",
        examples=["Lighthouse on a basalt cliff at dawn, soft mist, wide shot"],
        repr=False,
    )
    video_prompt: str | None = Field(
        default=None,
        title="Video prompt",
        description="Your own prompt for what moves, used as it stands.",
        examples=["The lamp turns, gulls circle, slow push in"],
        repr=False,
    )
    ratio: str = Field(
        default="16:9",
        title="Ratio",
        description="Width to height. Sora makes 16:9 and 9:16. What no model makes is refused.",
        json_schema_extra=ratios(),
    )
    seconds: int | None = Field(
        default=None,
        title="Seconds",
        description="Length of the video; Sora makes 4, 8 or 12. Empty: the model's default.",
        examples=[4],
    )
    image_model: str = Field(
        default="nano-banana-2",
        title="Image model",
        description=(
            "Makes the picture. After its name: ratios, resolutions, how long it takes, how it is "
            "billed. A plan (*Only plan* of a batch) says what it costs you."
        ),
        json_schema_extra=models_that_make("image", "nano-banana-2"),
    )
    video_model: str = Field(
        default="openAiSora2Plus",
        title="Video model",
        description=(
            "Makes the video. After its name: the seconds it makes, ratios, resolutions, how long "
            "it takes, how it is billed. The provider publishes no prices."
        ),
        json_schema_extra=models_that_make("video", "openAiSora2Plus"),
    )
    image: str | None = Field(
        default=None,
        title="Start image",
        description=(
            "An existing picture to start the video from, instead of making one: an https:// "
            "address, an s3:// address, or a key in the media bucket. A model that starts from no "
            "picture and takes reference pictures gets it as one."
        ),
        examples=["s3://my-bucket/products/shoe.png"],
        repr=False,  # may be a presigned address
    )
    last_image: str | None = Field(
        default=None,
        title="Last image",
        description=f"A picture for the video to end in: {_WHERE}.",
        examples=["products/shoe-boxed.png"],
        repr=False,
    )
    video: str | None = Field(
        default=None,
        title="Start video",
        description=(
            f"An existing video to edit, to go on from, or to imitate, by what the video model "
            f"does with a reference video: {_WHERE}. No picture is made beside it unless you give "
            "its prompt."
        ),
        examples=["s3://my-bucket/clips/walk.mp4"],
        repr=False,
    )
    reference_images: list[str] = Field(
        default_factory=list,
        title="Reference images",
        description=(
            "Pictures of who and what is to be seen, for the image model, and for the video model "
            f"if it takes them beside its picture. Each is {_WHERE}. In a file: separated by ';'."
        ),
        examples=[["products/shoe.png", "https://example.org/logo.png"]],
        repr=False,
    )
    reference_videos: list[str] = Field(
        default_factory=list,
        title="Reference videos",
        description=f"More videos for the video model. Each is {_WHERE}. In a file: by ';'.",
        examples=[["clips/dance.mp4"]],
        repr=False,
    )
    reference_audios: list[str] = Field(
        default_factory=list,
        title="Reference audio",
        description=f"Sound for the video model. Each is {_WHERE}. In a file: by ';'.",
        examples=[["music/theme.mp3"]],
        repr=False,
    )
    resolution: str | None = Field(
        default=None,
        title="Resolution",
        description=(
            "Such as 1k or 2k, for whichever of the image and the video model offers this choice. "
            "Empty: the model's own."
        ),
        examples=["1k"],
    )
    quality: str | None = Field(
        default=None,
        title="Quality",
        description="Such as low or high, for whichever model offers this choice.",
        examples=["high"],
    )
    sound: bool | None = Field(
        default=None,
        title="Sound",
        description="With or without a sound track, for video models with this switch.",
        json_schema_extra=left_to_the_model(),
    )
    tags: list[str] = Field(
        default_factory=list,
        title="Tags",
        description="Your own words to find it again. In a file: separated by ';' or ','.",
        examples=[["launch", "spring"]],
    )
    text_model: str = Field(
        default="gpt-5.4",
        title="Text model",
        description="Writes the prompts from the topic.",
        json_schema_extra=models_that_make("text", "gpt-5.4"),
    )
    image_fallbacks: list[str] = Field(
        default_factory=list,
        title="Other image models",
        description=(
            "Models to ask in this order when the first one refuses and nothing was charged. In a "
            "file: separated by ';' or ','."
        ),
        examples=[["nano-banana-pro"]],
    )
    video_fallbacks: list[str] = Field(
        default_factory=list,
        title="Other video models",
        description=(
            "Models to ask in this order when the first one refuses and nothing was charged. In a "
            "file: separated by ';' or ','."
        ),
        examples=[["veo_3_1_fast"]],
    )
    text_fallbacks: list[str] = Field(
        default_factory=list,
        title="Other text models",
        description=(
            "Models to ask in this order when the first one refuses and nothing was charged. In a "
            "file: separated by ';' or ','."
        ),
        examples=[["claude-haiku-4-5"]],
    )
    size: str | None = Field(
        default=None,
        pattern=r"^[1-9]\d*x[1-9]\d*$",
        title="Exact size",
        description=(
            "Pixels, width by height, instead of ratio and resolution, for whichever model offers "
            "this choice."
        ),
        examples=["2048x1152"],
    )
    seed: int | None = Field(
        default=None,
        title="Seed",
        description="The same number and request give a similar result, for models that take one.",
        examples=[7],
    )
    asset_review: bool = Field(
        default=False,
        title="Have pictures reviewed",
        description=(
            "The reference pictures show people: have them reviewed in the asset library of the "
            "video model first, where it has one."
        ),
    )
    private: SkipJsonSchema[bool] = Field(
        default=False,
        title="Private",
        description=(
            "Its topic and prompts are kept in its script and receipts in the bucket, and shown "
            "nowhere. For files only: Prefect keeps what is typed into a run."
        ),
    )
    take: int = Field(
        default=1,
        ge=1,
        title="Take",
        description=(
            "1 is the first try. A higher number deliberately makes it again, and is paid again."
        ),
    )

    @field_validator("image_model", "video_model", "text_model", mode="before")
    @classmethod
    def _drop_words(cls, value: object) -> object:
        return name_of(value)

    @field_validator("tags", "image_fallbacks", "video_fallbacks", "text_fallbacks", mode="before")
    @classmethod
    def _split_words(cls, value: object, field: ValidationInfo) -> object:
        if field.field_name != "tags" and isinstance(value, list):
            value = [name_of(one) for one in value]  # what it does may hold a comma
        return _split(value, "[;,]")

    @field_validator("reference_images", "reference_videos", "reference_audios", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return _split(value, ";")  # a web address may hold a comma


FIELDS: tuple[str, ...] = tuple(Brief.model_fields)
LIST_FIELDS = tuple(name for name, one in Brief.model_fields.items() if one.annotation == list[str])
"""Fields that hold several texts."""
MEDIA_FIELDS = (
    *("image", "last_image", "video"),
    *("reference_images", "reference_videos", "reference_audios"),
)
"""Fields that say where media lie. What they hold is never shown: it may be a presigned address."""


PRIVATE_FIELDS = ("topic", "image_prompt", "video_prompt")
"""What of a private brief is kept to its script and receipts."""


def unsendable(text: str) -> str | None:
    """Why a text cannot be sent anywhere, or None."""
    if not (hit := _UNSENDABLE.search(text)):
        return None
    code = ord(hit.group())
    if 0xDC80 <= code <= 0xDCFF:  # how an undecodable byte reads after "surrogateescape"
        return (
            f"Byte 0x{code - 0xDC00:02X} at character {hit.start() + 1} is not UTF-8. "
            'Save the file as "CSV UTF-8".'
        )
    return f"Character {hit.start() + 1} (U+{code:04X}) is not text."


def _split(value: object, separators: str) -> object:
    parts = re.split(separators, value) if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        return value
    return [word for part in parts if (word := part.strip())]
