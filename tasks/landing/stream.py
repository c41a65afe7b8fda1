"""Landing: a finished file streams from the provider into the bucket, and is published whole.

No temporary file. Bytes are proven while they pass (`verify`), and the object appears under its key
only afterwards: a file of up to 64 MiB is held, checked, then written; a longer one is uploaded in
parts while it downloads, and the upload is completed only after the check. One layer of retries, of
the download; it restarts from the first byte, because only a whole file has a hash.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

import httpx

from globalaiopc.errors import GlobalAIOPCError, TaskGone
from globalaiopc.waiting import Clock, SystemClock
from ledger.errors import StoreError
from ledger.receipt import Landed
from ledger.store import ObjectStore
from tasks.landing.errors import (
    BadMedia,
    LandingFailed,
    MediaGone,
    NotMediaError,
    NotStored,
    TimeCapPassed,
    TryAgainError,
)
from tasks.landing.fetch import check_declared, declared_size, open_media, parts_of
from tasks.landing.guard import Guard
from tasks.landing.inspection import Inspection, WantedKind
from tasks.landing.label import Label
from tasks.landing.marking import Marking
from tasks.landing.metadata import landed_from, metadata_of
from tasks.landing.poster import store_poster
from tasks.landing.room import MIB, LandingRoom
from tasks.landing.upload import Upload
from tasks.landing.verify import MediaType

Refresh = Callable[[], Awaitable[str]]

DEAD_ANSWERS = 3
LONGEST_RETRY_AFTER = 300.0

log = logging.getLogger(__name__)
jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class LandingRules:
    """Sizes in bytes, times in seconds. `first_wait` doubles with each try up to `longest_wait`.

    `time_cap` is for one landing with all its tries, from when it has got its seat.
    """

    part_bytes: int = 8 * MIB
    parts_in_flight: int = 3
    hold_bytes: int = 64 * MIB
    size_cap: int = 8 * 1024 * MIB
    time_cap: float = 3600.0
    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0

    def memory(self, size: int | None) -> int:
        """The most bytes of a body of `size` (None: not stated) that a landing holds at once.

        - up to `hold_bytes`: size + 2 parts (one filling, one being cut from it), 3 x size when it
          is shorter than a part
        - longer: (parts_in_flight + 4) parts: in flight, waiting for a place, filling, being cut,
          and the first, kept for the poster; 56 MiB by default
        - not stated: the larger of hold_bytes + 2 parts (80 MiB by default) and the latter

        Besides: a label (at most 80 KB, commonly 2); a video's index (`moov`, at most 16 MiB,
        commonly under 1), and for each check going on, of which there are at most 2
        (`room.CORES`), the decoder's few frames.
        """
        whole = self.hold_bytes if size is None else min(size, self.hold_bytes)
        held = whole + 2 * min(whole, self.part_bytes)
        streamed = (self.parts_in_flight + 4) * self.part_bytes
        if size is None:
            return max(held, streamed)
        return held if size <= self.hold_bytes else streamed


RULES = LandingRules()
GUARD = Guard()


async def land_media(
    *,
    store: ObjectStore,
    key_stem: str,
    media_url: str,
    kind: WantedKind,
    http: httpx.AsyncClient,
    refresh: Refresh | None,
    metadata: Mapping[str, str],
    label: Label | None = None,
    poster_key: str | None = None,
    room: LandingRoom | None = None,
    rules: LandingRules = RULES,
    guard: Guard = GUARD,
    clock: Clock | None = None,
) -> Landed:
    """Bring one finished file into the bucket at `key_stem` + the extension of its true type.

    `http` comes from `media_client()`: media hosts get no credentials. `refresh` asks the provider
    again and returns the file's URL as it is now. `metadata` goes to the object, beside what
    `already_landed` needs, `label` into the file, where that is safe (`tasks.landing.marking`):
    what is proven, hashed and counted is the file as it is kept. With `poster_key`, a video's
    poster is written there too; that never fails the landing. `room` is shared by all landings of
    a process; memory: `LandingRules.memory`.

    Raises a LandingFailed: the job is paid for, and landing it again is free. The bucket is then as
    it was: no object, no unfinished upload. When cancelled, likewise, or the object is there whole.
    """
    room = room or LandingRoom()
    landing = _Landing(
        *(store, key_stem, kind, http, refresh, metadata, label),
        *(room, rules, guard, clock or SystemClock()),
    )
    async with room.seat():
        try:
            async with asyncio.timeout(rules.time_cap) as cap:
                landed, poster = await landing.run(media_url)
        except TimeoutError as error:
            if not cap.expired():
                raise
            raise TimeCapPassed(
                f"The finished {kind} did not land within {rules.time_cap:.0f} seconds."
            ) from error
        except StoreError as error:
            raise NotStored(
                f"The finished {kind} could not be stored: {error.message}",
                advice=f"{error.advice} {NotStored.advice}".strip(),
            ) from error
    if poster_key is not None and kind == "video":
        if poster is None:
            log.warning("No poster for %s: no frame of its beginning decodes", landed.key)
        else:
            await store_poster(store, poster_key, poster)
    return landed


@dataclass(slots=True)
class _Landing:
    store: ObjectStore
    key_stem: str
    kind: WantedKind
    http: httpx.AsyncClient
    refresh: Refresh | None
    metadata: Mapping[str, str]
    label: Label | None
    room: LandingRoom
    rules: LandingRules
    guard: Guard
    clock: Clock

    async def run(self, url: str) -> tuple[Landed, bytes | None]:
        """Try until it lands; the last failure tells which LandingFailed it is."""
        dead_answers = 0
        for tried in range(1, self.rules.tries + 1):
            try:
                return await self._try(url)
            except TryAgainError as error:
                failure = error
            log.info("Landing %s, try %d: %s", self.key_stem, tried, failure.reason)
            if (failure.retry_after or 0.0) > LONGEST_RETRY_AFTER:
                break
            fresh = url
            if failure.dead:
                dead_answers += 1
                known = await self._fresh_url(url)
                if known is None or (known == url and dead_answers >= DEAD_ANSWERS):
                    break
                fresh = known
            if tried == self.rules.tries:
                break
            if fresh == url:
                await self._pause(tried, failure)
            url = fresh
        raise self._failed(url, failure, tried)

    async def _try(self, url: str) -> tuple[Landed, bytes | None]:
        try:
            async with open_media(
                self.http, url, guard=self.guard, wall=self.clock.wall()
            ) as response:
                check_declared(response, self.rules.size_cap)
                async with self.room.memory(self.rules.memory(declared_size(response))):
                    return await self._transfer(response)
        except NotMediaError as error:
            # Whatever is wrong with it, it is not to be the label: the next try goes without one.
            self.label = None
            raise TryAgainError(str(error), bad=True) from error

    async def _transfer(self, response: httpx.Response) -> tuple[Landed, bytes | None]:
        rules = self.rules
        inspection = Inspection(self.kind, rules.hold_bytes)
        marking = Marking(self.label, rules.part_bytes)
        long = (declared_size(response) or 0) > rules.hold_bytes
        async with Upload(self.store, parts_in_flight=rules.parts_in_flight) as upload:
            source = parts_of(response, rules.part_bytes, rules.size_cap)
            async with aclosing(source), aclosing(marking.parts(source)) as parts:
                async for part in parts:
                    media_type = await inspection.feed(part)
                    if long or not inspection.fits:
                        await self._stream(upload, inspection, media_type)
            if tail := marking.tail(inspection.media_type, inspection.walk):
                await inspection.extend(tail, rules.part_bytes)
            if upload.begun:
                await _send(upload, inspection)
            found = await inspection.finish(self.room)
            if marking.source_sha256:
                found = replace(found, source_sha256=marking.source_sha256)
            landed = landed_from(self.key_stem, found)
            await self._publish(landed, upload, inspection)
        return landed, found.poster

    async def _stream(self, upload: Upload, inspection: Inspection, media_type: MediaType) -> None:
        if not upload.begun:
            # The hash is not known yet, and S3 takes an object's metadata only now.
            key = self.key_stem + media_type.extension
            await upload.begin(key, media_type.content_type, metadata_of(self.metadata))
        await _send(upload, inspection, self.rules.part_bytes)

    async def _publish(self, landed: Landed, upload: Upload, inspection: Inspection) -> None:
        if upload.begun:
            await upload.publish()
            return
        described = metadata_of(self.metadata, landed)
        if len(inspection.held) == 1:
            (body,) = inspection.held
            await self.store.put_media(
                landed.key, body, content_type=landed.content_type, metadata=described
            )
            return
        await upload.begin(landed.key, landed.content_type, described)
        await _send(upload, inspection)
        await upload.publish()

    async def _fresh_url(self, url: str) -> str | None:
        """The file's URL as the provider states it now: the old one while it cannot be asked.

        None when nobody will ever know another one.
        """
        if self.refresh is None:
            return None
        try:
            return await self.refresh() or url
        except GlobalAIOPCError as error:
            log.info("No fresh URL for %s: %s", self.key_stem, error.message)
            if isinstance(error, TaskGone):
                return None
            if not error.retry_is_free:
                raise
            return url

    async def _pause(self, tried: int, failure: TryAgainError) -> None:
        wait = min(self.rules.first_wait * 2 ** (tried - 1), self.rules.longest_wait)
        asked = failure.retry_after or 0.0
        await self.clock.sleep(max(asked, wait * jitter.uniform(0.5, 1.0)))

    def _failed(self, url: str, failure: TryAgainError, tried: int) -> LandingFailed:
        host = httpx.URL(url).host
        tries = "1 try" if tried == 1 else f"{tried} tries"
        kind = MediaGone if failure.dead else BadMedia if failure.bad else LandingFailed
        return kind(
            f"The finished {self.kind} could not be fetched from {host} in {tries}; "
            f"the last time {failure.reason}.",
            retry_after=failure.retry_after,
        )


async def _send(upload: Upload, inspection: Inspection, least: int = 0) -> None:
    for part in inspection.let_go(least):
        await upload.add(part)
