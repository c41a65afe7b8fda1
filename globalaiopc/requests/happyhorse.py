"""Happy Horse: one endpoint for each way of asking."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.base import MediaRequest
from globalaiopc.requests.checks import check_among, check_count, check_within

_HIGHEST_SEED = 2**31 - 1


class HappyHorseRequest(MediaRequest):
    """What the four share.

    `prompt` up to 2,500 Chinese or 5,000 other characters; `resolution` 720P (when not said) or
    1080P, with a capital P; `seed` 0 to 2147483647.
    """

    prompt: str = ""
    resolution: str | None = None
    seed: int | None = None

    @model_validator(mode="after")
    def _seed_fits(self) -> Self:
        check_within(self.seed, 0, _HIGHEST_SEED, "seed")
        return self


class HappyHorseT2VRequest(HappyHorseRequest):
    """POST /v1/happyhorse-t2v/videos (docs: happyhorse-t2v-create).

    `duration` 3 to 15 s (5); `ratio` 16:9 (when not said), 9:16, 1:1, 4:3, 3:4, 4:5, 5:4, 9:21,
    21:9.
    """

    endpoint: ClassVar[str] = "happyhorse_t2v"
    path: ClassVar[str] = "/v1/happyhorse-t2v/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "resolution": "resolution",
        "seed": "seed",
    }

    duration: int | None = None
    ratio: str | None = None


class HappyHorseI2VRequest(HappyHorseRequest):
    """POST /v1/happyhorse-i2v/videos (docs: happyhorse-i2v-create).

    `first_image` is required: a public URL, no base64, of a JPEG, PNG or WEBP of at least 300 px,
    width/height 0.4 to 2.5, up to 20 MB. The ratio is the picture's. `duration` 3 to 15 s (5).
    """

    endpoint: ClassVar[str] = "happyhorse_i2v"
    path: ClassVar[str] = "/v1/happyhorse-i2v/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "resolution": "resolution",
        "seed": "seed",
        "first_frame": "first_image",
    }

    duration: int | None = None
    first_image: str = Field(default="", repr=False)

    @model_validator(mode="after")
    def _starts_from_a_picture(self) -> Self:
        if not self.first_image:
            raise InvalidRequest("A picture to start from is needed.", field="first_image")
        return self


class HappyHorseR2VRequest(HappyHorseRequest):
    """POST /v1/happyhorse-r2v/videos (docs: happyhorse-r2v-create).

    `referenceImages`: 1 to 9, short side at least 400 px, up to 20 MB each; the prompt may cite
    `[Image 1]`. `duration` and `ratio` as at t2v.
    """

    endpoint: ClassVar[str] = "happyhorse_r2v"
    path: ClassVar[str] = "/v1/happyhorse-r2v/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "resolution": "resolution",
        "seed": "seed",
        "images": "referenceImages",
    }

    duration: int | None = None
    ratio: str | None = None
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _has_a_reference(self) -> Self:
        if not self.referenceImages:
            raise InvalidRequest("At least one reference image is needed.", field="referenceImages")
        return self


class HappyHorseEditRequest(HappyHorseRequest):
    """POST /v1/happyhorse-edit/videos (docs: happyhorse-edit-create).

    `referenceVideos`: exactly one, MP4 or MOV, 3 to 60 s, long side up to 4096 px and short side
    at least 360, 100 MB, over 8 fps; length and ratio are the video's. `referenceImages`: up to 5.
    `audioSetting`: auto (when not said), or origin to keep the video's sound.
    """

    endpoint: ClassVar[str] = "happyhorse_edit"
    path: ClassVar[str] = "/v1/happyhorse-edit/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "resolution": "resolution",
        "seed": "seed",
        "images": "referenceImages",
        "videos": "referenceVideos",
    }

    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    audioSetting: str | None = None

    @model_validator(mode="after")
    def _edits_one_video(self) -> Self:
        if not self.referenceVideos:
            raise InvalidRequest("The video to edit is needed.", field="referenceVideos")
        check_count(self.referenceVideos, 1, "referenceVideos")
        check_among(self.audioSetting, ("auto", "origin"), "audioSetting")
        return self
