"""The model center: one endpoint of v2 for many newer models."""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import MediaRequest
from globalaiopc.requests.checks import check_among
from globalaiopc.rows import ApiVersion, ModelRow

Switch = bool | Literal["true", "false"]
"""Integrators send either; a live call with a boolean was accepted, so that is what we send."""

_PIXELS = re.compile(r"[1-9]\d*x[1-9]\d*")
_MODES = ("frame", "image")


class ModelCenterRequest(MediaRequest):
    """POST /v2/model-center/tasks (integrators throughout: no page was seen).

    `duration` in seconds; `aspect_ratio` ("16:9") *or* `size` in pixels (MiniMax H3, Seedream), but
    Seedance 1.5 has its ratio under `size`; `resolution` in the model's exact spelling (720p, 720P,
    2k, 1440P). Frames are texts, references lists; most models take one or the other, all of them
    public URLs or, for Seedance, `assetId://id`. `reference_mode` (933, KlingO3) says what the
    pictures are: `frame` (the first, and the last) or `image`. `seed` -1 or 0 to 2147483647, by
    model. What a model takes is its row's to say; prompts are wanted by almost all.
    """

    endpoint: ClassVar[str] = "model_center"
    path: ClassVar[str] = "/v2/model-center/tasks"
    api: ClassVar[ApiVersion] = "v2"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "aspect_ratio",
        "resolution": "resolution",
        "size": "size",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "reference_images",
        "videos": "reference_videos",
        "audios": "reference_audios",
        "sound": "generate_audio",
        "seed": "seed",
    }
    needs_prompt: ClassVar[bool] = False
    asset_references: ClassVar[bool] = True
    last_frame_alone: ClassVar[bool] = True
    frames_beside_references: ClassVar[bool] = True

    prompt: str = ""
    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    size: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    reference_images: tuple[str, ...] = Field(default=(), repr=False)
    reference_videos: tuple[str, ...] = Field(default=(), repr=False)
    reference_audios: tuple[str, ...] = Field(default=(), repr=False)
    reference_mode: str | None = None
    generate_audio: Switch | None = None
    watermark: Switch | None = None
    face_processing: Switch | None = None
    audio_setting: str | None = None
    return_last_frame: Switch | None = None
    seed: int | None = None
    tools: tuple[JsonValue, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.size and self.aspect_ratio:
            raise InvalidRequest(
                "size says the shape as well: give it or aspect_ratio, not both.", field="size"
            )
        check_among(self.reference_mode, _MODES, "reference_mode")
        return self

    def _words(self, row: ModelRow | None) -> dict[str, object]:
        words = super()._words(None)
        if self.size and not _PIXELS.fullmatch(self.size):
            words["ratio"] = words.pop("size")
        if self.reference_mode == "frame" and self.reference_images:
            del words["images"]
            frames = zip(("first_frame", "last_frame"), self.reference_images, strict=False)
            words.update(dict(frames))
        for word, field in (row.spelling if row else {}).items():
            if field in self.extra and field not in type(self).model_fields:
                words[word] = self.extra[field]
        return words

    @classmethod
    def _spelt(cls, wish: Generation, row: ModelRow) -> dict[str, JsonValue]:
        fields = super()._spelt(wish, row)
        framed = bool(wish.first_frame or wish.last_frame)
        if row.reference_mode and (framed or wish.images):
            if framed and wish.images:
                raise InvalidRequest(
                    f"{row.name} takes its pictures as frames or as references, not both.",
                    field="images",
                )
            fields["reference_mode"] = "frame" if framed else "image"
        return fields
