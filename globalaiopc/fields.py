"""Reads single facts out of a decoded answer, whatever the integrator who documented it saw.

Everything here is total: any JSON gives a value or None, never an exception.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from pydantic import JsonValue

from globalaiopc.replies import Status

Table = Mapping[str, JsonValue]

# Wrappers around the task's own fields: `data` (docs and most), the others in single integrations.
_WRAPPERS = ("data", "result", "output", "task", "job")
_DEPTH = 3

_ACCEPTED_CODES = {"", "0", "200", "201", "202", "ok", "success"}
_STATUS_KEYS = ("status", "task_status", "taskStatus", "state")
_STATUSES: Mapping[str, Status] = {
    **dict.fromkeys(("queued", "queue", "pending", "waiting", "created", "submitted"), "queued"),
    **dict.fromkeys(
        ("processing", "running", "in_progress", "progress", "generating"), "processing"
    ),
    **dict.fromkeys(
        ("completed", "complete", "succeeded", "success", "done", "finished", "ok"), "completed"
    ),
    **dict.fromkeys(
        (
            *("failed", "failure", "fail", "error", "errored"),
            *("cancelled", "canceled", "expired", "aborted", "rejected"),
        ),
        "failed",
    ),
}

_ID_KEYS = ("id", "task_id", "taskId", "projectId", "project_id")
_LAST_RESORT_ID_KEYS = ("request_id", "requestId")

_MEDIA_KEYS = (
    *("video_url", "image_url", "audioUrl", "videoUrl", "imageUrl", "audio_url"),
    *("result_url", "resultUrl", "url", "officialMediaUrl", "upstream_url", "upstream_urls"),
)
_MEDIA_LISTS = ("image", "video", "images", "videos", "results")

_TEXT_KEYS = ("message", "msg", "errorMessage", "error_message", "detail", "reason", "fail_reason")
_CODE_KEYS = ("code", "error_code", "errorCode")
# What an envelope says when all is well. It is not the reason of a failure further in.
_FINE_WORDS = {*_ACCEPTED_CODES, "成功", "操作成功"}
_LONGEST_NUMBER = 40


@dataclass(frozen=True)
class Fields:
    """The facts in one JSON object. `layers` is the object and what it wraps, outermost first."""

    top: Table

    @cached_property
    def layers(self) -> tuple[Table, ...]:
        return tuple(_layers(self.top, _DEPTH))

    def first(self, *keys: str) -> JsonValue:
        """The first value that is there and not null: outer layers first, then by key."""
        for layer in self.layers:
            for key in keys:
                value = layer.get(key)
                if value is not None:
                    return value
        return None

    def text(self, *keys: str) -> str:
        """The first non-empty string among the keys."""
        return next((text for layer in self.layers if (text := _text_in(layer, keys))), "")

    @cached_property
    def code(self) -> str:
        """The envelope's code as lower-case text; number and string are the same (docs: both)."""
        return _code_text(self.top.get("code"))

    @property
    def accepted(self) -> bool:
        """Whether the envelope says yes, or there is none."""
        return self.code in _ACCEPTED_CODES

    @cached_property
    def raw_status(self) -> str:
        """The job's status as it was spelt. Inside `data` first: outside may be the envelope's."""
        inner = self.top.get("data")
        within = Fields(inner).text(*_STATUS_KEYS) if isinstance(inner, dict) else ""
        return within or self.text(*_STATUS_KEYS)

    @property
    def status(self) -> Status:
        """Any case, any synonym; a word nobody described is `unknown_word`: still running."""
        word = self.raw_status.strip().lower().replace("-", "_").replace(" ", "_")
        return _STATUSES.get(word, "unknown_word")

    @property
    def task_id(self) -> str:
        """The job's id, or "". A request id counts only when nothing else is there (seen: C8)."""
        return self._id(_ID_KEYS) or self._id(_LAST_RESORT_ID_KEYS)

    @property
    def has_own_id(self) -> bool:
        """Whether there is an id that can only be a job's (a request id is in errors as well)."""
        return bool(self._id(_ID_KEYS))

    def _id(self, keys: tuple[str, ...]) -> str:
        for layer in self.layers:
            for key in keys:
                value = layer.get(key)
                if isinstance(value, int) and not isinstance(value, bool):
                    return str(value) if abs(value) < 10**_LONGEST_NUMBER else ""
                if isinstance(value, str) and value.strip():
                    return clean(value)
        return ""

    @cached_property
    def media_url(self) -> str | None:
        """The one file of the job (docs: one task yields one file)."""
        for layer in self.layers:
            for key in _MEDIA_KEYS:
                if url := _url(layer.get(key)):
                    return url
            for key in _MEDIA_LISTS:
                if url := _url(layer.get(key)):
                    return url
        return None

    def url(self, *keys: str) -> str | None:
        for layer in self.layers:
            for key in keys:
                if url := _url(layer.get(key)):
                    return url
        return None

    @cached_property
    def error(self) -> JsonValue:
        """Whatever stands under `error`, when it says something: a text, an object."""
        for layer in self.layers:
            value = layer.get("error")
            if value and value is not True:
                return value
        return None

    @property
    def error_text(self) -> str:
        """What the provider says went wrong, for a person to read; "" when it says nothing."""
        if text := _text_of(self.error):
            return text
        texts = (_text_in(layer, _TEXT_KEYS) for layer in self.layers)
        return next((text for text in texts if text.lower() not in _FINE_WORDS), "")

    @property
    def error_code(self) -> str:
        """The error's own code, wherever it was put (seen: E10); "" when there is none."""
        error = self.error if isinstance(self.error, dict) else {}
        candidates = [error.get(key) for key in (*_CODE_KEYS, "type")]
        candidates += [layer.get(key) for layer in self.layers for key in _CODE_KEYS]
        words = (spelt(candidate) for candidate in candidates)
        return next(
            (word for word in words if word.lower() not in _ACCEPTED_CODES and len(word) <= 80), ""
        )


