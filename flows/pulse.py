"""A shard run's signs of life, in the bucket: Prefect does not notice when a machine is gone.

Each run writes a file of its own every few seconds, and a last time when its shard is done. Who
watches compares what it sees with what it saw before, by its own clock: no two machines' clocks
have to agree.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Self

from prefect.runtime import flow_run
from pydantic import BaseModel, ConfigDict, ValidationError

from flows.shards import Shard
from globalaiopc import GlobalAIOPCError
from ledger import ObjectStore
from tasks import Studio

SECONDS = 10.0
LEAST_SECONDS = 2.0

log = logging.getLogger(__name__)


class Pulse(BaseModel):
    """`left` counts the briefs that did not land, once the shard is `done`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    beat: int = 0
    done: bool = False
    left: int = 0

    @classmethod
    async def read(cls, store: ObjectStore, folder: str, run: str) -> Self | None:
        """The last one of a run; None when it has shown none. Raises `StoreError`."""
        stored = await store.get(_key(folder, run))
        if stored is None:
            return None
        try:
            return cls.model_validate_json(stored.body)
        except ValidationError:  # by another version of this program; it changes, or it does not
            return cls(beat=hash(stored.body))

    async def write(self, store: ObjectStore, folder: str, run: str) -> None:
        body = self.model_dump_json().encode()
        await store.put(_key(folder, run), body, content_type="application/json")


def pulse_seconds(studio: Studio) -> float:
    """Between two beats. Shorter where the whole stand-in world is faster."""
    return max(LEAST_SECONDS, SECONDS * studio.client.time_scale)


@asynccontextmanager
async def beating(studio: Studio, batch_id: str, shard: Shard | None) -> AsyncIterator[None]:
    """Show signs of life for as long as the block runs, if this run makes a shard."""
    if shard is None:
        yield
        return
    ended = asyncio.Event()
    folder, run = shard.folder(batch_id), str(flow_run.get_id())
    beats = asyncio.create_task(_beat(studio, folder, run, ended))
    try:
        yield
    finally:
        # Not cancelled: a beat that is on its way would come after the word that it is done.
        ended.set()
        await beats


async def _beat(studio: Studio, folder: str, run: str, ended: asyncio.Event) -> None:
    for beat in itertools.count(1):
        try:
            await Pulse(beat=beat).write(studio.store, folder, run)
        except GlobalAIOPCError as error:  # the work itself waits for the bucket, or fails
            log.warning("No sign of life could be given: %s", error.message)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), pulse_seconds(studio))
            return


def _key(folder: str, run: str) -> str:
    return f"{folder}/runs/{run}.json"
