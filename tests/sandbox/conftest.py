"""One sandbox for all tests of this folder, emptied before each, and a host for references."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.sandbox.running import FAST, Running


@pytest.fixture(scope="session")
def _shared() -> Iterator[Running]:
    running = Running.start(*FAST)
    yield running
    assert running.stop() == 0


@pytest.fixture
def box(_shared: Running) -> Running:
    """A sandbox whose jobs are done as soon as they are accepted."""
    _shared.reset()
    return _shared


@dataclass
class ReferenceHost:
    """Files by path; a number in place of the bytes is answered as that status."""

    base: str
    files: dict[str, bytes | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, what: bytes | int) -> str:
        self.files[f"/{name}"] = what
        return f"{self.base}/{name}"


@pytest.fixture
def host() -> Iterator[ReferenceHost]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            what = found.files.get(self.path, 404)
            self.send_response(what if isinstance(what, int) else 200)
            body = b"" if isinstance(what, int) else what
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = ReferenceHost(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()