def decode(body: bytes) -> JsonValue:
    """The JSON in a body, None if there is none. Bytes that are not UTF-8 become U+FFFD."""
    try:
        decoded: JsonValue = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return decoded


def clean(text: str) -> str:
    """The text without lone surrogates, which JSON can spell and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def number(value: JsonValue) -> Decimal | None:
    """A number, or a string that holds one ("4.000000", "42%"); not negative, not infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_NUMBER:
        return None
    text = str(value).strip().removesuffix("%").strip()
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        parsed = Decimal(text)
    except InvalidOperation:
        return None
    # Without the bound, "1e999999" would be a legal Decimal and a million digits as an int.
    if not parsed.is_finite() or parsed < 0 or parsed.adjusted() > _LONGEST_NUMBER:
        return None
    return parsed


def whole(value: JsonValue) -> int | None:
    """A count; None when it is not a number."""
    parsed = number(value)
    return int(parsed) if parsed is not None else None


def real(value: JsonValue) -> float | None:
    """A float; None when it is not a number."""
    parsed = number(value)
    return float(parsed) if parsed is not None else None


def _layers(table: Table, depth: int) -> Iterator[Table]:
    yield table
    if depth == 0:
        return
    for key in _WRAPPERS:
        inner = table.get(key)
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, dict):
            yield from _layers(inner, depth - 1)


def _text_in(table: Table, keys: tuple[str, ...]) -> str:
    for key in keys:
        value = table.get(key)
        if isinstance(value, str) and value.strip():
            return clean(value)
    return ""


def _code_text(value: JsonValue) -> str:
    return spelt(value).lower()


def spelt(value: JsonValue) -> str:
    """A code or an id as text, number or string; "" when it is neither."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_NUMBER:
        return "number"
    return clean(str(value)).strip() if isinstance(value, int | float | str) else ""


def _url(value: JsonValue, depth: int = 3) -> str | None:
    """A web address in a string, in the first item of a list, or under `url` (seen: R12)."""
    if isinstance(value, str):
        text = value.strip()
        return clean(text) if text.lower().startswith(("http://", "https://")) else None
    if depth == 0:
        return None
    if isinstance(value, list):
        return next((url for item in value[:8] if (url := _url(item, depth - 1))), None)
    if isinstance(value, dict):
        found = (_url(value.get(key), depth - 1) for key in _MEDIA_KEYS)
        return next((url for url in found if url), None)
    return None


def _text_of(value: JsonValue, depth: int = 3) -> str:
    if isinstance(value, str):
        return clean(value).strip()
    if isinstance(value, list) and value and depth:
        return _text_of(value[0], depth - 1)
    if isinstance(value, dict) and depth:
        for key in (*_TEXT_KEYS, "error"):
            if text := _text_of(value.get(key), depth - 1):
                return text
        return spelt(value.get("code"))
    return ""
