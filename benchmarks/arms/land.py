"""Ours: landing, as the `land` task does it, many files at once or one."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel, ConfigDict

from benchmarks.arms import stores
from benchmarks.arms.program import bucket, program
from benchmarks.machine import forget_peak, peak_bytes, resident_bytes
from ledger import ObjectStore
from tasks.landing import LandingRoom, land_media, media_client

SMALL = 1_000_000


class Files(BaseModel):
    """`count` files of `size` bytes from this media host, so many at once."""

    model_config = ConfigDict(frozen=True)

    host: str
    size: int
    count: int = 1
    at_once: int = 8


class Landed(BaseModel):
    """`added` is the peak of resident memory over what it was before, in bytes."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    added: int


async def _run(asked: Files) -> Landed:
    store = ObjectStore(stores.client(), *bucket())
    room = LandingRoom(asked.at_once)
    async with media_client() as http:

        async def one(name: str, size: int) -> str:
            landed = await land_media(
                store=store,
                key_stem=name,
                media_url=f"{asked.host}/film?size={size}",
                kind="video",
                http=http,
                refresh=None,
                metadata={},
                room=room,
            )
            return landed.key

        keys = [await one("warm", SMALL)]
        before = resident_bytes()
        forget_peak()
        began = time.monotonic()
        names = (f"file-{number}" for number in range(asked.count))
        keys += await asyncio.gather(*(one(name, asked.size) for name in names))
        seconds, peak = time.monotonic() - began, peak_bytes()
    for key in keys:
        await store.delete(key)
    return Landed(seconds=seconds, added=peak - before)


def work(asked: Files) -> Landed:
    return asyncio.run(_run(asked))


if __name__ == "__main__":
    program(Files, work)
