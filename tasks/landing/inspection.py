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
from tasks.landing.sound import check_sound
from tasks.landing.verify import Facts, MediaType, check_image, check_video, sniff

WantedKind = Literal["image", "video", "audio"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that passed: `poster` is the JPEG of a frame, for a video that gave one."""

    media_type: MediaType
    sha256: str
    size: int
    facts: Facts
    poster: bytes | None = None


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
        self._walk = BoxWalk()
        self._hashing: asyncio.Task[None] | None = None

    async def feed(self, part: bytes) -> MediaType:
        """Take the next part. Returns the file's type, which the first part tells."""
        if self.media_type is None:
            self._head = part
            self.media_type = self._expect(sniff(part[:64]))
        if self._kind == "video":
            self._walk.feed(part)
        self.size += len(part)
        self.held.append(part)
        if self._kind == "image" and not self.fits:
            raise NotMediaError(f"the image is longer than {self._hold_bytes:,} bytes")
        # A part is hashed in a thread while the next one arrives; order is kept by waiting here.
        await self._hashed()
        self._hashing = asyncio.create_task(asyncio.to_thread(self._sha.update, part))
        return self.media_type

    @property
    def fits(self) -> bool:
        """Whether the file is still held whole, and may be."""
        return self._whole and self.size <= self._hold_bytes

    def let_go(self) -> Iterator[bytes]:
        """Hand over the parts held, each forgotten here as it is taken."""
        self._whole = False
        while self.held:
            yield self.held.popleft()

    def forget(self) -> None:
        """Let go of the parts held, when nobody else needs them."""
        for _ in self.let_go():
            pass

    async def finish(self, decodes: asyncio.Semaphore) -> Found:
        """All parts were fed: prove what can be proven of them (see `verify`)."""
        if self.media_type is None:
            raise NotMediaError("the file is empty")
        await self._hashed()
        async with decodes:
            facts, poster = await asyncio.to_thread(self._check)
        return Found(self.media_type, self._sha.hexdigest(), self.size, facts, poster)

    def _expect(self, found: MediaType) -> MediaType:
        if found.kind != self._kind:
            raise NotMediaError(f"the file is {found.content_type}, not {self._kind}")
        return found

    def _check(self) -> tuple[Facts, bytes | None]:
        if self._kind == "image":
            return check_image(Patchwork.of_parts(self.held)), None
        if self._kind == "audio":
            return self._check_sound(), None
        self._walk.finish()
        if self._whole:
            file = Patchwork.of_parts(self.held)
        elif self._walk.moov is not None:
            file = Patchwork.of_head(self.size, self._head, self._walk.moov)
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
