"""Reads the fields of a request's body, and refuses what is not of the documented type."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue
from starlette.responses import Response

from sandbox import answers
from sandbox.endpoints.shape import Endpoint, Slot, Spelling

Body = Mapping[str, JsonValue]

_NOTHING: tuple[JsonValue, ...] = (None, "", [])


class Rejected(Exception):
    """The request is refused with `answer`; nothing was accepted or charged."""

    def __init__(self, answer: Response) -> None:
        super().__init__("rejected")
        self.answer = answer


def invalid(text: str) -> Rejected:
    return Rejected(answers.invalid(text))


def missing(endpoint: Endpoint, field: str) -> Rejected:
    """v1 names it under HTTP 200; v2 refuses it as it does anything else."""
    if endpoint.api == "v2":
        return invalid(f"{field} is required.")
    return Rejected(answers.missing(field))


def is_given(body: Body, name: str) -> bool:
    return body.get(name) not in _NOTHING


def text(endpoint: Endpoint, body: Body, field: str, default: str = "") -> str:
    """A field that must be there, unless there is a default."""
    if not is_given(body, field):
        if default:
            return default
        raise missing(endpoint, field)
    value = body[field]
    if not isinstance(value, str):
        raise invalid(f"{field} must be a string.")
    return value


def one(body: Body, slot: Slot) -> tuple[str, JsonValue]:
    """The name that was used and its value, or ("", None)."""
    given = [name for name in slot.names if is_given(body, name)]
    if len(given) > 1:
        if not slot.renamed:
            raise invalid(f"{given[0]} and {given[1]} cannot be used together.")
        if body[given[0]] != body[given[1]]:
            raise invalid(f"Parameter conflict: {given[0]} and {given[1]} have different values.")
    return (given[0], body[given[0]]) if given else ("", None)


def whole_number(spelling: Spelling, name: str, value: JsonValue, allowed: str) -> int:
    """A length in seconds. Most fields take an integer, few take text such as "10"."""
    as_text = isinstance(value, str) and value.isdigit()
    if as_text and (name in spelling.seconds_as_text or spelling.seconds_either_way):
        return int(str(value))
    if name in spelling.seconds_as_text:
        raise invalid(f"{name} must be a string, one of {allowed}.")
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name} must be an integer, one of {allowed}.")
    return value


def addresses(name: str, value: JsonValue) -> tuple[str, ...]:
    """One address or a list of them."""
    found = value if isinstance(value, list) else [] if value is None else [value]
    urls = tuple(url for url in found if isinstance(url, str) and url)
    if len(urls) != len(found):
        raise invalid(f"{name} must hold public http(s) URLs.")
    return urls
