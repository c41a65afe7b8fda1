"""The image endpoints of v1."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import MediaRequest
from globalaiopc.rows import ModelRow


class NanoBananaRequest(MediaRequest):
    """POST /v1/banana/images (docs: nano-banana-create).

    `size` is an aspect ratio such as "16:9" (that is what the API calls it); `resolution` is 1k,
    2k or 4k in lower case; `image_urls` are public http(s) URLs, at most 6, and the way to edit a
    picture. The pages disagree about who honours 2k and 4k: 4k only the pro models.
    """

    endpoint: ClassVar[str] = "nano_banana"
    path: ClassVar[str] = "/v1/banana/images"
    spelling: ClassVar[Mapping[str, str]] = {
        "ratio": "size",
        "resolution": "resolution",
        "images": "image_urls",
    }

    prompt: str = ""
    size: str | None = None
    resolution: str | None = None
    image_urls: tuple[str, ...] = Field(default=(), repr=False)


class GPTImage2Request(MediaRequest):
    """POST /v1/image2/images (docs: gpt-image2-create).

    The shape is `size` in pixels ("2048x1152"), *or* `ratio` ("16:9") with `resolution` (1k, 2k,
    4k): the last two go together, and `size` wins over them (integrators), so both are refused.
    `quality` is low, medium or high, low when it is not said; `gpt-image-2-r` ignores it (docs) and
    `gpt-image-2-o` takes no `size` (integrators). `image_urls`: 6 references, `-r` 16.
    """

    endpoint: ClassVar[str] = "gpt_image_2"
    path: ClassVar[str] = "/v1/image2/images"
    spelling: ClassVar[Mapping[str, str]] = {
        "ratio": "ratio",
        "resolution": "resolution",
        "size": "size",
        "quality": "quality",
        "images": "image_urls",
    }

    prompt: str = ""
    quality: str | None = None
    resolution: str | None = None
    ratio: str | None = None
    size: str | None = None
    image_urls: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _says_its_shape_once(self) -> Self:
        for field in ("ratio", "resolution"):
            if self.size and getattr(self, field):
                raise InvalidRequest(
                    f"size is in pixels and says the {field} as well: give only one of them.",
                    field=field,
                )
        if self.ratio and not self.resolution:
            raise InvalidRequest(
                "ratio goes together with resolution.", field="resolution", allowed="1k, 2k, 4k"
            )
        return self

    @classmethod
    def of(cls, wish: Generation, row: ModelRow) -> Self:
        """A ratio alone gets the smallest resolution of the row beside it."""
        if wish.ratio and not (wish.resolution or wish.size) and row.resolutions:
            smallest = row.default_resolution or row.resolutions[0]
            wish = wish.model_copy(update={"resolution": smallest})
        return super().of(wish, row)
