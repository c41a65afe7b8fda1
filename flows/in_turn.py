"""One run at a time makes a batch; another one waits for its end, and then continues it.

Receipts keep two runs from paying twice. But two at once would look at each job twice, have twice
as many jobs under way as the connection allows, and both write the report. So the run that makes a
batch says so in `{batch_id}/run.json`, over again for as long as it lives:

    free ──► held (beat 1, 2, 3 …) ──► over          a run that ends says so
               └── silent for SILENT_BEATS, or Prefect says that the run ended ──► taken over

Each write replaces the version that its writer saw, so of two that wait one goes on. Who waits
compares what it sees with what it saw before, by its own clock. A run that only seemed dead goes on
as well, which costs nothing. While the Prefect server is away, the bucket alone tells.
"""

import asyncio
import hashlib
import itertools
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.pulse import pulse_seconds
from flows.shard_runs import AWAY
from flows.watching import SILENT_BEATS
from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore, StoreError
from tasks import Studio

log = logging.getLogger(__name__)


class Holder(BaseModel):
    """Who makes a batch: a flow run, and which process of it, since Prefect may start it twice."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    run: UUID | None = None
    name: str = "another run"
    process: str = Field(default_factory=lambda: secrets.token_hex(8))
    beat: int = 0
    over: bool = False

    @classmethod
    def parse(cls, body: bytes) -> Self:
        try:
            return cls.model_validate_json(body)
        except ValidationError:  # by another version of this program; it changes, or it does not
            return cls(process=hashlib.sha256(body).hexdigest())

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()


def place_of(batch_id: str) -> str:
    """Where the run that makes a batch says so: a `Holder`."""
    return f"{batch_id}/run.json"


@asynccontextmanager
async def in_turn(studio: Studio, batch_id: str) -> AsyncIterator[None]:
    """Wait until no other run makes the batch, and keep others from it while the block runs.

    Raises `StoreError` when the bucket is away from the first look on.
    """
    place = _Place(studio, batch_id)
    await place.take()
    ended = asyncio.Event()
    beats = asyncio.create_task(place.beat(ended))
    try:
        yield
    finally:
        ended.set()
        await beats


class _Place:
    """The one place in which a batch is made, as this process sees it."""

    def __init__(self, studio: Studio, batch_id: str) -> None:
        self._store: ObjectStore = studio.store
        self._clock = studio.client.clock
        self._seconds = pulse_seconds(studio)
        self._batch_id = batch_id
        self._key = place_of(batch_id)
        self._me = Holder(run=flow_run.get_id(), name=flow_run.get_name() or "a run")
        self._etag = ""
        self._lost = False

    async def take(self) -> None:
        """Return once it is ours."""
        other = await self._try()
        if other is None:
            return
        self._tell(other)
        seen, seen_at = other, self._clock.now()
        while other is not None:
            await self._clock.sleep(self._seconds)
            dead = self._clock.now() - seen_at > SILENT_BEATS * self._seconds
            try:
                other = await self._try(dead=seen if dead else None)
            except StoreError:  # while it is away, nobody is thought to be dead
                seen_at = self._clock.now()
                continue
            if other and other != seen:
                seen, seen_at = other, self._clock.now()

    async def _try(self, dead: Holder | None = None) -> Holder | None:
        """Take it if nobody has it, or `dead` still does; else who has it."""
        stored = await self._store.get(self._key)
        if stored is not None:
            holder = Holder.parse(stored.body)
            if not (holder.over or holder == dead or await self._has_ended(holder)):
                return holder
        if await self._write(self._me, stored.etag if stored else None):
            return None
        return await self._try()

    async def beat(self, ended: asyncio.Event) -> None:
        """Say that this run lives, until it has ended, and then that. Raises nothing."""
        for beat in itertools.count(1):
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._seconds)
            over = ended.is_set()
            await self._say(self._me.model_copy(update={"beat": beat, "over": over}))
            if over or self._lost:
                return

    async def _say(self, word: Holder) -> None:
        if self._lost:
            return
        try:
            if await self._write(word, self._etag):
                return
            stored = await self._store.get(self._key)
            # The answer to an earlier write was lost: what lies there is our own.
            if stored and Holder.parse(stored.body).process == self._me.process:
                await self._write(word, stored.etag)
                return
        except GlobalAIOPCError as error:  # the work itself waits for the bucket, or fails
            log.warning("No sign of life could be given: %s", error.message)
            return
        self._lost = True
        log.warning("Another run goes on with batch %s: this one seemed dead.", self._batch_id)

    async def _write(self, word: Holder, etag: str | None) -> bool:
        """Put `word` in the place of the version `etag`, or of nothing; whether it lies there."""
        kind, body = "application/json", word.to_bytes()
        if etag is None:
            new = await self._store.put_if_absent(self._key, body, content_type=kind)
        else:
            new = await self._store.put_if_match(self._key, body, etag, content_type=kind)
        if new is None:  # another's, or our own, written by a request whose answer was lost
            stored = await self._store.get(self._key)
            new = stored.etag if stored and stored.body == body else None
        self._etag = new or self._etag
        return new is not None

    async def _has_ended(self, holder: Holder) -> bool:
        """Whether Prefect says so; of this very run it says only that it runs now."""
        if holder.run is None or holder.run == self._me.run:
            return False
        try:
            async with get_client() as client:
                state = (await client.read_flow_run(holder.run)).state
        except AWAY:
            return False
        return state is not None and state.is_final()

    def _tell(self, holder: Holder) -> None:
        get_run_logger().info(
            "Batch %s is being made by run %s. This run waits for its end, and then continues from "
            "its receipts; should that run have died, in %.0f s.",
            self._batch_id,
            (holder.run and url_for("flow-run", obj_id=holder.run)) or holder.name,
            SILENT_BEATS * self._seconds,
        )
