"""A brief: one thing to make. Its fields are the run form's fields and a file's columns."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.errors import BriefProblem, shown
from flows.form import models_that_make, plain_form, ratios
from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.errors import InvalidRequest
from ledger.receipt import RESERVED_BRIEF_IDS, check_asked, check_id

PROMPT_CAP = 5_000
"""Characters. Most models state no limit of their own; those that do stay at or below this."""

Makes = Literal["image", "video"]

# Control characters and halves of surrogate pairs: no model reads them, no JSON body carries them.
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_IMAGE_SCHEMES = ("https://", "http://", "s3://")


class Brief(BaseModel):
    """One thing to make: a topic, or prompts of its own, and how the result should be."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
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
    )
    image_prompt: str | None = Field(
        default=None,
        title="Image prompt",
        description="Your own prompt for the picture, used as it stands.",
        examples=["Lighthouse on a basalt cliff at dawn, soft mist, wide shot"],
    )
    video_prompt: str | None = Field(
        default=None,
        title="Video prompt",
        description="Your own prompt for what moves, used as it stands.",
        examples=["The lamp turns, gulls circle, slow push in"],
    )
    image: str | None = Field(
        default=None,
        title="Start image",
        description=(
            "An existing picture to start the video from, instead of making one: an https:// "
            "address, an s3:// address, or a key in the media bucket."
        ),
        examples=["s3://my-bucket/products/shoe.png"],
        repr=False,  # may be a presigned address
    )
    image_model: str = Field(
        default="nano-banana-2",
        title="Image model",
        description="Makes the picture.",
        json_schema_extra=models_that_make("image"),
    )
    video_model: str = Field(
        default="openAiSora2Plus",
        title="Video model",
        description="Makes the video.",
        json_schema_extra=models_that_make("video"),
    )
    text_model: str = Field(
        default="gpt-5.4",
        title="Text model",
        description="Writes the prompts from the topic.",
        json_schema_extra=models_that_make("text"),
    )
    ratio: str = Field(
        default="16:9",
        title="Ratio",
        description="Width to height. Sora makes 16:9 and 9:16.",
        json_schema_extra=ratios(),
    )
    seconds: int | None = Field(
        default=None,
        title="Seconds",
        description="Length of the video; Sora makes 4, 8 or 12. Empty: the model's shortest.",
        examples=[4],
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
    tags: list[str] = Field(
        default_factory=list,
        title="Tags",
        description="Your own words to find it again. In a file: separated by ';' or ','.",
        examples=[["launch", "spring"]],
    )
    take: int = Field(
        default=1,
        ge=1,
        title="Take",
        description=(
            "1 is the first try. A higher number deliberately makes it again, and is paid again."
        ),
    )

    @field_validator("tags", mode="before")
    @classmethod
    def _split_tags(cls, value: object) -> object:
        parts = re.split("[;,]", value) if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            return value
        return [tag for part in parts if (tag := part.strip())]


FIELDS: tuple[str, ...] = tuple(Brief.model_fields)
_PROMPTS = ("topic", "image_prompt", "video_prompt")


def validate_brief(
    brief: Brief,
    catalogue: Catalogue,
    *,
    makes: Makes = "video",
    row: int | None = None,
    line: int | None = None,
) -> list[BriefProblem]:
    """Everything that is wrong with a brief, before anything is spent; empty when it can be made.

    `makes` says what the flow makes of it: a brief for `text_to_image` needs neither a video prompt
    nor a video model.
    """
    found = [
        *_id_problems(brief),
        *_text_problems(brief),
        *_content_problems(brief, makes),
        *_model_problems(brief, catalogue, makes),
    ]
    where = {"id": brief.id, "row": row, "line": line}
    return [problem.model_copy(update=where) for problem in found]


def resolution_for(brief: Brief, row: ModelRow) -> str | None:
    """The brief's resolution if this model offers it; the other model was meant otherwise."""
    return brief.resolution if brief.resolution in row.resolutions else None


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


def _id_problems(brief: Brief) -> Iterator[BriefProblem]:
    try:
        check_id(brief.id, "id")
    except InvalidRequest as exc:
        yield BriefProblem(field="id", message=exc.message, allowed=exc.allowed)
    if brief.id in RESERVED_BRIEF_IDS:
        yield BriefProblem(field="id", message=f"{brief.id} is the name of the batch's own file.")


def _text_problems(brief: Brief) -> Iterator[BriefProblem]:
    texts = {field: getattr(brief, field) or "" for field in (*_PROMPTS, "image")}
    for field, text in [*texts.items(), *(("tags", tag) for tag in brief.tags)]:
        if why := unsendable(text):
            yield BriefProblem(field=field, message=why)
    for field in _PROMPTS:
        try:
            # What is asked for is kept in the bucket for others to read.
            check_asked({field: texts[field]})
        except InvalidRequest as exc:
            yield BriefProblem(field=field, message=exc.message, allowed=exc.allowed)
    if len(texts["topic"]) > PROMPT_CAP:
        yield _too_long("topic", len(texts["topic"]), PROMPT_CAP)


def _content_problems(brief: Brief, makes: Makes) -> Iterator[BriefProblem]:
    if brief.image and (why := _bad_image(brief.image)):
        yield BriefProblem(
            field="image", message=why, allowed="https://…, s3://bucket/key, or a key in the bucket"
        )
    if brief.topic:
        return
    if makes == "image" and not brief.image_prompt:
        yield BriefProblem(
            field="topic", message="The prompt is empty: give topic or image_prompt."
        )
    if makes == "video" and not brief.video_prompt:
        yield BriefProblem(
            field="video_prompt" if brief.image_prompt else "topic",
            message="The prompt is empty: give topic, or image_prompt and video_prompt.",
        )
    elif makes == "video" and not (brief.image_prompt or brief.image):
        yield BriefProblem(
            field="image_prompt",
            message="There is a video_prompt but no picture: give topic, image_prompt or image.",
        )


def _bad_image(image: str) -> str | None:
    # The address itself stays out of the message: it may be presigned.
    if image.startswith(_IMAGE_SCHEMES):
        bare = image.split("://", 1)[1]
        return None if bare.strip("/") else "The address names no picture."
    if ":" in image.split("/", 1)[0]:
        return "This kind of address cannot be fetched by the provider."
    if image.startswith("/") or ".." in image.split("/"):
        return "This is a path on one machine; upload the picture and give its key."
    return None


def _model_problems(brief: Brief, catalogue: Catalogue, makes: Makes) -> Iterator[BriefProblem]:
    if brief.topic:
        yield from _lookup(catalogue, "text_model", brief.text_model, "text")[1]
    rows: list[ModelRow] = []
    if makes == "image" or not brief.image:
        row, problems = _lookup(catalogue, "image_model", brief.image_model, "image")
        yield from problems
        if row:
            rows.append(row)
            yield from _prompt_problem("image_prompt", brief.image_prompt, row)
    if makes == "video":
        row, problems = _lookup(catalogue, "video_model", brief.video_model, "video")
        yield from problems
        if row:
            rows.append(row)
            yield from _prompt_problem("video_prompt", brief.video_prompt, row)
            if brief.seconds is not None:
                yield from _choice("seconds", brief.seconds, row.seconds, row.name)
    for row in rows:
        if row.ratios:  # a model without a choice of ratio is not told one
            yield from _choice("ratio", brief.ratio, row.ratios, row.name)
    if brief.resolution and rows:
        offered = tuple(dict.fromkeys(choice for row in rows for choice in row.resolutions))
        names = " or ".join(row.name for row in rows)
        yield from _choice("resolution", brief.resolution, offered, names)


def _lookup(
    catalogue: Catalogue, field: str, name: str, makes: Literal["text", "image", "video"]
) -> tuple[ModelRow | None, list[BriefProblem]]:
    try:
        row = catalogue.model(name)
    except InvalidRequest as exc:
        return None, [BriefProblem(field=field, message=exc.message, allowed=exc.allowed)]
    if row.makes != makes:
        message = f"{name} makes {row.makes}, and {field} has to make {makes}."
        return None, [BriefProblem(field=field, message=message)]
    return row, []


def _prompt_problem(field: str, prompt: str | None, row: ModelRow) -> Iterator[BriefProblem]:
    limit = min(row.prompt_limit or PROMPT_CAP, PROMPT_CAP)
    if prompt and len(prompt) > limit:
        yield _too_long(field, len(prompt), limit)


def _too_long(field: str, length: int, limit: int) -> BriefProblem:
    message = f"The text has {length:,} characters."
    return BriefProblem(field=field, message=message, allowed=f"at most {limit:,}")


def _choice(
    field: str, value: str | int, allowed: tuple[str, ...] | tuple[int, ...], model: str
) -> Iterator[BriefProblem]:
    if value in allowed:
        return
    if not allowed:
        message = f"{model} has no choice of {field}; leave it empty."
        yield BriefProblem(field=field, message=message)
        return
    yield BriefProblem(
        field=field,
        message=f"{shown(value)} is not possible for {model}.",
        allowed=", ".join(str(choice) for choice in allowed),
    )
