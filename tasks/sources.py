"""A user's own medium, wherever it is: on the web, in a bucket, on this machine.

It is read part by part and proven as what lands is. A file that is longer than landing holds whole
is read twice: once for its hash, which names it in the bucket, and once to be copied.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from globalaiopc import InvalidRequest
from ledger import Landed, ObjectStore
from tasks.landing import LandingFailed
from tasks.landing.errors import NotMediaError, TryAgainError
from tasks.landing.fetch import check_declared, declared_size, open_media, parts_of
from tasks.landing.inspection import Found, Inspection, WantedKind
from tasks.landing.metadata import landed_from, metadata_of, recorded
from tasks.landing.stream import GUARD, RULES
from tasks.landing.upload import Upload
from tasks.studio import Studio

Parts = AsyncGenerator[bytes, None]

TRIES = 3
PAUSE = 1.0
LONGEST_PAUSE = 60.0
ON_THE_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Body:
    """A medium that is being read: its length in bytes, when that is known, and its parts."""

    size: int | None
    parts: Parts


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is fit for a message: of a web address it is the host alone."""

    name: str
    opened: Callable[[], AbstractAsyncContextManager[Body]]


async def copied(
    studio: Studio, source: str | Path, *, kind: WantedKind, field: str, stem: Callable[[str], str]
) -> Landed:
    """Bring a user's medium to `stem(its SHA-256)` and its extension. Free, and repeatable.

    What lies there already is not written again. Raises `InvalidRequest` naming `field` when the
    medium is not there, is no whole file of its kind, or does not come; `StoreError`.
    """
    found = await find_source(studio, source, field)
    try:
        async with asyncio.timeout(RULES.time_cap):
            return await _patiently(studio, found, kind, stem)
    except NotMediaError as error:
        why = str(error)
    except TryAgainError as error:
        why = error.reason
    except LandingFailed as error:
        why = error.message.rstrip(".")
    except TimeoutError:
        why = f"it did not come within {RULES.time_cap:.0f} seconds"
    except OSError as error:
        why = f"it cannot be read ({type(error).__name__})"
    # `from None`: the traceback of a download may hold the address with its query.
    raise InvalidRequest(f"{found.name} cannot be used: {why}.", field=field) from None


async def hash_of(studio: Studio, source: str | Path, field: str) -> str | None:
    """The SHA-256 of a medium that lies in a bucket or on this machine; nothing is written.

    None for a web address, which only a run reads. Raises `InvalidRequest` when it is not there.
    """
    if str(source).startswith(ON_THE_WEB):
        return None
    found = await find_source(studio, source, field)
    digest = hashlib.sha256()
    async with found.opened() as body:
        async for part in body.parts:
            await asyncio.to_thread(digest.update, part)
    return digest.hexdigest()


async def find_source(studio: Studio, source: str | Path, field: str) -> Source:
    """Tell what kind of place `source` names. Raises `InvalidRequest` when nothing is there.

    A web address, `s3://bucket/key`, a key in the media bucket, or, if there is no such key, a file
    on this machine. An absolute path is never a key.
    """
    text = str(source)
    if text.startswith(ON_THE_WEB):
        return _on_the_web(studio, text)
    path = Path(source)
    if not isinstance(source, Path) and not path.is_absolute():
        store, key = place_of(studio, text)
        if (info := await store.head(key)) is not None:
            return _in_bucket(store, key, info.size)
        if store is not studio.store:
            raise missing(store, key, field)
    if await asyncio.to_thread(path.is_file):
        return _on_this_machine(path)
    if isinstance(source, Path) or path.is_absolute():
        raise InvalidRequest(f"There is no file {path} on this machine.", field=field)
    raise missing(studio.store, text, field)


def place_of(studio: Studio, source: str) -> tuple[ObjectStore, str]:
    """The bucket and the key of a source that is no web address and no file of this machine."""
    if not source.startswith("s3://"):
        return studio.store, source
    bucket, _, key = source.removeprefix("s3://").partition("/")
    return studio.elsewhere(bucket), key


