"""Answers that break the connection itself.

uvicorn offers no way to drop a connection, so its protocol class is extended to lay the transport
of each request into the ASGI scope.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "sandbox.transport"


class OpenHandedProtocol(H11Protocol):
    """h11 over asyncio, with `scope["sandbox.transport"]` set on each request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own arguments
        super().__init__(*args, **kwargs)
        inner = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_TRANSPORT] = self.transport
            await inner(scope, receive, send)

        self.app = with_transport


def _reset(scope: Scope) -> None:
    """RST: the peer sees "connection reset", and nothing that is still unsent leaves."""
    transport = scope[_TRANSPORT]
    if transport.is_closing():  # the client was quicker
        return
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


def _close(scope: Scope) -> None:
    """FIN after what was sent so far."""
    scope[_TRANSPORT].close()


async def _until_gone(receive: Receive) -> None:
    """Returns when the connection is gone; to return earlier would make uvicorn answer 500."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _part(send: Send, part: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": more})


class Dropped(Response):
    """No answer at all: after `seconds` of silence the connection is reset (or closed)."""

    def __init__(self, *, reset: bool, seconds: float = 0) -> None:
        super().__init__()
        self._by_reset, self._seconds = reset, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_until_gone(receive))
        if self._seconds:
            await asyncio.wait({gone}, timeout=self._seconds)
        (_reset if self._by_reset else _close)(scope)
        await gone


class CutShort(Response):
    """Declares `declared` bytes, sends `body`, and closes."""

    def __init__(self, status: int, media_type: str, body: bytes, declared: int) -> None:
        super().__init__()
        self._sent, self._status = body, status
        self._declared = {"content-type": media_type, "content-length": str(declared)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _start(send, self._status, self._declared)
        if self._sent:
            await _part(send, self._sent)
        _close(scope)
        await _until_gone(receive)


class Dripped(Response):
    """A whole and right answer, byte by byte over `seconds`."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__()
        self._whole, self._seconds = whole, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self._whole.body)
        pieces = [
            body[at : at + len(body) // 64 + 1] for at in range(0, len(body), len(body) // 64 + 1)
        ]
        await _start(send, self._whole.status_code, dict(self._whole.headers))
        for piece in pieces:
            await asyncio.sleep(self._seconds / len(pieces))
            await _part(send, piece)
        await _part(send, b"", more=False)


class Paced(Response):
    """Each part after its seconds; then the end, or (not `whole`) the connection closed without."""

    def __init__(self, media_type: str, parts: list[tuple[float, bytes]], *, whole: bool) -> None:
        super().__init__()
        self._parts, self._whole = parts, whole
        self._type = {"content-type": media_type, "cache-control": "no-cache"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_until_gone(receive))
        await _start(send, 200, self._type)
        for seconds, part in self._parts:
            if seconds:
                await asyncio.wait({gone}, timeout=seconds)
            if gone.done():
                return
            await _part(send, part)
        if self._whole:
            await _part(send, b"", more=False)
        else:
            _close(scope)
        await gone


class Endless(Response):
    """Begins with `body` and never ends; a client that waits for the end waits for ever."""

    def __init__(self, media_type: str, body: bytes) -> None:
        super().__init__()
        self._first, self._type = body, {"content-type": media_type}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(_until_gone(receive))
        await _start(send, 200, self._type)
        await _part(send, self._first)
        while not gone.done():
            await _part(send, b"\0" * 1024)
            await asyncio.wait({gone}, timeout=0.05)
