"""Clocks that do not wait, and servers that break off where a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx

from globalaiopc import GlobalAIOPCClient, NanoBananaRequest, TaskView

KEY = "k-canary-5f3a9b7c1d"
IMAGE = NanoBananaRequest(model="nano-banana-2", prompt="a paper boat")


class FakeClock:
    """Time that passes only when everybody sleeps: then it jumps to whoever wakes first."""

    _QUIET = 50  # turns of the loop in which nobody else did anything: more than a request needs

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int]] = []
        self._quiet = 0

    def now(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        mine = (self.seconds + seconds, len(self.slept))
        self._sleepers.append(mine)
        self._quiet = 0
        try:
            while min(self._sleepers) != mine or self._quiet < self._QUIET:
                if min(self._sleepers) == mine:
                    self._quiet += 1
                await asyncio.sleep(0)
            self.seconds = max(self.seconds, mine[0])
        finally:
            self._sleepers.remove(mine)
            self._quiet = 0


class Script:
    """Answers one after the other; the last one for ever. Remembers what was asked, and when."""

    def __init__(self, *answers: object, clock: FakeClock | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.clock = clock

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.clock:
            self.times.append(self.clock.now())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return httpx.Response(200, json=answer)


def client_for(
    handler: Callable[[httpx.Request], httpx.Response], clock: FakeClock | None = None, **options
) -> GlobalAIOPCClient:
    return GlobalAIOPCClient(
        KEY, clock=clock or FakeClock(), transport=httpx.MockTransport(handler), **options
    )


def view(status: str = "processing", **more: object) -> TaskView:
    return TaskView(task_id="t-1", status=status, raw_status=status, **more)


def body(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(handler: Handler) -> AsyncIterator[str]:
    """A real server on a free port of 127.0.0.1; the media base URL that leads to it."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await handler(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/kyyReactApiServer"
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await server.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)


def http_answer(content: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content