def missing(store: ObjectStore, key: str, field: str) -> InvalidRequest:
    what = "start image" if field == "image" else "file"
    return InvalidRequest(f"There is no {what} at {store.uri(key)}.", field=field)


def _on_the_web(studio: Studio, url: str) -> Source:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Body]:
        wall = studio.client.clock.wall()
        async with open_media(studio.media_http, url, guard=GUARD, wall=wall) as response:
            check_declared(response, RULES.size_cap)
            parts = parts_of(response, RULES.part_bytes, RULES.size_cap)
            async with aclosing(parts):
                yield Body(declared_size(response), parts)

    host = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    return Source(f"The file at {host}", opened)


def _in_bucket(store: ObjectStore, key: str, size: int) -> Source:
    async def ranges() -> Parts:
        for start in range(0, size, RULES.part_bytes):
            yield await store.get_range(key, start, RULES.part_bytes)

    return Source(store.uri(key), lambda: _reading(size, ranges()))


def _on_this_machine(path: Path) -> Source:
    async def blocks() -> Parts:
        with await asyncio.to_thread(path.open, "rb") as file:
            while part := await asyncio.to_thread(file.read, RULES.part_bytes):
                yield part

    return Source(str(path), lambda: _reading(path.stat().st_size, blocks()))


@asynccontextmanager
async def _reading(size: int, parts: Parts) -> AsyncIterator[Body]:
    async with aclosing(parts):
        yield Body(size, parts)


async def _patiently(
    studio: Studio, source: Source, kind: WantedKind, stem: Callable[[str], str]
) -> Landed:
    for tried in range(1, TRIES + 1):
        try:
            async with studio.room.seat_for_input():
                return await _copied(studio, source, kind, stem)
        except TryAgainError as error:
            if error.dead or tried == TRIES:
                raise
            asked = error.retry_after or 0.0
        await studio.client.clock.sleep(max(min(asked, LONGEST_PAUSE), PAUSE * tried))
    raise AssertionError("the last try returns or raises")


async def _copied(
    studio: Studio, source: Source, kind: WantedKind, stem: Callable[[str], str]
) -> Landed:
    async with source.opened() as body, studio.room.memory(RULES.memory(body.size)):
        inspection = Inspection(kind, RULES.hold_bytes)
        found = await _inspected(studio, inspection, body.parts)
        landed = landed_from(stem(found.sha256), found)
        if await _is_there(studio.store, landed):
            return landed
        if inspection.fits:
            await _write(studio.store, landed, _each(inspection.let_go()))
            return landed
    async with source.opened() as body, studio.room.memory(RULES.memory(found.size)):
        await _write(studio.store, landed, body.parts)
    return landed


async def _inspected(studio: Studio, inspection: Inspection, parts: Parts) -> Found:
    async for part in parts:
        await inspection.feed(part)
        if not inspection.fits:
            inspection.forget()
    return await inspection.finish(studio.room)


async def _is_there(store: ObjectStore, landed: Landed) -> bool:
    info = await store.head(landed.key)
    return info is not None and recorded(landed.key, info) == landed


async def _write(store: ObjectStore, landed: Landed, parts: AsyncIterator[bytes]) -> None:
    """Publish the parts under the hash that they had when they were proven, or not at all."""
    described = metadata_of({}, landed)
    if landed.size <= RULES.part_bytes:
        body = b"".join([part async for part in parts])
        await store.put_media(
            landed.key, body, content_type=landed.content_type, metadata=described
        )
        return
    digest = hashlib.sha256()
    async with Upload(store, parts_in_flight=RULES.parts_in_flight) as upload:
        await upload.begin(landed.key, landed.content_type, described)
        async for part in parts:
            await asyncio.to_thread(digest.update, part)
            await upload.add(part)
        if digest.hexdigest() != landed.sha256:
            raise NotMediaError("the file changed while it was read")
        await upload.publish()


async def _each(parts: Iterable[bytes]) -> Parts:
    for part in parts:
        yield part
