"""The video endpoints of v1, but for the Seedance and Happy Horse families."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import MediaRequest
from globalaiopc.requests.checks import check_count, check_one_of_two
from globalaiopc.rows import ModelRow

_MOST_SORA = 3


class SoraRequest(MediaRequest):
    """POST /v1/sora/videos (docs: sora-create).

    The shape is `size` in pixels ("1280x720") *or* `aspect_ratio` ("16:9"); the length is `seconds`
    *or* `duration` (4, 8 or 12): the docs accept one name of each pair, never both, and the body
    holds the one that was given. The reference image (at most one, exactly the output's pixels, no
    real people; an older page: three) is sent as a list in `input_reference`, under whichever of
    its two documented names it was given: it is the one that integrators send in production.
    """

    endpoint: ClassVar[str] = "sora"
    path: ClassVar[str] = "/v1/sora/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "seconds",
        "ratio": "aspect_ratio",
        "size": "size",
        "first_frame": "input_reference",
        "images": "image_urls",
    }
    aliases: ClassVar[Mapping[str, str]] = {"seconds": "duration"}

    prompt: str = ""
    size: str | None = None
    aspect_ratio: str | None = None
    seconds: int | None = None
    duration: int | None = None
    input_reference: tuple[str, ...] = Field(default=(), repr=False)
    image_urls: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        check_one_of_two(self.size, self.aspect_ratio, ("size", "aspect_ratio"))
        check_count(self.input_reference, _MOST_SORA, "input_reference")
        check_count(self.image_urls, _MOST_SORA, "image_urls")
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        references: list[JsonValue] = [*(self.input_reference or self.image_urls)]
        return self.with_extra(
            {
                "model": self.model,
                "prompt": self.prompt,
                "size": self.size,
                "aspect_ratio": self.aspect_ratio,
                "seconds": self.seconds,
                "duration": self.duration,
                "input_reference": references or None,
            }
        )

    def _words(self, row: ModelRow | None) -> dict[str, object]:
        words = super()._words(row)
        if len(self.input_reference) > 1:
            del words["first_frame"]
            words["images"] = self.input_reference
        return words

    @classmethod
    def of(cls, wish: Generation, row: ModelRow) -> Self:
        """The ratio is said in exact pixels where the row has them."""
        pixels = row.pixel_sizes.get(wish.ratio) if wish.ratio else None
        if pixels is not None:
            if wish.size not in (None, pixels):
                raise InvalidRequest(
                    f"{wish.size} is not {wish.ratio}: give only one of them.", field="size"
                )
            wish = wish.model_copy(update={"size": pixels, "ratio": None})
        return super().of(wish, row)


class VeoRequest(MediaRequest):
    """POST /v1/veo/videos (docs: veo-create). Always 8 s: there is no field for it.

    `aspect_ratio` 16:9 or 9:16, plain (an older page had a `-1080p` suffix); `resolution` 720p,
    1080p or 4k, no 4k on the stable models. Frames (`first_image`, and `last_image` beside it) *or*
    references (at most 3, under either of two names; not on `veo_3_1_fast_stable`).
    """

    endpoint: ClassVar[str] = "veo"
    path: ClassVar[str] = "/v1/veo/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "ratio": "aspect_ratio",
        "resolution": "resolution",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "input_reference",
    }
    aliases: ClassVar[Mapping[str, str]] = {"input_reference": "image_urls"}

    prompt: str = ""
    aspect_ratio: str | None = None
    resolution: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    input_reference: tuple[str, ...] = Field(default=(), repr=False)
    image_urls: tuple[str, ...] = Field(default=(), repr=False)


class ViduRequest(MediaRequest):
    """POST /v1/vidu/videos (docs: vidu-create).

    `duration` 1 to 16 s (5 when not said); `aspect_ratio` 16:9, 9:16, 1:1, 4:3, 3:4 (16:9);
    `resolution` 540p, 720p, 1080p (720p); `last_image` only beside `first_image`.
    """

    endpoint: ClassVar[str] = "vidu"
    path: ClassVar[str] = "/v1/vidu/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "aspect_ratio",
        "resolution": "resolution",
        "first_frame": "first_image",
        "last_frame": "last_image",
    }

    prompt: str = ""
    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)


class GrokRequest(MediaRequest):
    """POST /v1/grok/videos (docs: grok-create).

    `duration` in seconds and `resolution` (480p, 720p) are always sent where the row knows them:
    the pages disagree about what is taken when they are not (10 s at 720p, or 6 s at 480p).
    `image_urls`: at most 7 (max: 5); base64 only for `grok_video3` and `grok_video3_pro`.
    """

    endpoint: ClassVar[str] = "grok"
    path: ClassVar[str] = "/v1/grok/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "aspect_ratio",
        "resolution": "resolution",
        "images": "image_urls",
    }
    always: ClassVar[tuple[str, ...]] = ("seconds", "resolution")
    inline_media: ClassVar[bool] = True

    prompt: str = ""
    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    image_urls: tuple[str, ...] = Field(default=(), repr=False)


class StarVideosRequest(MediaRequest):
    """POST /v1/starvideos/videos (docs: starvideos-create).

    `starvideos_o3`: `duration` 3 to 15 s (3), `ratio` 9:16, 16:9, 1:1 (9:16), frames *or*
    `referenceImages` (at most 7, 4 beside a video) and `referenceVideos`, whose length and ratio
    the video then has. `starvideos_v3` (an older page) has `images` instead: the first frame, or
    the first and the last; it ignores further ones, so they are refused.
    """

    endpoint: ClassVar[str] = "starvideos"
    path: ClassVar[str] = "/v1/starvideos/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "referenceImages",
        "videos": "referenceVideos",
    }

    prompt: str = ""
    duration: int | None = None
    ratio: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    images: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _speaks_one_dialect(self) -> Self:
        check_count(self.images, 2, "images")
        for field in ("first_image", "last_image", "referenceImages", "referenceVideos"):
            if self.images and getattr(self, field):
                raise InvalidRequest(
                    f"images is the older name for frames: give it or {field}, not both.",
                    field="images",
                )
        return self

    def _words(self, row: ModelRow | None) -> dict[str, object]:
        words = super()._words(row)
        return {**words, **dict(zip(("first_frame", "last_frame"), self.images, strict=False))}


class VideosRequest(MediaRequest):
    """POST /v1/videos/videos (docs: videos-create).

    `duration` is required: 4 to 15 s, and the row's shortest where none is said; `ratio` 16:9,
    9:16, 1:1, and for `videos` 21:9, 4:3, 3:4; `resolution` 720p. Frames *or* references (audio: 3
    on `videos`, 1 on the stable ones). `image` and `lastFrameImage` are the frames' names in an
    older page. `autoFace` (integrators) is for `videos` only.
    """

    endpoint: ClassVar[str] = "videos"
    path: ClassVar[str] = "/v1/videos/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "resolution": "resolution",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "referenceImages",
        "videos": "referenceVideos",
        "audios": "referenceAudios",
    }
    aliases: ClassVar[Mapping[str, str]] = {"first_image": "image", "last_image": "lastFrameImage"}
    always: ClassVar[tuple[str, ...]] = ("seconds",)

    prompt: str = ""
    duration: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    image: str | None = Field(default=None, repr=False)
    lastFrameImage: str | None = Field(default=None, repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    referenceAudios: tuple[str, ...] = Field(default=(), repr=False)
    autoFace: bool | None = None

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.duration is None and "duration" not in self.extra:
            raise InvalidRequest("The length must be said here.", field="duration")
        return self


class SD2ManxueRequest(MediaRequest):
    """POST /v1/sd2_manxue/videos (docs: sd2-manxue-create).

    `duration` 4 to 15 s (5); `ratio` 21:9, 16:9, 4:3, 1:1, 3:4, 9:16 (16:9); the resolution is in
    the model's name. Frames *or* references (9 images, 3 videos, 3 audios), each a URL or
    `asset://id`; videos only with the `_video` models. `image` and `lastFrameImage` are the frames'
    names in an older page; both names with two values are a conflict there, so one is given.
    """

    endpoint: ClassVar[str] = "sd2_manxue"
    path: ClassVar[str] = "/v1/sd2_manxue/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "referenceImages",
        "videos": "referenceVideos",
        "audios": "referenceAudios",
    }
    aliases: ClassVar[Mapping[str, str]] = {"first_image": "image", "last_image": "lastFrameImage"}
    asset_references: ClassVar[bool] = True

    prompt: str = ""
    duration: int | None = None
    ratio: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    image: str | None = Field(default=None, repr=False)
    lastFrameImage: str | None = Field(default=None, repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    referenceAudios: tuple[str, ...] = Field(default=(), repr=False)


class LuxVidRequest(MediaRequest):
    """POST /v1/luxvid-video/videos (docs: luxvid-create).

    `prompt` up to 1,500 characters, which may cite `@图片1`, `@视频1`, `@音频1`; `duration` 1 to
    15 s (5); `ratio` 1:1, 3:4, 4:3, 9:16, 16:9, 21:9 (16:9); `resolution` 720p. `first_image`
    and/or `last_image` (which may stand alone here) *or* references: 9 images, 3 videos, audios.
    """

    endpoint: ClassVar[str] = "luxvid"
    path: ClassVar[str] = "/v1/luxvid-video/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "resolution": "resolution",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "referenceImages",
        "videos": "referenceVideos",
        "audios": "referenceAudios",
    }
    last_frame_alone: ClassVar[bool] = True

    prompt: str = ""
    duration: int | None = None
    ratio: str | None = None
    resolution: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    referenceAudios: tuple[str, ...] = Field(default=(), repr=False)


class OmniFlashRequest(MediaRequest):
    """POST /v1/omni-flash/videos (docs: omni-flash-create).

    `seconds` is the text "10" and nothing else (an integrator sends `duration` as a number instead;
    either is taken here); `aspect_ratio` 16:9 or 9:16 (16:9); `resolution` 720p. `first_image_url`,
    alone or with `last_image_url`, *or* `images` (older name `referenceImages`). `input_video` is
    one public URL, never base64, and makes it a video after that video.
    """

    endpoint: ClassVar[str] = "omni_flash"
    path: ClassVar[str] = "/v1/omni-flash/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "seconds",
        "ratio": "aspect_ratio",
        "resolution": "resolution",
        "first_frame": "first_image_url",
        "last_frame": "last_image_url",
        "images": "images",
        "videos": "input_video",
    }
    aliases: ClassVar[Mapping[str, str]] = {"seconds": "duration", "images": "referenceImages"}

    prompt: str = ""
    seconds: str | None = None
    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    input_video: str | None = Field(default=None, repr=False)
    first_image_url: str | None = Field(default=None, repr=False)
    last_image_url: str | None = Field(default=None, repr=False)
    images: tuple[str, ...] = Field(default=(), repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)

    @field_validator("seconds", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value
