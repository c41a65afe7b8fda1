"""A media host whose files are made while they are sent: of any length, and stored nowhere.

`python -m benchmarks.media_host --port N`; GET /film?size=BYTES is an MP4 of exactly that length:
a real film with its index in front, then one `free` box to fill it up. GET /raw?size=BYTES is the
filling alone. Threads and `sendall`, so that the host is never what is waited for.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sandbox.films import Film, write
from sandbox.processes import Child
from sandbox.services import Service, clean_environment, responds

BLOCK = random.Random(1).randbytes(2**20)
_BOX = 16
_TO_COME = 1  # an MP4 box whose length is in the next eight bytes


def film() -> bytes:
    """Three seconds of H.264, the index in front."""
    made = Film(prompt="benchmark", tag="", size=(640, 360), seconds=3, seed="film", reference=None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write(made, path)
        return path.read_bytes()


def pieces(start: bytes, size: int) -> Iterator[bytes]:
    """A film of `size` bytes; ValueError when the film alone is longer."""
    filling = size - len(start)
    if filling < _BOX:
        raise ValueError(f"A film has at least {len(start) + _BOX} bytes.")
    yield start
    yield _TO_COME.to_bytes(4, "big") + b"free" + filling.to_bytes(8, "big")
    yield from raw(filling - _BOX)


def raw(size: int) -> Iterator[bytes]:
    """So many bytes that do not compress."""
    whole, rest = divmod(size, len(BLOCK))
    for _ in range(whole):
        yield BLOCK
    yield BLOCK[:rest]


class Generated(io.RawIOBase):
    """`size` bytes to be read as a file, for an upload without a download."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        left = self._size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        self._at += wanted
        return b"".join(raw(wanted))


class MediaHost(Service):
    """The media host as a child process."""

    name = "The media host"
    awaited = "its answer"

    def spawn(self, ports: Sequence[int]) -> Child:
        self.url = f"http://127.0.0.1:{ports[0]}"
        command = [sys.executable, "-m", "benchmarks.media_host", "--port", str(ports[0])]
        root = Path(__file__).resolve().parents[1]
        return Child(self.name, command, env=clean_environment(), log=self.log, cwd=root)

    def answers(self) -> bool:
        return responds(f"{self.url}/raw?size=1")


def _handler(start: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            size = int(parse_qs(asked.query)["size"][0])
            is_film = asked.path == "/film"
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4" if is_film else "video/raw")
            self.send_header("Content-Length", str(size))
            self.end_headers()
            for piece in pieces(start, size) if is_film else raw(size):
                self.wfile.write(piece)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Nobody reads them."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    address = ("127.0.0.1", parser.parse_args().port)
    with ThreadingHTTPServer(address, _handler(film())) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
