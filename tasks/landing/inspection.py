"""What is learnt of a file while its parts stream by: hash, length, type, structure."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tasks.landing.boxes import BoxWalk, Patchwork
from tasks.landing.errors import NotMediaError
from tasks.landing.poster import jpeg_of
from tasks.landing.room import LandingRoom
from tasks.landing.sound import check_sound
from tasks.landing.verify import Facts, MediaType, check_image, check_video, sniff

WantedKind = Literal["image", "video", "audio"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that passed: `poster` is the JPEG of a frame, for a video that gave one.

    `source_sha256` is the hash of what came, where that is not what is kept.
    """

    media_type: MediaType
    sha256: str
    size: int
    facts: Facts
    poster: bytes | None = None
    source_sha256: str | None = None


class Inspection:
    """Feed it a file's parts in order, then `finish`. NotMediaError as soon as they are wrong.

    Holds all parts of a file up to `hold_bytes`; of a longer one only the first part and, of a
    video, the index, after `let_go` has handed the others over.
    """

    def __init__(self, kind: WantedKind, hold_bytes: int) -> None:
        self.held: deque[bytes] = deque()
        self.media_type: MediaType | None = None
        self.size = 0
        self._kind = kind
        self._hold_bytes = hold_bytes
        self._whole = True
        self._head = b""
        self._sha = hashlib.sha256()
        self.walk = BoxWalk()
        self._source_sha256: str | None = None
        self._hashing: asyncio.Task[None] | None = None

    async def feed(self, part: bytes) -> MediaType:
        """Take the next part. Returns the file's type, which the first part tells."""
        if self.media_type is None:
            self._head = part
            self.media_type = self._expect(sniff(part[:64]))
        if self._kind == "video":
            self.walk.feed(part)
        self.size += len(part)
        self.held.append(part)
        if self._kind == "image" and not self.fits:
            raise NotMediaError(f"the image is longer than {self._hold_bytes:,} bytes")
        # A part is hashed in a thread while the next one arrives; order is kept by waiting here.
        await self._hashed()
        self._hashing = asyncio.create_task(asyncio.to_thread(self._sha.update, part))
        return self.media_type

    async def extend(self, tail: bytes, part_bytes: int) -> None:
        """Take what is written behind the file that has come; its last part may still be short."""
        await self._hashed()
        self._source_sha256 = self._sha.hexdigest()
        self._sha.update(tail)
        self.walk.feed(tail)
        self.size += len(tail)
        room = part_bytes - len(self.held[-1]) if self.held else 0
        if room:
            self.held[-1] += tail[:room]
        if len(tail) > room:
            self.held.append(tail[room:])

    @property
    def fits(self) -> bool:
        """Whether the file is still held whole, and may be."""
        return self._whole and self.size <= self._hold_bytes

    def let_go(self, least: int = 0) -> Iterator[bytes]:
        """Hand over the parts held, each forgotten here as it is taken.

        One shorter than `least` bytes, which is the last, is kept.
        """
        self._whole = False
        while self.held and len(self.held[0]) >= least:
            yield self.held.popleft()

    def forget(self) -> None:
        """Let go of the parts held, when nobody else needs them."""
        for _ in self.let_go():
            pass

    async def finish(self, room: LandingRoom) -> Found:
        """All parts were fed: prove what can be proven of them (see `verify`)."""
        if self.media_type is None:
            raise NotMediaError("the file is empty")
        await self._hashed()
        async with room.core(self._kind):
            facts, poster = await asyncio.to_thread(self._check)
        return Found(
            self.media_type, self._sha.hexdigest(), self.size, facts, poster, self._source_sha256
        )

    def _expect(self, found: MediaType) -> MediaType:
        if found.kind != self._kind:
            raise NotMediaError(f"the file is {found.content_type}, not {self._kind}")
        return found

    def _check(self) -> tuple[Facts, bytes | None]:
        if self._kind == "image":
            return check_image(Patchwork.of_parts(self.held)), None
        if self._kind == "audio":
            return self._check_sound(), None
        self.walk.finish()
        if self._whole:
            file = Patchwork.of_parts(self.held)
        elif self.walk.moov is not None:
            file = Patchwork.of_head(self.size, self._head, self.walk.moov)
        else:
            return Facts(), None  # an index too large to keep: the box walk is the proof
        seen = check_video(file, self.size, whole=self._whole)
        return seen.facts, jpeg_of(seen.frame) if seen.frame else None

    def _check_sound(self) -> Facts:
        assert self.media_type is not None  # noqa: S101  # `finish` has looked
        parts = self.held if self._whole else [self._head]
        file = Patchwork.of_parts(parts)
        return check_sound(file, self.media_type, self.size, whole=self._whole)

    async def _hashed(self) -> None:
        if self._hashing is not None:
            await self._hashing
