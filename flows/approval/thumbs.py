"""Small pictures of a sheet, as they stand in its pages: JPEGs in `data:` addresses.

Nothing links to the bucket: a presigned address is a secret, and a page with one dies with it.
"""

import asyncio
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageOps

from flows.approval.records import Row
from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore
from tasks.landing.verify import open_image

AT_ONCE = 4
"""Pictures read at once: one of 4k may take a hundred megabytes."""

ARTIFACT_BYTES = 320_000
"""All the thumbnails of one artifact: the UI loads it whole, and Prefect keeps it for ever."""


class _Look(NamedTuple):
    width: int
    height: int
    quality: int


_PAGE = _Look(480, 480, 72)
# The largest that fits a picture's share of an artifact is taken.
_SMALL = (_Look(168, 168, 60), _Look(128, 128, 45), _Look(88, 88, 35), _Look(64, 64, 25))


@dataclass(frozen=True)
class Thumbs:
    """One picture: `small` for an artifact, `page` for a page of its own; empty: it has none."""

    small: str = ""
    page: str = ""


async def thumbs_of(store: ObjectStore, rows: Sequence[Row]) -> dict[int, Thumbs]:
    """By number. A picture that cannot be read has none: the sheet is shown all the same."""
    places = asyncio.Semaphore(AT_ONCE)
    share = ARTIFACT_BYTES * 3 // 4 // max(1, len(rows))

    async def one(row: Row) -> Thumbs:
        if row.picture is None:
            return Thumbs()
        async with places:
            try:
                stored = await store.get(row.picture)
                return await asyncio.to_thread(_thumbs, stored.body, share) if stored else Thumbs()
            except (GlobalAIOPCError, OSError, SyntaxError, ValueError):
                return Thumbs()

    made = await asyncio.gather(*(one(row) for row in rows))
    return {row.number: thumbs for row, thumbs in zip(rows, made, strict=True)}


def _thumbs(body: bytes, share: int) -> Thumbs:
    with open_image(io.BytesIO(body)) as image:
        image.draft("RGB", _PAGE[:2])  # a JPEG is decoded no larger than it is needed
        upright = ImageOps.exif_transpose(image).convert("RGB")
    fitting = (small for look in _SMALL if len(small := _jpeg(upright, look)) <= share)
    return Thumbs(small=_address(next(fitting, b"")), page=_address(_jpeg(upright, _PAGE)))


def _jpeg(image: Image.Image, look: _Look) -> bytes:
    small = image.copy()
    small.thumbnail(look[:2])
    out = io.BytesIO()
    small.save(out, "JPEG", quality=look.quality, optimize=True)
    return out.getvalue()


def _address(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""
