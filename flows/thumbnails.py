"""Small pictures for pages in Prefect's UI: JPEGs in `data:` addresses.

Nothing links to the bucket: a presigned address is a secret, and a page with one dies with it.
"""

import asyncio
import base64
import io

from PIL import Image, ImageOps

from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore
from tasks.landing.verify import open_image

SIDE = 240
_QUALITY = 65


async def thumbnail(store: ObjectStore, key: str, side: int = SIDE) -> str:
    """The picture at `key`, `side` pixels at most; empty when it is not there or cannot be read."""
    try:
        stored = await store.get(key)
        return await asyncio.to_thread(_small, stored.body, side) if stored else ""
    except (GlobalAIOPCError, OSError, SyntaxError, ValueError):
        return ""


def _small(body: bytes, side: int) -> str:
    return address(jpeg(upright(body, side), side, _QUALITY))


def upright(body: bytes, side: int) -> Image.Image:
    """The picture as it is meant to be seen, no larger than `side` needs. Raises as Pillow does."""
    with open_image(io.BytesIO(body)) as image:
        image.draft("RGB", (side, side))  # a JPEG can be decoded at a part of its size
        return ImageOps.exif_transpose(image).convert("RGB")


def jpeg(image: Image.Image, side: int, quality: int) -> bytes:
    """A copy of at most `side` pixels each way."""
    small = image.copy()
    small.thumbnail((side, side))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def address(picture: bytes) -> str:
    """The `data:` address of a JPEG; empty for none."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" if picture else ""
