"""Carries out the answer faults of `sandbox.chaos`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate

from starlette.responses import RedirectResponse, Response

from sandbox.answers import Answer, envelope, unknown_task
from sandbox.chaos import Hit, Rule
from sandbox.wire import CutShort, Dripped, Dropped, Endless

_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
_TEXTS = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
          504: "Gateway Time-out"}  # fmt: skip


def spoil(hit: Hit, right: Response | None) -> Response:
    """The faulty answer in place of `right`, which is None when nothing was carried out."""
    rule = hit.rule
    if hit.name in _WITHOUT:
        return _WITHOUT[hit.name](rule)
    if right is None:
        raise ValueError(f"{hit.name} bends an answer, and there is none")
    return _BENT[hit.name](rule, right)


def _error(rule: Rule) -> Response:
    status = rule.status or 502
    return Answer({"message": rule.message or _TEXTS.get(status, "error"), "code": status}, status)


def _html(rule: Rule) -> Response:
    status = rule.status or 502
    text = _HTML.format(f"{status} {_TEXTS.get(status, 'Error')}")
    return Response(text, status, media_type="text/html")


def _rate_limited(rule: Rule) -> Response:
    value = rule.retry_after
    if value is not None and value.startswith("date:"):
        value = formatdate(time.time() + float(value.removeprefix("date:")), usegmt=True)
    headers = {} if value is None else {"Retry-After": value}
    return Answer({"error": {"message": "rate limit exceeded"}}, 429, headers)


def _truncated_json(rule: Rule, right: Response) -> Response:
    body = bytes(right.body)
    return Response(body[: len(body) // 2], right.status_code, media_type="application/json")


def _cut(rule: Rule, right: Response) -> Response:
    body = bytes(right.body)
    return CutShort(right.status_code, "application/json", body[: len(body) // 2], len(body))


def _only_id(rule: Rule, right: Response) -> Response:
    content = _content(right)
    name = "id" if "id" in content else "data"
    return Answer({name: content[name]}, 202)


def _no_id(rule: Rule, right: Response) -> Response:
    hidden = ("id", "data")
    return Answer({name: value for name, value in _content(right).items() if name not in hidden})


def _failed(rule: Rule, right: Response) -> Response:
    error = rule.message or "provider rejected prompt"
    return Answer({**_content(right), "status": "failed", "error": error})


def _wrapped(rule: Rule, right: Response) -> Response:
    content = _content(right)
    return right if "data" in content else Answer({"code": 0, "msg": None, "data": content})


def _content(right: Response) -> dict[str, object]:
    return dict(right.content) if isinstance(right, Answer) else {}


_WITHOUT: dict[str, Callable[[Rule], Response]] = {
    "reset": lambda rule: Dropped(reset=True),
    "lose_answer": lambda rule: Dropped(reset=True),
    "close": lambda rule: Dropped(reset=False),
    "hang": lambda rule: Dropped(reset=True, seconds=_or(rule.seconds, 3600)),
    "error": _error,
    "html": _html,
    "empty": lambda rule: Response(b"", rule.status or 200),
    "rate_limited": _rate_limited,
    "error_envelope": lambda rule: envelope(500, rule.message or "系统繁忙,请稍后再试"),
    "not_found": lambda rule: unknown_task(""),
}
_BENT: dict[str, Callable[[Rule, Response], Response]] = {
    "drip": lambda rule, right: Dripped(right, _or(rule.seconds, 10)),
    "cut": _cut,
    "truncated_json": _truncated_json,
    "accepted_202": _only_id,
    "no_id": _no_id,
    "failed_at_create": _failed,
    "wrapped": _wrapped,
}


@dataclass(frozen=True)
class MediaFile:
    """What a media link leads to; `other` makes it in another length, `elsewhere` is a redirect."""

    data: bytes
    media_type: str
    seconds: float
    elsewhere: str
    other: Callable[[float], Awaitable[bytes]]


async def spoil_media(hit: Hit, file: MediaFile) -> Response:
    """The faulty answer to a download."""
    if hit.name == "wrong_seconds":
        return _file(file, await file.other(max(1, file.seconds // 2)))
    if hit.name in _MEDIA:
        return _MEDIA[hit.name](hit.rule, file)
    return spoil(hit, _file(file, file.data))


def _file(file: MediaFile, data: bytes) -> Response:
    return Response(data, media_type=file.media_type)


def _cut_file(file: MediaFile, part: bytes, declared: int) -> Response:
    return CutShort(200, file.media_type, part, declared)


def _part(rule: Rule, file: MediaFile) -> bytes:
    return file.data[: int(len(file.data) * rule.fraction)]


def _flipped(data: bytes) -> bytes:
    """Inverted from the middle to nearly the end.

    The head stays, so it opens. A few bits in a large H.264 frame would only blur the picture; the
    second half has the lengths of many small frames, and a full decode does fail on those.
    """
    start, stop = len(data) // 2, len(data) * 9 // 10
    return data[:start] + bytes(byte ^ 0xFF for byte in data[start:stop]) + data[stop:]


_MEDIA: dict[str, Callable[[Rule, MediaFile], Response]] = {
    "expired": lambda rule, file: Response("expired", rule.status or 403),
    "zero_bytes": lambda rule, file: _file(file, b""),
    "truncated_media": lambda rule, file: _cut_file(file, _part(rule, file), len(file.data)),
    "short_media": lambda rule, file: _file(file, _part(rule, file)),
    "wrong_length": lambda rule, file: _cut_file(file, file.data, len(file.data) + 1000),
    "corrupt_media": lambda rule, file: _file(file, _flipped(file.data)),
    "wrong_media": lambda rule, file: _file(file, _HTML.format("404 Not Found").encode()),
    "redirect": lambda rule, file: RedirectResponse(rule.location or file.elsewhere, 302),
    "endless_media": lambda rule, file: Endless(file.media_type, file.data),
}


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
