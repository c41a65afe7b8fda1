"""The video endpoints of v1."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import MediaRequest, check_addresses
from globalaiopc.rows import ModelRow


class SoraRequest(MediaRequest):
    """POST /v1/sora/videos (docs: sora-create).

    The shape is `size` in pixels ("1280x720") *or* `aspect_ratio` ("16:9"); the length is `seconds`
    *or* `duration` (4, 8 or 12): the docs accept one name of each pair, never both, and the body
    holds the one that was given. The reference image (at most one, exactly the output's pixels)
    is sent as a list in `input_reference`: of the two documented names it is the one that
    integrators send in production; `image_urls` must then be absent.
    """

    endpoint: ClassVar[str] = "sora"
    path: ClassVar[str] = "/v1/sora/videos"
    spelling: ClassVar[Mapping[str, str]] = {
        "seconds": "seconds",
        "ratio": "aspect_ratio",
        "size": "size",
        "images": "image_urls",
    }

    size: str | None = None
    aspect_ratio: str | None = None
    seconds: int | None = None
    duration: int | None = None
    image_urls: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        if not self.prompt.strip():
            raise InvalidRequest("The prompt is empty.", field="prompt")
        check_addresses(self.image_urls, "image_urls")
        for one, other in (("size", "aspect_ratio"), ("seconds", "duration")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise InvalidRequest(
                    f"{one} and {other} are two names for one thing: give only one of them.",
                    field=other,
                )
        if len(self.image_urls) > 1:
            raise InvalidRequest(
                f"Sora takes one reference image, {len(self.image_urls)} were given.",
                field="image_urls",
                allowed="at most 1",
            )
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        return self.with_extra(
            {
                "model": self.model,
                "prompt": self.prompt,
                "size": self.size,
                "aspect_ratio": self.aspect_ratio,
                "seconds": self.seconds,
                "duration": self.duration,
                "input_reference": list(self.image_urls) if self.image_urls else None,
            }
        )

    def wish(self) -> Generation:
        """The request in neutral words."""
        neutral = super().wish()
        return neutral.model_copy(update={"seconds": self.seconds or self.duration})

    @classmethod
    def of(cls, wish: Generation, row: ModelRow) -> Self:
        """A first frame is Sora's reference image, and the ratio is said in exact pixels."""
        first, ratio = wish.first_frame, wish.ratio
        pixels = row.pixel_sizes.get(ratio) if ratio else None
        changed = wish.model_copy(
            update={
                "images": (first,) if first else wish.images,
                "first_frame": None,
                "size": wish.size or pixels,
                "ratio": None if wish.size or pixels else ratio,
            }
        )
        return super().of(changed, row)
