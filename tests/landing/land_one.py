"""Lands files in a process of its own and prints how much memory that added, in bytes.

Run by the memory test: `python -m tests.landing.land_one` with a JSON object on standard input.
"""

import asyncio
import gc
import json
import sys
from pathlib import Path

from ledger import ObjectStore
from tasks.landing import LandingRoom, land_media, media_client
from tasks.landing.label import Label
from tests.landing.conftest import S3

LABEL = Label("a prompt " * 500, "model", "job-1", "b/one/video", "b", "one", None)


def memory(field):
    """VmRSS (now) or VmHWM (the most since the last reset), in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


def forget_the_most():
    Path("/proc/self/clear_refs").write_text("5")


async def run(task):
    store = ObjectStore(S3(**task["s3"]).client(), task["s3"]["bucket"], task["prefix"])
    room = LandingRoom(memory_bytes=task["room"])
    async with media_client() as http:

        async def land(url, stem):
            return await land_media(
                store=store, key_stem=stem, media_url=url, kind="video", http=http, refresh=None,
                metadata={}, room=room, label=LABEL,
            )  # fmt: skip

        await asyncio.gather(*(land(task["warm"], f"warm{n}") for n in range(4)))
        gc.collect()
        before = memory("VmRSS")
        forget_the_most()
        landed = await asyncio.gather(*(land(task["url"], f"it{n}") for n in range(task["times"])))
    added = memory("VmHWM") - before
    print(json.dumps({"added": added, "sha256": [one.source_sha256 for one in landed]}))


if __name__ == "__main__":
    asyncio.run(run(json.load(sys.stdin)))
