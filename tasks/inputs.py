"""Media that a job is given: landed once in the brief's folder, handed to the provider by address.

A receipt names its inputs by the SHA-256 of their bytes; where they lie is found again by it.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

from globalaiopc import InvalidRequest
from globalaiopc.asset_libraries import AssetLibrary
from globalaiopc.catalogue import ModelRow
from ledger import JobKey, Landed, ObjectStore
from tasks.assets import Run, as_task, asset_for
from tasks.landing import fit_image
from tasks.landing.inspection import WantedKind
from tasks.landing.metadata import measures
from tasks.landing.stream import RULES
from tasks.landing.verify import ALL_TYPES
from tasks.orders import FRESH_SECONDS, MAKES
from tasks.sources import copied
from tasks.studio import Studio

LATE = 4
"""Times as long as a job is waited for, its media can be fetched: it may leave the provider's queue
late, and whether one that fails for want of them is charged is not documented."""

LONGEST_URL_SECONDS = 7 * 24 * 3600
"""S3 refuses a presigned URL that is to live longer."""

Size = tuple[int, int]

_TYPES = {row.extension: row for row in ALL_TYPES}
_KINDS: dict[str, WantedKind] = {row.content_type: row.kind for row in ALL_TYPES}
_LANDED = re.compile(rf"({'|'.join(MAKES)})(\.take\d+)?(\.\w+)")
INPUTS = "inputs"
"""The folder, in the brief's own, of the media that it brings."""

NAME_DIGITS = 16
"""They are named after the start of their SHA-256."""


@dataclass(frozen=True, slots=True)
class Input:
    """A medium in the bucket. Sizes are pixels, `seconds` the length of a video or a sound."""

    key: str
    sha256: str
    kind: WantedKind
    content_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, media: Landed) -> Self:
        """What landed in an earlier stage, to be given to the next one."""
        return cls(
            key=media.key,
            sha256=media.sha256,
            kind=_KINDS[media.content_type],
            content_type=media.content_type,
            width=media.width,
            height=media.height,
            seconds=media.seconds,
        )

    @property
    def folder(self) -> str:
        """The brief's folder."""
        return "/".join(self.key.split("/")[:2])


async def land_input(
    studio: Studio, source: str | Path, folder: str, kind: WantedKind, field: str
) -> Input:
    """Bring a user's medium to `{folder}/inputs/{the start of its SHA-256}` and its extension.

    `folder` is the brief's (`JobKey.folder`); `source` is whatever `tasks.sources.find_source`
    takes. Checked as media, written once for each content, free and repeatable. Raises
    `InvalidRequest` naming `field`, and `StoreError`.
    """
    media = await copied(
        studio,
        source,
        kind=kind,
        field=field,
        stem=lambda sha256: f"{folder}/{INPUTS}/{sha256[:NAME_DIGITS]}",
    )
    return Input.of(media)


async def hand_over(
    studio: Studio,
    media: Input,
    row: ModelRow,
    *,
    size: Size | None = None,
    review: bool = False,
    field: str = "image",
    run: Run = as_task,
) -> str:
    """How the provider gets at a medium: a URL, or the name of an asset in the model's library.

    The URL lives for a few times as long as the row waits for a job, since the provider fetches a
    medium when the job leaves its queue. It is a secret: it goes into the request and nowhere else.
    With `size` it is of a copy of exactly these pixels, which lies in the brief's folder and is
    made once. An asset it is where the row wants all its media there, or where `review` asks for
    it. Raises `InvalidRequest` naming `field` when the medium is not in the bucket as it landed
    (the job would be paid for without it) or the model has no library; what `asset_for` raises;
    `StoreError`.
    """
    if review or row.asset_step == "always":
        return await _as_asset(studio, media, row, field, run)
    key = media.key
    if size is not None and size != (media.width, media.height):
        key = f"{media.folder}/frame-{size[0]}x{size[1]}-{media.sha256[:12]}.png"
        if await studio.store.head(key) is None:
            await _fit(studio, media, key, size, field)
    elif await studio.store.head(key) is None:
        raise _not_as_it_landed(studio, media, field)
    lifetime = min(int(FRESH_SECONDS + LATE * row.deadline_seconds), LONGEST_URL_SECONDS)
    return await studio.store.presign_get(key, lifetime)


async def find_input(studio: Studio, job: JobKey, sha256: str) -> Input | None:
    """The medium of this hash in the brief's folder: brought there, or made by an earlier stage.

    By its bytes and not by what is said of them.
    """
    async for key in _media_keys(studio.store, job.folder, sha256):
        info = await studio.store.head(key)
        media_type = _TYPES[key[key.rindex(".") :]]
        if info is None or await object_sha256(studio.store, key, info.size) != sha256:
            continue
        width, height, seconds = measures(info.metadata)
        return Input(
            key=key,
            sha256=sha256,
            kind=media_type.kind,
            content_type=media_type.content_type,
            width=width,
            height=height,
            seconds=seconds,
        )
    return None


async def _media_keys(store: ObjectStore, folder: str, sha256: str) -> AsyncIterator[str]:
    async for key in store.iter_keys(f"{folder}/{INPUTS}/{sha256[:NAME_DIGITS]}."):
        if key[key.rindex(".") :] in _TYPES:
            yield key
    async for key in store.iter_keys(f"{folder}/"):
        hit = _LANDED.fullmatch(key.removeprefix(f"{folder}/"))
        if hit is not None and hit[3] in _TYPES:
            yield key


async def object_sha256(store: ObjectStore, key: str, size: int) -> str:
    """The hash of an object of `size` bytes, one part in memory at a time. Raises `StoreError`."""
    digest = hashlib.sha256()
    for start in range(0, size, RULES.part_bytes):
        part = await store.get_range(key, start, RULES.part_bytes)
        await asyncio.to_thread(digest.update, part)
    return digest.hexdigest()


def check_library(row: ModelRow) -> None:
    """Raise `InvalidRequest` for a model without a library that could review its media."""
    if not row.asset_library:
        raise InvalidRequest(
            f"{row.name} has no asset library that could review its media.",
            field="asset_review",
            advice="Leave the review out, or choose a model that has one.",
        )


async def _as_asset(studio: Studio, media: Input, row: ModelRow, field: str, run: Run) -> str:
    check_library(row)
    if await studio.store.head(media.key) is None:
        raise _not_as_it_landed(studio, media, field)
    return await asset_for(
        studio,
        library=cast("AssetLibrary", row.asset_library),
        key=media.key,
        sha256=media.sha256,
        kind=media.kind,
        run=run,
    )


async def _fit(studio: Studio, media: Input, key: str, size: Size, field: str) -> None:
    stored = await studio.store.get(media.key)
    if stored is None or hashlib.sha256(stored.body).hexdigest() != media.sha256:
        raise _not_as_it_landed(studio, media, field)
    async with studio.room.core("frame"):
        fitted = await asyncio.to_thread(fit_image, stored.body, *size)
    await studio.store.put(key, fitted, content_type="image/png")


def _not_as_it_landed(studio: Studio, media: Input, field: str) -> InvalidRequest:
    return InvalidRequest(
        f"{studio.store.uri(media.key)} is gone, or is not what landed there.",
        field=field,
        advice="Put it back, or ask for a new take, which is paid for again.",
    )
