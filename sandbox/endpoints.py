"""The table of media endpoints: one row says how its requests are spelt, answered and priced.

Source of the shapes: the provider's create and query pages, and what integrators saw live.
A further endpoint is a further row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sandbox.asked import Asked

# What the image models answer at 1k. None of it is a video size: whoever hands an image on to a
# video model has to fit it first.
IMAGE_SIZES: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "16:9": (1376, 768),
    "9:16": (768, 1376),
    "4:3": (1200, 896),
    "3:4": (896, 1200),
    "3:2": (1264, 848),
    "2:3": (848, 1264),
    "5:4": (1152, 928),
    "4:5": (928, 1152),
    "21:9": (1584, 672),
}
RESOLUTION_FACTORS = {"1k": 1, "2k": 2, "4k": 4}


@dataclass(frozen=True)
class Endpoint:
    """One paid media endpoint.

    A tuple of field names lists spellings of one thing: giving two of them is an error.
    """

    name: str
    path: str
    kind: str
    id_prefix: str
    created_object: str
    result_object: str
    url_fields: tuple[str, ...]
    price: Callable[[Asked], Decimal]
    ratio_fields: tuple[str, ...] = ()
    seconds_fields: tuple[str, ...] = ()
    reference_fields: tuple[str, ...] = ()
    resolution_fields: tuple[str, ...] = ()
    exact_reference: bool = False
    """A reference image must have exactly the pixel size of the output."""


def _banana_price(asked: Asked) -> Decimal:
    return Decimal("0.12") * RESOLUTION_FACTORS.get(asked.resolution or "1k", 1)


def _sora_price(asked: Asked) -> Decimal:
    per_second = Decimal("0.30") if asked.model.endswith("Pro") else Decimal("0.10")
    return per_second * asked.seconds


ENDPOINTS = (
    Endpoint(
        name="banana",
        path="/v1/banana/images",
        kind="image",
        id_prefix="image_",
        created_object="nanobanana",
        result_object="image.generation",
        url_fields=("image_url",),
        price=_banana_price,
        ratio_fields=("size",),
        reference_fields=("image_urls",),
        resolution_fields=("resolution",),
    ),
    Endpoint(
        name="sora",
        path="/v1/sora/videos",
        kind="video",
        id_prefix="sora_",
        created_object="video.generation",
        result_object="video.generation",
        url_fields=("video_url",),
        price=_sora_price,
        ratio_fields=("size", "aspect_ratio"),
        seconds_fields=("duration", "seconds"),
        reference_fields=("input_reference", "image_urls"),
        exact_reference=True,
    ),
)
