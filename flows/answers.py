"""The JSON object that a chat model is asked for: found in its answer, judged, repaired, stored."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from flows.briefs import unsendable
from flows.errors import ScriptInvalid, ScriptUnreadable
from globalaiopc.faults import first_fault
from globalaiopc.requests import ChatMessage

_QUOTED_BACK = 4_000  # characters of a bad answer that are sent back to have it repaired
_STARTS_TRIED = 50  # opening braces looked at, so that a wall of braces costs nothing

T = TypeVar("T")
Fields = dict[str, JsonValue]


class StoredAnswer(BaseModel):
    """What every `script.json` holds. Unknown fields of later writers are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    brief_id: str

    def to_bytes(self) -> bytes:
        return self.model_dump_json(indent=2).encode() + b"\n"

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """Raises `ScriptUnreadable` when the file is of another kind, or of a newer one."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as exc:
            field, why = first_fault(exc, whole="the file")
            raise ScriptUnreadable(f"script.json cannot be read: {field}: {why}.") from None


def conversation(system: str, asks: list[str]) -> tuple[ChatMessage, ...]:
    """What to ask of the chat model, one line for each thing that is asked."""
    return (
        ChatMessage(role="system", content=system),
        ChatMessage(role="user", content="\n".join(asks)),
    )


def repair(previous_text: str, problem: str, shape: str) -> tuple[ChatMessage, ...]:
    """What to append to the conversation so that the model repairs its answer to this shape."""
    return (
        ChatMessage(role="assistant", content=previous_text[:_QUOTED_BACK] or "(empty)"),
        ChatMessage(
            role="user", content=f"{problem}\nAnswer again with only the JSON object: {shape}"
        ),
    )


def first_good(text: str, read: Callable[[Fields], T], invalid: type[ScriptInvalid]) -> T:
    """What `read` makes of the first object in an answer that it takes.

    The object may stand in a code fence, in prose, or in another object. The keys that `read` sees
    are bare: lower case, letters only.

    Raises what `read` raised of the outermost object, or `invalid` when there is none.
    """
    nearest: ScriptInvalid | None = None
    for found in _objects_in(text):
        try:
            return read({re.sub("[^a-z]", "", key.lower()): found[key] for key in found})
        except ScriptInvalid as exc:
            nearest = nearest or exc
    if nearest:
        raise nearest
    raise invalid("There is no JSON object in the answer." if text.strip() else "It is empty.")


def text_under(
    aliases: tuple[str, ...], found: Fields, field: str, cap: int, invalid: type[ScriptInvalid]
) -> str:
    """The text under the first of the bare keys that is there, at most `cap` characters.

    Raises `invalid`, whose message says what is wrong with `field`.
    """
    given = next((found[alias] for alias in aliases if alias in found), None)
    if given is None:
        raise invalid(f"{field} is missing.")
    if not isinstance(given, str):
        raise invalid(f"{field} is not a text.")
    text = given.strip()
    if not text:
        raise invalid(f"{field} is empty.")
    if len(text) > cap:
        raise invalid(f"{field} has {len(text):,} characters, at most {cap:,}.")
    if why := unsendable(text):
        raise invalid(f"{field}: {why}")
    return text


def _objects_in(text: str) -> Iterator[Fields]:
    """Every JSON object that begins somewhere in the text, outermost first."""
    decoder = json.JSONDecoder()
    for tried, brace in enumerate(re.finditer(r"\{", text)):
        if tried == _STARTS_TRIED:
            return
        try:
            found, _ = decoder.raw_decode(text, brace.start())
        except (ValueError, RecursionError):
            continue
        yield found
