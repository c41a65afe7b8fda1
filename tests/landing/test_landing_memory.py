"""The memory formula, held against the kernel's own count in a process that only lands."""

import asyncio
import hashlib
import json
import struct
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tasks.landing import LandingRules
from tasks.landing.room import MEMORY_BYTES
from tests.landing.makers import mp4
from tests.landing.media_host import CHUNK, Answer

MIB = 1024 * 1024
# What is not bodies: the decoder's frames, sockets' buffers, the allocator's slack.
BESIDES = 16 * MIB


class Generated:
    """A whole MP4 of `size` bytes that never exists at once: a video, then a box of zeros."""

    def __init__(self, size):
        self.head = mp4()
        self.zeros = size - len(self.head) - 16
        self.head += struct.pack(">I4sQ", 1, b"free", self.zeros + 16)
        self.size = size

    async def __aiter__(self):
        yield self.head
        block = bytes(CHUNK)
        for left in range(self.zeros, 0, -CHUNK):
            yield block[:left]

    def answer(self):
        return Answer(declared=self.size, stream=self)

    def sha256(self):
        digest = hashlib.sha256(self.head)
        for left in range(self.zeros, 0, -CHUNK):
            digest.update(bytes(min(CHUNK, left)))
        return digest.hexdigest()


async def landed_elsewhere(host, s3, store, generated, *, times=1, room=MEMORY_BYTES):
    task = {
        "s3": asdict(s3),
        "prefix": store.prefix,
        "warm": host.url("/warm", Answer(mp4())),
        "url": host.url("/v", generated.answer()),
        "times": times,
        "room": room,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.landing.land_one",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    out, _ = await process.communicate(json.dumps(task).encode())
    assert process.returncode == 0
    return json.loads(out)


@pytest.mark.parametrize("size", [300 * MIB, 40 * MIB], ids=["streamed", "held"])
async def test_one_file_adds_no_more_memory_than_the_formula(host, s3, store, size):
    generated = Generated(size)
    found = await landed_elsewhere(host, s3, store, generated)
    assert found["sha256"] == [generated.sha256()]
    assert found["added"] <= LandingRules().memory(size) + BESIDES


async def test_many_files_at_once_stay_within_the_room(host, s3, store):
    generated, room = Generated(24 * MIB), 96 * MIB
    assert 6 * LandingRules().memory(generated.size) > 2 * room
    found = await landed_elsewhere(host, s3, store, generated, times=6, room=room)
    assert found["sha256"] == [generated.sha256()] * 6
    assert found["added"] <= room + 2 * BESIDES
