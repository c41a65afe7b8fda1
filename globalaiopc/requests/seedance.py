"""The Seedance family at v1: five endpoints, four of which take their media in `content[]`."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import MediaRequest
from globalaiopc.requests.checks import check_addresses, check_count, check_frames, check_said
from globalaiopc.requests.parts import ROLES, ContentPart
from globalaiopc.rows import ModelRow

VIDEO_SUFFIX = "_with_video_ref"


class Seedance20Request(MediaRequest):
    """POST /v1/kyyvideo2/videos (docs: seedance2-create; older names: kyyvideo2-create).

    `duration` 4 to 15 s (5). `first_image` and `last_image` (which needs the first) *or* references
    (9 images, 3 videos, 3 audios: as in the other Seedance pages), each a URL or `asset://id`:
    pictures of 300 to 6000 px and width/height 0.4 to 2.5, videos of 480p or 720p, WAV or MP3.
    `seedance_2_0` and `seedance_2_0_fast` work only with a reference video. `generateAudio` asks
    for a sound track.
    """

    endpoint: ClassVar[str] = "seedance_2_0"
    path: ClassVar[str] = "/v1/kyyvideo2/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "aspect_ratio",
        "first_frame": "first_image",
        "last_frame": "last_image",
        "images": "referenceImages",
        "videos": "referenceVideos",
        "audios": "referenceAudios",
        "sound": "generateAudio",
    }
    asset_references: ClassVar[bool] = True

    prompt: str = ""
    duration: int | None = None
    aspect_ratio: str | None = None
    first_image: str | None = Field(default=None, repr=False)
    last_image: str | None = Field(default=None, repr=False)
    referenceImages: tuple[str, ...] = Field(default=(), repr=False)
    referenceVideos: tuple[str, ...] = Field(default=(), repr=False)
    referenceAudios: tuple[str, ...] = Field(default=(), repr=False)
    generateAudio: bool | None = None


class ContentRequest(MediaRequest):
    """What the endpoints with `content[]` share: exactly one text, and media with their roles.

    A last frame needs a first, frames and references do not mix, and audio is not alone.
    """

    roles: ClassVar[tuple[str, ...]] = tuple(ROLES.values())
    needs_media: ClassVar[bool] = False
    prompt_field: ClassVar[str] = "content"
    needs_prompt: ClassVar[bool] = False
    asset_references: ClassVar[bool] = True

    content: tuple[ContentPart, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _content_fits(self) -> Self:
        for number, part in enumerate(self.content, start=1):
            if not part.agrees_with_itself:
                raise InvalidRequest(
                    f"Part {number} of content does not hold what its type and role say.",
                    field="content",
                )
            if part.plays not in ("text", *self.roles):
                raise InvalidRequest(
                    f"{self.endpoint} has no role {part.plays}.",
                    field=part.plays,
                    allowed=", ".join(self.roles),
                )
        texts = [part.text or "" for part in self.content if part.type == "text"]
        check_said("".join(texts), "text")
        check_count(texts, 1, "text")
        self._check_roles({role: self._addresses(role) for role in ROLES.values()})
        return self

    def _check_roles(self, media: Mapping[str, tuple[str, ...]]) -> None:
        for role, addresses in media.items():
            check_addresses(addresses, role, assets=self.asset_references)
            if not role.startswith("reference"):
                check_count(addresses, 1, role)
        references = {role: media[role] for role in media if role.startswith("reference")}
        check_frames(
            first=("first_frame", media["first_frame"]),
            last=("last_frame", media["last_frame"]),
            references=references,
        )
        seen = any(addresses for role, addresses in media.items() if role != "reference_audio")
        if media["reference_audio"] and not seen:
            raise InvalidRequest(
                "Reference audio is taken only beside a picture or video.", field="reference_audio"
            )
        if self.needs_media and not seen:
            raise InvalidRequest(
                f"{self.endpoint} makes nothing of text alone: it wants a frame or a reference.",
                field="reference_image",
            )

    def _addresses(self, role: str) -> tuple[str, ...]:
        return tuple(part.address for part in self.content if part.plays == role)

    def _words(self, row: ModelRow | None) -> dict[str, object]:
        words = super()._words(row)
        words["prompt"] = "".join(part.text or "" for part in self.content)
        for word, role in ROLES.items():
            if addresses := self._addresses(role):
                words[word] = addresses[0] if word.endswith("_frame") else addresses
        return words

    @classmethod
    def _spelt(cls, wish: Generation, row: ModelRow) -> dict[str, JsonValue]:
        taken = {word for word, role in ROLES.items() if role in cls.roles}
        nothing = {word: () if word.endswith("s") else None for word in taken}
        rest = wish.model_copy(update={"prompt": "", **nothing})
        parts = [ContentPart.of_text(wish.prompt)] + [
            ContentPart.of_medium(address, ROLES[word])
            for word, address in wish.media()
            if word in taken
        ]
        content: list[JsonValue] = [part.model_dump(exclude_none=True) for part in parts]
        return {**super()._spelt(rest, row), "content": content}

    @classmethod
    def _word_of(cls, field: str, words: Mapping[str, str]) -> str:
        by_role: dict[str, str] = {role: word for word, role in ROLES.items()}
        return {**by_role, "text": "prompt", "content": "prompt"}.get(
            field, super()._word_of(field, words)
        )


class Seedance15Request(ContentRequest):
    """POST /v1/seedance/videos (docs: seedance-create).

    `content`: one text (500 Chinese characters or 1,000 English words) and pictures as
    `first_frame`, `last_frame`, or 1 to 4 `reference_image`, which the page ties to 1.0 lite.
    `ratio` 16:9, 4:3, 1:1, 3:4, 9:16, 21:9, adaptive; `duration` 4 to 12 s (5), or -1 for as long
    as the model likes. The resolution is in the model's name. `generate_audio` is what integrators
    send; the page says that the models make sound.
    """

    endpoint: ClassVar[str] = "seedance_1_5"
    path: ClassVar[str] = "/v1/seedance/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "sound": "generate_audio",
    }
    roles: ClassVar[tuple[str, ...]] = ("first_frame", "last_frame", "reference_image")
    asset_references: ClassVar[bool] = False

    ratio: str | None = None
    duration: int | None = None
    generate_audio: bool | None = None


class SeedanceX1Request(ContentRequest):
    """POST /v1/seedance-x1/videos (docs: seedance-x1-create).

    `content`: exactly one text and at least one picture or reference, each a URL or an asset id.
    `resolution` 480p, 720p, 1080p (720p); `ratio` 21:9, 16:9, 4:3, 1:1, 3:4, 9:16 (16:9);
    `duration` 4 to 15 s (5).
    """

    endpoint: ClassVar[str] = "seedance_x1"
    path: ClassVar[str] = "/v1/seedance-x1/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "resolution": "resolution",
    }
    needs_media: ClassVar[bool] = True

    resolution: str | None = None
    ratio: str | None = None
    duration: int | None = None


_UNSUPPORTED = (
    *("callback_url", "priority", "safety_identifier", "service_tier", "execution_expires_after"),
    *("frames", "camera_fixed", "watermark", "draft"),
)


class SeedanceSpecialRequest(ContentRequest):
    """POST /v1/seedance-special/videos (integrators: no page was seen).

    The resolution is part of the model's name and not sent, and the name ends in `_with_video_ref`
    exactly when there is a reference video. `content`: one text, and frames *or* at most 9 images,
    3 videos, 3 audios (audio not alone), each a URL or `assetId://id`. `ratio` 16:9, 4:3, 1:1, 3:4,
    9:16, 21:9, adaptive; `duration` 4 to 15 s; `seed` -1 is random; `return_last_frame` asks for
    the picture that it ends with. What is known not to be supported is refused in `extra` as well.
    """

    endpoint: ClassVar[str] = "seedance_special"
    path: ClassVar[str] = "/v1/seedance-special/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "duration",
        "ratio": "ratio",
        "sound": "generate_audio",
        "seed": "seed",
    }

    ratio: str | None = None
    duration: int | None = None
    generate_audio: bool | None = None
    return_last_frame: bool | None = None
    seed: int | None = None
    tools: tuple[JsonValue, ...] = ()

    @property
    def catalogue_name(self) -> str:
        """The name without the suffix of a reference video."""
        return self.model.removesuffix(VIDEO_SUFFIX)

    @model_validator(mode="after")
    def _name_and_videos_agree(self) -> Self:
        right = self.catalogue_name + (VIDEO_SUFFIX if self._addresses("reference_video") else "")
        if self.model != right:
            raise InvalidRequest(
                f"The model's name ends in {VIDEO_SUFFIX} exactly when there is a reference video.",
                field="model",
                allowed=right,
            )
        for field in _UNSUPPORTED:
            if field in self.extra:
                raise InvalidRequest(f"{self.endpoint} does not support {field}.", field=field)
        return self

    @classmethod
    def _wire_name(cls, wish: Generation, row: ModelRow) -> str:
        return row.name.removesuffix(VIDEO_SUFFIX) + VIDEO_SUFFIX if wish.videos else row.name


class SeedanceDiscountRequest(SeedanceSpecialRequest):
    """POST /v1/seedance-discount/videos (integrators: no page was seen). All as `special`."""

    endpoint: ClassVar[str] = "seedance_discount"
    path: ClassVar[str] = "/v1/seedance-discount/videos"
