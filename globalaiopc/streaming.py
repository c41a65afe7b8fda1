"""A text model's answer while it is being written."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from globalaiopc.answer import Answer
from globalaiopc.errors import GlobalAIOPCError, OutcomeUnknown, StreamCut
from globalaiopc.fields import decode
from globalaiopc.gathering import DONE, gathering_for, told_error
from globalaiopc.parse_text import parse_text, reply_of, told_failure
from globalaiopc.replies import ChatReply
from globalaiopc.sse import Event, EventReader
from globalaiopc.wire import Arriving

_BLANK = b" \t\r\n\xef\xbb\xbf"
_NO_EVENTS = (b"{", b"[", b"<")
"""How a body begins that is JSON or a web page. Its Content-Type is not asked: gateways set any."""


@dataclass(frozen=True)
class Call:
    """How the POST is made, and what its answer is read with. `settle` sees every outcome once."""

    endpoint: str
    open: Callable[[], AbstractAsyncContextManager[Arriving]]
    settle: Callable[[Callable[[], ChatReply]], ChatReply]
    wall: Callable[[], datetime]
    secret: str = field(repr=False)


class TextStream:
    """The pieces of an answer as they come, and the whole of it at the end.

        async with client.stream(request) as pieces:
            async for piece in pieces:
                print(piece, end="", flush=True)
        print(pieces.reply.output_tokens)

    Entering sends the request, once. Entering and reading raise as a call that is answered in one
    piece does; a stream that breaks off, or pauses for too long, before it said that the text had
    ended is a `StreamCut`. Leaving early closes the connection; what was written until then is paid
    for.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._gathering = gathering_for(call.endpoint)
        self._stack = AsyncExitStack()
        self._pieces: AsyncIterator[str] | None = None
        self._reply: ChatReply | None = None

    async def __aenter__(self) -> Self:
        arriving = await self._stack.enter_async_context(self._call.open())
        answer = Answer(
            arriving.status_code, b"", arriving.headers, self._call.secret, self._call.wall()
        )
        if not answer.ok:
            async with self._stack:
                body = b"".join([chunk async for chunk in arriving.chunks])
                self._parsed(replace(answer, body=body))
        self._pieces = self._run(answer, self._chunks(answer, arriving.chunks))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def __aiter__(self) -> AsyncIterator[str]:
        if self._pieces is None:
            raise RuntimeError("Use it as `async with client.stream(request) as pieces`.")
        return self._pieces

    @property
    def received(self) -> str:
        """The text so far."""
        return self._gathering.received

    @property
    def reply(self) -> ChatReply:
        """The whole answer, once all pieces were read."""
        if self._reply is None:
            raise RuntimeError("The answer has not been read to its end.")
        return self._reply

    async def rest(self) -> ChatReply:
        """Read to the end and return the whole answer."""
        async for _ in self:
            pass
        return self.reply

    async def _run(self, answer: Answer, chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
        """Every piece as soon as its event is there; then the reply is set."""
        so_far = self._gathering
        head = await _head(chunks)
        if head.lstrip(_BLANK).startswith(_NO_EVENTS):
            events = self._of_one_piece(answer, head, chunks)
        else:
            events = _events(head, chunks)
        async for name, event in events:
            self._heed(answer, name, event)
            if piece := so_far.take(name, event):
                yield piece
            if so_far.over:
                break
        if self._reply is not None:
            yield self._reply.text
            return
        if not so_far.whole:
            raise self._cut(answer, "The stream ended before its answer did.")
        self._reply = self._call.settle(lambda: reply_of(answer, so_far.said()))

    async def _of_one_piece(
        self, answer: Answer, head: bytes, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[tuple[str, JsonValue]]:
        """A stream that came as a JSON array (Gemini's other form), or no stream at all."""
        body = head + b"".join([chunk async for chunk in chunks])
        found = decode(body)
        if isinstance(found, list):
            for item in found:
                yield "", item
        else:
            self._reply = self._parsed(replace(answer, body=body))

    async def _chunks(self, answer: Answer, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks:
                yield chunk
        except OutcomeUnknown as exc:
            if not self._gathering.whole:
                raise self._cut(answer, exc.message) from exc

    def _heed(self, answer: Answer, name: str, event: JsonValue) -> None:
        """Raise the error that an event tells of, unless the text was there before it."""
        error = told_error(name, event)
        if error is None or self._gathering.whole:
            return
        failure = told_failure(answer, error, begun=self._gathering.begun)
        if isinstance(failure, OutcomeUnknown):
            failure = self._cut(answer, failure.message)
        self._call.settle(lambda: _raise(failure))

    def _parsed(self, answer: Answer) -> ChatReply:
        return self._call.settle(
            lambda: parse_text(
                self._call.endpoint,
                answer.status_code,
                answer.body,
                answer.headers,
                secret=answer.secret,
                wall=answer.wall,
            )
        )

    def _cut(self, answer: Answer, why: str) -> StreamCut:
        return StreamCut(
            f"{why} {len(self.received):,} characters had come.",
            received=self.received,
            request_id=answer.request_id,
            retry_after=answer.retry_after,
        )


async def _head(chunks: AsyncIterator[bytes]) -> bytes:
    """The body up to its first byte that is not blank."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if head.strip(_BLANK):
            break
    return head


async def _events(
    head: bytes, chunks: AsyncIterator[bytes]
) -> AsyncIterator[tuple[str, JsonValue]]:
    """Each event's name and what it holds; None for what is not JSON."""
    reader = EventReader()
    for event in reader.feed(head):
        yield event.name, _decoded(event)
    async for chunk in chunks:
        for event in reader.feed(chunk):
            yield event.name, _decoded(event)
    for event in reader.end():
        yield event.name, _decoded(event)


def _decoded(event: Event) -> JsonValue:
    return DONE if event.data.strip() == DONE else decode(event.data.encode())


def _raise(failure: GlobalAIOPCError) -> ChatReply:
    raise failure
