"""A text request in one form, whatever its dialect, and what a dialect has to know.

The reading helpers here refuse what the real services refuse: wrong types and numbers out of range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from sandbox.answers import Answer
from sandbox.asked import Kind
from sandbox.streams import Streamed

Body = Mapping[str, JsonValue]
Turns = tuple[tuple[str, str], ...]

MEDIA_TOKENS = 258
"""What an image (or another attachment) counts as, beside the words."""
_PIECES = 8


class BadAsk(Exception):
    """The request is refused, as `text` says; nothing was accepted or billed."""

    def __init__(
        self, text: str, *, status: int = 400, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(text)
        self.text, self.status, self.code, self.param = text, status, code, param


@dataclass(frozen=True)
class Call:
    """A request as it came in; `path_model` is empty but in Gemini's dialect."""

    body: Body = field(repr=False)
    path_model: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """An image beside the words (for Gemini also films and sounds): an http(s) URL or data URI."""

    url: str = field(repr=False)
    kind: Kind = "image"


@dataclass(frozen=True)
class TextAsked:
    """`limit`: tokens of the reply.

    `schema`: the reply is JSON of this schema; an empty one means any object; None is free text.
    `previous`: the id of the response that this one goes on from; `kept`: later ones may, too.
    """

    call: Call
    model: str
    system: str
    turns: Turns
    shown: tuple[Shown, ...] = ()
    limit: int | None = None
    schema: Body | None = None
    stream: bool = False
    previous: str | None = None
    kept: bool = False

    @property
    def words(self) -> str:
        return " ".join([self.system, *(text for _, text in self.turns)]).strip()


@dataclass(frozen=True)
class Said:
    """The reply. `cut`: it reached the limit of tokens; `created` is in Unix seconds."""

    id: str
    created: float
    text: str
    cut: bool
    input_tokens: int
    output_tokens: int

    def pieces(self) -> list[str]:
        """The text in the parts that a stream says it in."""
        size = max(1, -(-len(self.text) // _PIECES))
        return [self.text[at : at + size] for at in range(0, len(self.text), size)]


class Dialect(Protocol):
    """One text endpoint: how it is asked, and how it answers.

    `route` is its name in fault plans, `endpoint` its name in the catalogue.
    """

    @property
    def route(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def id_prefix(self) -> str: ...

    def read(self, call: Call) -> TextAsked:
        """The request in the common form, or `BadAsk`."""

    def error(self, refusal: BadAsk) -> Answer:
        """The dialect's error of that status."""

    def whole(self, asked: TextAsked, said: Said) -> Mapping[str, object]:
        """The body of an answer in one piece."""

    def streamed(self, asked: TextAsked, said: Said) -> Streamed:
        """The same answer as a stream."""


def number(body: Body, name: str, low: float, high: float) -> None:
    """Refuses a number that is none or out of range; what is absent is fine."""
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadAsk(f"Invalid '{name}': expected a number from {low} to {high}.", param=name)


def positive(body: Body, *names: str) -> int | None:
    """The first of the fields that is there; it must be a whole number above 0."""
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadAsk(f"Invalid '{name}': expected an integer of 1 or more.", param=name)
        return value
    return None


def flag(body: Body, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadAsk(f"Invalid type for '{name}': expected a boolean.", param=name)
    return bool(value)


def text(body: Body, name: str) -> str:
    """A field that must be there, and a text with something in it."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadAsk(f"Missing required parameter: '{name}'.", param=name)
    return value


def objects(body: Body, name: str) -> list[Body]:
    """A field that must be a list of objects with at least one in it."""
    value = body.get(name)
    if not isinstance(value, list) or not value:
        raise BadAsk(f"Invalid '{name}': expected a non-empty array.", param=name)
    found = [item for item in value if isinstance(item, dict)]
    if len(found) != len(value):
        raise BadAsk(f"Invalid '{name}': expected an array of objects.", param=name)
    return list(found)


def inner(body: Body, *names: str) -> Body:
    """The object in the first of the fields that holds one, else an empty one."""
    for name in names:
        value = body.get(name)
        if isinstance(value, dict):
            return value
        if value is not None:
            raise BadAsk(f"Invalid type for '{name}': expected an object.", param=name)
    return {}
