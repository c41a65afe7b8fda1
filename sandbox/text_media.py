"""What is shown to a text model is looked at: fetched or decoded, and refused when it cannot be."""

from __future__ import annotations

import asyncio
import base64
import binascii
from io import BytesIO

from PIL import Image

from sandbox.references import References, Unusable
from sandbox.text_asked import BadAsk, Shown

Size = tuple[int, int]


async def sizes(shown: tuple[Shown, ...], references: References) -> tuple[Size, ...]:
    """Width and height of each image in turn; `BadAsk` for one that cannot be used."""
    found = [await _size(one, references) for one in shown]
    return tuple(size for size in found if size is not None)


async def _size(one: Shown, references: References) -> Size | None:
    if one.url.startswith(("http://", "https://")):
        # A video would be watched by the real service; here it is enough that it was named.
        if not one.is_image:
            return None
        try:
            reference = await references.fetch(one.url)
        except Unusable as exc:
            raise BadAsk(f"Failed to download image: {exc}.", code="invalid_image_url") from exc
        return reference.width, reference.height
    return await asyncio.to_thread(_decoded, one)


def _decoded(one: Shown) -> Size | None:
    head, comma, payload = one.url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        raise BadAsk(
            "Invalid image: expected an http(s) URL or a base64 data URI.", code="invalid_image_url"
        )
    try:
        data = base64.b64decode(payload, validate=True)
        if not one.is_image:
            return None
        with Image.open(BytesIO(data)) as image:
            image.load()
            return image.size
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
        raise BadAsk("The image cannot be read.", code="invalid_image_format") from exc
