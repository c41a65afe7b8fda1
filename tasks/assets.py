"""Media in the provider's asset libraries: uploaded once per content and key, then named by id.

What is in which library is noted in the bucket, `assets/{key_hash}/{library}/{sha256}.json`. The
note is a cache, not a receipt: nothing here costs money. Two processes that need the same medium in
the same moment may both upload it; the first note wins, and the other upload is never referred to.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, ParamSpec, Protocol, TypeVar
from weakref import WeakValueDictionary

from prefect import Task
from pydantic import BaseModel, ConfigDict, ValidationError

from globalaiopc import Moderated, Refused, Unauthorized
from globalaiopc.asset_libraries import LIBRARIES, AssetKind, AssetLibrary
from globalaiopc.assets import DEADLINE_SECONDS, Asset, reference
from tasks.declare import api_task
from tasks.studio import Studio

P = ParamSpec("P")
R = TypeVar("R")

URL_SECONDS = 3600
"""The provider fetches an upload at once, or from its queue: `DEADLINE_SECONDS` are waited for."""

FOLDER = "assets"
_JSON = "application/json"

log = logging.getLogger(__name__)
_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


class Run(Protocol):
    """How a task is run; `flows.orchestration.orchestrated` is one."""

    async def __call__(
        self, task: Task[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R: ...


async def as_task(task: Task[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs) -> R:
    """Under Prefect: seen in its UI, and tried again as every task is."""
    return await task(*args, **kwargs)


class AssetRecord(BaseModel):
    """Which asset a medium is, for one key. `key` is where the medium lies in the bucket."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    library: AssetLibrary
    asset_id: str
    kind: AssetKind
    sha256: str
    key: str
    key_hash: str
    uploaded: datetime


@api_task(
    name="asset_upload",
    run_name="upload {key} to {library}",
    description="POST to an asset library: the provider fetches a medium out of the bucket. Free.",
)
async def asset_upload(
    studio: Studio,
    library: AssetLibrary,
    key: str,
    kind: AssetKind,
    *,
    name: str | None = None,
    model: str | None = None,
) -> Asset:
    """Upload one object of the bucket; it cannot be used before `asset_status` says "active".

    One upload at a time in a process: large ones in parallel were seen to starve each other. Raises
    as `Assets.upload` does.
    """
    async with _lock("upload"):
        url = await studio.store.presign_get(key, URL_SECONDS)
        return await studio.client.assets.upload(library, url, kind, name=name, model=model)


@api_task(
    name="asset_status",
    run_name="look at {asset_id} in {library}",
    description="Look at an asset, once or until it can be used. Free.",
)
async def asset_status(
    studio: Studio, library: AssetLibrary, asset_id: str, wait_seconds: float | None = None
) -> Asset:
    """One look; with `wait_seconds`, look until the asset can be used, for so long at most.

    Raises as `Assets.look` and `Assets.wait` do.
    """
    assets = studio.client.assets
    if wait_seconds is None:
        return await assets.look(library, asset_id)
    return await assets.wait(library, asset_id, wait_seconds)


@api_task(
    name="asset_delete",
    run_name="delete {asset_id} from {library}",
    description="DELETE an asset, for ever. Videos that were made of it stay.",
)
async def asset_delete(studio: Studio, library: AssetLibrary, asset_id: str) -> None:
    """Delete an asset, where the library can. Raises as `Assets.delete` does."""
    await studio.client.assets.delete(library, asset_id)


async def asset_for(
    studio: Studio,
    *,
    library: AssetLibrary,
    key: str,
    sha256: str,
    kind: AssetKind,
    run: Run = as_task,
) -> str:
    """Bring a medium of the bucket into a library and return how a request names it there.

    `key` is where it lies and `sha256` what it is: the same content is uploaded once for each key
    of the API, wherever it lies. An asset that the library lost is uploaded anew, once. Free
    throughout. Raises as `Assets.upload` and `Assets.wait` do, and `StoreError`.
    """
    wanted = _Wanted(library=library, key=key, sha256=sha256, kind=kind)
    while True:
        client = studio.client
        try:
            return await _asset_for(studio, wanted, run)
        except Unauthorized:  # also the key's own notes are other ones then
            if not await studio.keys.renewed(client):
                raise


