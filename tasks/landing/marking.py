"""A label written into PNG, JPEG and MP4 while they stream by; what is not plain is left alone.

    PNG     iTXt and tEXt chunks right after IHDR
    JPEG    an APP1 segment after those that have to be first (JFIF, Exif)
    MP4     a `uuid` box behind all others, so that no offset in the index changes

Left as they are: other kinds, what has XMP already, what is signed (C2PA content credentials cover
every byte of the file and would be broken; they say more than a label), an MP4 made of fragments or
whose last box runs to the end, and a file whose beginning cannot be read.
"""

import asyncio
import hashlib
import logging
import struct
import zlib
from collections.abc import AsyncGenerator, Callable

from tasks.landing.boxes import BoxWalk
from tasks.landing.label import SOFTWARE, Label
from tasks.landing.verify import JPEG, MP4, PNG, MediaType, sniff

Parts = AsyncGenerator[bytes, None]
Mark = tuple[int, bytes]
"""At which byte, and what is written there."""

XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
XMP_KEYWORD = b"XML:com.adobe.xmp"
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
PNG_HEADER_ENDS = 33
SIGNED_CHUNK = b"caBX"
APP0, APP1, APP11, START_OF_SCAN = 0xE0, 0xE1, 0xEB, 0xDA
MOST_PIECES = 1000
"""Chunks or segments before the picture itself: tens at most, in files that are meant well."""
SNIFFED = 64

log = logging.getLogger(__name__)


class Marking:
    """Marks one file: what belongs near its beginning by `parts`, what belongs behind by `tail`.

    `source_sha256` is the hash of a PNG or JPEG before it was marked, once its parts are through.
    """

    def __init__(self, label: Label | None, part_bytes: int) -> None:
        self._label = label
        self._part_bytes = part_bytes
        self.source_sha256: str | None = None

    async def parts(self, source: Parts) -> Parts:
        """The parts of `source`, marked, of the same size as before: some stores insist on that."""
        digest = hashlib.sha256()
        mark: Mark | None = None
        first = True
        async for part in source:
            if first:
                first, mark = False, self._head_mark(part)
            if mark is None:
                yield part
                continue
            await asyncio.to_thread(digest.update, part)
            at, written = mark
            cut = self._part_bytes - len(written)
            whole = memoryview(part)
            together = b"".join((whole[:at], written, whole[at:cut]))
            # What is left over comes before the next part.
            left = b"" if len(part) > cut else together
            mark = 0, left or bytes(whole[cut:])
            if not left:
                yield together
        if mark is not None:
            self.source_sha256 = digest.hexdigest()
            yield mark[1]

    def tail(self, media_type: MediaType | None, walk: BoxWalk) -> bytes:
        """What is to follow a file that has ended; nothing where that would not be safe."""
        if self._label is None or media_type is not MP4 or not walk.may_go_on:
            return b""
        payload = XMP_BOX + self._label.xmp()
        return struct.pack(">I4s", len(payload) + 8, b"uuid") + payload

    def _head_mark(self, head: bytes) -> Mark | None:
        if self._label is None:
            return None
        try:
            find = _FINDERS.get(sniff(head[:SNIFFED]))
            mark = find(head, self._label) if find else None
        except Exception as error:  # a label is not worth a file; landing itself judges the bytes
            log.info("A file is landed without a label: %s", type(error).__name__)
            return None
        return mark if mark and mark[0] + len(mark[1]) <= self._part_bytes else None


def _in_png(head: bytes, label: Label) -> Mark | None:
    if head[8:16] != b"\0\0\0\x0dIHDR":
        return None
    at = PNG_HEADER_ENDS
    for _ in range(MOST_PIECES):
        kind = head[at + 4 : at + 8]
        if kind == b"IDAT":
            return PNG_HEADER_ENDS, _png_chunks(label)
        if kind == SIGNED_CHUNK or (kind == b"iTXt" and head.startswith(XMP_KEYWORD, at + 8)):
            return None
        at += _number(head, at, 4) + 12
    return None


def _png_chunks(label: Label) -> bytes:
    chunks = [_chunk(b"iTXt", XMP_KEYWORD + bytes(5) + label.xmp())]
    if label.text:
        chunks.append(_chunk(b"iTXt", b"Description" + bytes(5) + label.text.encode()))
    chunks.append(_chunk(b"tEXt", b"Software\0" + SOFTWARE.encode("latin-1")))
    return b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _in_jpeg(head: bytes, label: Label) -> Mark | None:
    at = place = 2
    leading = True
    for _ in range(MOST_PIECES):
        marker = head[at + 1]
        if marker == START_OF_SCAN:
            payload = XMP_SEGMENT + label.xmp()
            return place, b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload
        if head[at] != 0xFF or not 0xC0 <= marker <= 0xFE or 0xD0 <= marker <= 0xD9:
            return None
        if marker == APP11 or (marker == APP1 and head.startswith(XMP_SEGMENT, at + 4)):
            return None
        exif = marker == APP1 and head.startswith(b"Exif\0", at + 4)
        leading = leading and (marker == APP0 or exif)
        at += 2 + _number(head, at + 2, 2)
        place = at if leading else place
    return None


def _number(data: bytes, at: int, size: int) -> int:
    """IndexError when that many bytes are not there."""
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big")


_FINDERS: dict[MediaType, Callable[[bytes, Label], Mark | None]] = {PNG: _in_png, JPEG: _in_jpeg}
