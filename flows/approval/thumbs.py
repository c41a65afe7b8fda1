"""Small pictures of a sheet, as they stand in its pages: JPEGs in `data:` addresses.

Nothing links to the bucket: a presigned address is a secret, and a page with one dies with it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flows.approval.records import Row
from flows.thumbnails import address, jpeg, upright
from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore

AT_ONCE = 4
"""Pictures read at once: one of 4k may take a hundred megabytes."""

ARTIFACT_BYTES = 320_000
"""All the thumbnails of one artifact: the UI loads it whole, and Prefect keeps it for ever."""


class _Look(NamedTuple):
    side: int
    quality: int


_PAGE = _Look(480, 72)
# The largest that fits a picture's share of an artifact is taken.
_SMALL = (_Look(168, 60), _Look(128, 45), _Look(88, 35), _Look(64, 25))


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
    picture = upright(body, _PAGE.side)
    looks = (jpeg(picture, *look) for look in _SMALL)
    small = next((one for one in looks if len(one) <= share), b"")
    return Thumbs(small=address(small), page=address(jpeg(picture, *_PAGE)))
