"""The outermost structure of MP4 and QuickTime files, and seekable files made of pieces."""

import io
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tasks.landing.errors import NotMediaError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Piece = tuple[int, bytes | bytearray]

MOOV_CAP = 16 * 1024 * 1024
MAX_BOXES = 100_000  # fragments of half a second give 14,400 an hour; each costs us microseconds
TO_THE_END = 0
LARGE_SIZE = 1
TOUCH_ME_NOT = frozenset({b"uuid", b"moof", b"mfra", b"sidx", b"styp"})


class BoxWalk:
    """Follows the boxes of an MP4 as its bytes stream by; keeps only the index (`moov`).

    A complete file is a chain of boxes whose sizes add up exactly to its length, with a `moov` and
    an `mdat` among them. That catches a file cut anywhere, also one whose header still opens and
    states its full duration. An `mdat` that runs "to the end" (size 0) proves nothing by itself.
    """

    def __init__(self) -> None:
        self.size = 0
        self.moov: tuple[int, bytearray] | None = None
        self._seen: set[bytes] = set()
        self._count = 0
        self._header = bytearray()
        self._kind = b""
        self._left = 0
        self._to_the_end = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes. NotMediaError when they cannot be boxes."""
        view = memoryview(data)
        while view:
            if self._left or self._to_the_end:
                taken = len(view) if self._to_the_end else min(self._left, len(view))
                self._keep(view[:taken])
                self._left = max(0, self._left - taken)
            else:
                taken = min(self._header_length() - len(self._header), len(view))
                self._header += view[:taken]
                self._start_box_if_known(self.size + taken)
            self.size += taken
            view = view[taken:]

    def finish(self) -> None:
        """All bytes were fed. NotMediaError when they are not a complete file."""
        if self._header or self._left:
            missing = f"{self._left} bytes before its {_name(self._kind)} box does"
            raise NotMediaError(f"the file ends {missing if self._left else 'inside a box header'}")
        for kind in (b"moov", b"mdat"):
            if kind not in self._seen:
                raise NotMediaError(f"the file has no {_name(kind)} box")

    @property
    def may_go_on(self) -> bool:
        """Whether the file is whole by now, and another box behind it would disturb nobody.

        Not where the last box runs to the end, an index of fragments has to be the last box, or a
        box with a meaning of its own (XMP, a signature over all bytes) is there already.
        """
        whole = not (self._header or self._left or self._to_the_end)
        return whole and {b"moov", b"mdat"} <= self._seen and not self._seen & TOUCH_ME_NOT

    def _header_length(self) -> int:
        long = len(self._header) >= 8 and int.from_bytes(self._header[:4], "big") == LARGE_SIZE
        return 16 if long else 8

    def _start_box_if_known(self, position: int) -> None:
        length = self._header_length()
        if len(self._header) < length:
            return
        self._kind, size = read_box(self._header)
        self._to_the_end = size == TO_THE_END
        self._left = 0 if self._to_the_end else size - length
        self._seen.add(self._kind)
        self._count += 1
        if self._count > MAX_BOXES:
            raise NotMediaError(f"the file has more than {MAX_BOXES:,} boxes")
        if self._kind == b"moov" and self.moov is None and size <= MOOV_CAP:
            self.moov = (position - length, bytearray(self._header))
        self._header.clear()

    def _keep(self, data: memoryview) -> None:
        if self._kind == b"moov" and self.moov is not None:
            self.moov[1].extend(data)


class Patchwork(io.RawIOBase):
    """A seekable, read-only file of `size` bytes of which only some pieces are known.

    `pieces` are (offset, bytes) and do not overlap. What no piece covers reads as zeros. Nothing is
    copied until it is read.
    """

    def __init__(self, size: int, pieces: Sequence[Piece]) -> None:
        super().__init__()
        self.size = size
        self._pieces = sorted(pieces, key=lambda piece: piece[0])
        self._offsets = [offset for offset, _ in self._pieces]
        self._position = 0

    @classmethod
    def of_parts(cls, parts: Iterable[bytes]) -> "Patchwork":
        """The whole file, from parts that follow each other."""
        pieces: list[Piece] = []
        size = 0
        for part in parts:
            pieces.append((size, part))
            size += len(part)
        return cls(size, pieces)

    @classmethod
    def of_head(cls, size: int, head: bytes, moov: Piece | None) -> "Patchwork":
        """A file of which the first bytes and, wherever it lies, the index are known."""
        pieces: list[Piece] = [(0, head)]
        if moov is not None and moov[0] + len(moov[1]) > len(head):
            pieces = [(0, head[: moov[0]]), moov]
        return cls(size, pieces)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer, or to the end: Pillow takes a shorter read for a file that is cut."""
        target = memoryview(buffer).cast("B")[: max(0, self.size - self._position)]
        filled = 0
        while filled < len(target):
            filled += self._piece_into(target[filled:], self._position + filled)
        self._position += filled
        return filled

    def _piece_into(self, target: memoryview, position: int) -> int:
        """Fill at most to the end of the piece, or gap, at this position."""
        at = bisect_right(self._offsets, position) - 1
        gap_ends = self._offsets[at + 1] if at + 1 < len(self._offsets) else self.size
        offset, piece = self._pieces[at] if at >= 0 else (0, b"")
        inside = position - offset
        if inside < len(piece):
            read = min(len(target), len(piece) - inside)
            target[:read] = memoryview(piece)[inside : inside + read]
        else:
            read = min(len(target), gap_ends - position)
            target[:read] = bytes(read)
        return read


def read_box(header: bytes | bytearray) -> tuple[bytes, int]:
    """The kind and whole size of the box that starts with these 8 or, if they have come, 16 bytes.

    A size of 0 means "to the end of the file". NotMediaError when this is no box.
    """
    kind = bytes(header[4:8])
    size = int.from_bytes(header[:4], "big")
    least = 8
    if size == LARGE_SIZE:
        size, least = int.from_bytes(header[8:16], "big"), 16
    if (size < least and size != TO_THE_END) or len(kind) < 4 or not _is_kind(kind):
        raise NotMediaError("the file is not made of MP4 boxes")
    return kind, size


def _is_kind(kind: bytes) -> bool:
    return all(32 <= byte < 127 or byte == 0xA9 for byte in kind)


def _name(kind: bytes) -> str:
    return kind.decode("latin-1")
