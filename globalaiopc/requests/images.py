"""The image endpoints of v1."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.base import MediaRequest, check_addresses


class NanoBananaRequest(MediaRequest):
    """POST /v1/banana/images (docs: nano-banana-create).

    `size` is an aspect ratio such as "16:9" (that is what the API calls it); `resolution` is 1k,
    2k or 4k in lower case; `image_urls` are public http(s) URLs, at most 6.
    """

    endpoint: ClassVar[str] = "nano_banana"
    path: ClassVar[str] = "/v1/banana/images"
    spelling: ClassVar[Mapping[str, str]] = {
        "ratio": "size",
        "resolution": "resolution",
        "images": "image_urls",
    }

    size: str | None = None
    resolution: str | None = None
    image_urls: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if not self.prompt.strip():
            raise InvalidRequest("The prompt is empty.", field="prompt")
        check_addresses(self.image_urls, "image_urls")
        return self
