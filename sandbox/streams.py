"""Answers that arrive in parts, at the pace of a model that thinks: SSE, or a JSON array."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from starlette.responses import Response

from sandbox.answers import dump
from sandbox.chaos import Hit
from sandbox.wire import Paced

SSE = "text/event-stream; charset=utf-8"


@dataclass(frozen=True)
class Part:
    """Bytes that leave together. `spoken`: they carry a piece of the text, and took time."""

    data: bytes
    spoken: bool = False


@dataclass(frozen=True)
class Streamed:
    """A whole stream; the parts after the last spoken one end it.

    `failed` is what ends it when the model fails in the middle, after so many parts.
    """

    parts: tuple[Part, ...]
    failed: Callable[[int], Part]
    media_type: str = SSE


def event(body: object, *, name: str | None = None, spoken: bool = False) -> Part:
    """One server-sent event."""
    head = f"event: {name}\n".encode() if name else b""
    return Part(head + b"data: " + dump(body) + b"\n\n", spoken)


def answer(stream: Streamed, seconds: float, hit: Hit | None) -> Response:
    """The stream over `seconds`, or what the fault makes of it."""
    parts, whole = stream.parts, True
    if hit is not None and hit.name == "drip":
        seconds = 10 if hit.rule.seconds is None else hit.rule.seconds
    elif hit is not None and hit.name == "cut_stream":
        parts = _until(parts, hit.rule.after)
    elif hit is not None and hit.name == "stream_error":
        sent = _until(parts, hit.rule.after)
        parts = (*sent, stream.failed(len(sent)))
    elif hit is not None and hit.name in ("cut", "truncated_json"):
        parts, whole = _half(parts), hit.name == "truncated_json"
    return Paced(stream.media_type, _paced(parts, stream.parts, seconds), whole=whole)


def _paced(
    parts: Iterable[Part], all_parts: tuple[Part, ...], seconds: float
) -> list[tuple[float, bytes]]:
    share = seconds / max(1, sum(part.spoken for part in all_parts))
    return [(share if part.spoken else 0, part.data) for part in parts]


def _until(parts: tuple[Part, ...], spoken: int) -> tuple[Part, ...]:
    """What was sent when the stream broke off after this many pieces; never the end of it."""
    found: list[Part] = []
    last = max((at for at, part in enumerate(parts) if part.spoken), default=0)
    for at, part in enumerate(parts):
        if at > last or (part.spoken and sum(one.spoken for one in found) == spoken):
            break
        found.append(part)
    return tuple(found)


def _half(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Half the bytes, usually ending inside an event."""
    left = sum(len(part.data) for part in parts) // 2
    found = []
    for part in parts:
        found.append(replace(part, data=part.data[:left]))
        left -= len(part.data)
        if left <= 0:
            break
    return tuple(found)