async def _asset_for(studio: Studio, wanted: "_Wanted", run: Run) -> str:
    library = wanted.library
    noted = await _noted(studio, _place(studio, library, wanted.sha256))
    if noted is not None and noted.record is not None:
        try:
            return await _usable(studio, noted.record, run)
        except Refused as error:
            if error.code != "asset_gone":
                raise
            log.info("%s is uploaded to %s again: %s", wanted.key, library, error.message)
    return await _usable(studio, await _uploaded(studio, wanted, noted, run), run)


async def known_assets(studio: Studio) -> tuple[AssetRecord, ...]:
    """What has been uploaded with this key, by the notes in the bucket.

    The provider's documents speak of a call that lists assets, but no path of it is known.
    """
    folder = f"{FOLDER}/{studio.client.key_hash}/"
    places = [place async for place in studio.store.iter_keys(folder)]
    found = await asyncio.gather(*(_noted(studio, place) for place in places))
    return tuple(noted.record for noted in found if noted is not None and noted.record is not None)


async def forget(
    studio: Studio, *, library: AssetLibrary, sha256: str, run: Run = as_task
) -> AssetRecord | None:
    """Delete a medium from its library, where that can be done, and from the notes.

    Returns what was forgotten, None when nothing was noted. The medium itself stays in the bucket.
    In libraries without a deletion the asset stays, and the next use uploads another.
    """
    place = _place(studio, library, sha256)
    noted = await _noted(studio, place)
    if noted is None:
        return None
    if noted.record is not None and LIBRARIES[library].delete_path:
        try:
            await run(asset_delete, studio, library, noted.record.asset_id)
        except Refused as error:
            if error.code != "asset_gone":
                raise
    await studio.store.delete(place)
    return noted.record


@dataclass(frozen=True, slots=True)
class _Wanted:
    library: AssetLibrary
    key: str
    sha256: str
    kind: AssetKind


@dataclass(frozen=True, slots=True)
class _Noted:
    """A note as it lies in the bucket; `record` is None when it cannot be read."""

    record: AssetRecord | None
    etag: str


def _place(studio: Studio, library: AssetLibrary, sha256: str) -> str:
    return f"{FOLDER}/{studio.client.key_hash}/{library}/{sha256}.json"


async def _noted(studio: Studio, place: str) -> _Noted | None:
    stored = await studio.store.get(place)
    if stored is None:
        return None
    try:
        return _Noted(AssetRecord.model_validate_json(stored.body), stored.etag)
    except ValidationError:
        log.warning("%s is not a note of an asset, or of a later release", studio.store.uri(place))
        return _Noted(None, stored.etag)


async def _usable(studio: Studio, record: AssetRecord, run: Run) -> str:
    """Wait until the asset can be used. One that was refused is not noted any longer."""
    try:
        asset = await run(
            asset_status, studio, record.library, record.asset_id, wait_seconds=DEADLINE_SECONDS
        )
    except Refused as error:
        if error.code in ("asset_failed", Moderated.code):
            await studio.store.delete(_place(studio, record.library, record.sha256))
        raise
    return reference(asset)


async def _uploaded(
    studio: Studio, wanted: _Wanted, instead_of: _Noted | None, run: Run
) -> AssetRecord:
    """The note of a fresh upload, or of one that somebody else has made meanwhile."""
    place = _place(studio, wanted.library, wanted.sha256)
    async with _lock(place):
        noted = await _noted(studio, place)
        if noted is not None and noted.record is not None and noted != instead_of:
            return noted.record
        asset = await run(asset_upload, studio, wanted.library, wanted.key, wanted.kind)
        record = AssetRecord(
            library=wanted.library,
            asset_id=asset.asset_id,
            kind=wanted.kind,
            sha256=wanted.sha256,
            key=wanted.key,
            key_hash=studio.client.key_hash,
            uploaded=studio.client.clock.wall(),
        )
        if await _note(studio, place, record, noted):
            return record
        other = await _noted(studio, place)
        return record if other is None or other.record is None else other.record


async def _note(studio: Studio, place: str, record: AssetRecord, before: _Noted | None) -> bool:
    """Write the note down, unless somebody else has changed it since `before` was read."""
    body = record.model_dump_json(indent=1).encode()
    if before is None:
        return await studio.store.put_if_absent(place, body, content_type=_JSON) is not None
    etag = before.etag
    return await studio.store.put_if_match(place, body, etag, content_type=_JSON) is not None


def _lock(name: str) -> asyncio.Lock:
    """One for each name and event loop, for as long as anybody uses it."""
    return _locks.setdefault((id(asyncio.get_running_loop()), name), asyncio.Lock())
