"""A media host on a raw socket, because it has to break HTTP in ways no server library allows."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Self

CHUNK = 256 * 1024


@dataclass
class Answer:
    """What to send for one GET. `sent` bytes of the body go out, `declared` are promised."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None  # None: the body's true length
    length_stated: bool = True
    sent: int | None = None  # None: all of it
    reset: bool = False
    hang: bool = False
    silent: bool = False  # no answer at all
    stream: AsyncIterator[bytes] | None = None


@dataclass
class Asked:
    path: str
    headers: dict[str, str]


class MediaHost:
    """`answers[path]` are given in order, the last one for ever. `asked` is what came in."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.hanging = asyncio.Event()
        self._release = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release.set()
        self._server.close()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, path: str, *answers: Answer, host: str = "127.0.0.1") -> str:
        """The address of a file that is answered for like this; its query is the secret."""
        if answers:
            self.answers[path] = list(answers)
        return f"http://{host}:{self.port}{path}?Signature=canary-secret"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1].partition("?")[0]
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        self.asked.append(Asked(path, headers))
        script = self.answers.get(path, [Answer(status=404)])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.silent:
            return
        length = len(answer.body) if answer.declared is None else answer.declared
        lines = [f"HTTP/1.1 {answer.status} Whatever", "Connection: close"]
        lines += [f"Content-Length: {length}"] if answer.length_stated else []
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        body = answer.body[: answer.sent]
        for start in range(0, len(body), CHUNK):
            writer.write(body[start : start + CHUNK])
            await writer.drain()
        if answer.stream is not None:
            async for chunk in answer.stream:
                writer.write(chunk)
                await writer.drain()
        if answer.hang:
            self.hanging.set()
            await self._release.wait()
        if answer.reset:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
