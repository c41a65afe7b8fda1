"""What parsers are fed: anything at all, and what is nearly right. Few in `make test`."""

import json
import os

from hypothesis import settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.nasty import BRIEF, UNSEEN

MANY = os.environ.get("EVERY_MODEL") == "1"


def examples(few: int) -> settings:
    """Many in `make test-all`."""
    return settings(max_examples=few * 40 if MANY else few)


texts = st.text(max_size=40) | st.sampled_from(BRIEF)
numbers = st.integers() | st.floats() | st.integers(10**300, 10**300 + 9)
leaves = st.none() | st.booleans() | numbers | texts
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nearly(draw: st.DrawFn, right: JsonValue) -> JsonValue:
    """`right` with a few of its values, however deep, replaced, left out or added to."""
    value: JsonValue = json.loads(json.dumps(right))
    for _ in range(draw(st.integers(1, 3))):
        value = _spoilt(draw, value, depth=draw(st.integers(0, 4)))
    return value


def _spoilt(draw: st.DrawFn, value: JsonValue, depth: int) -> JsonValue:
    if not depth or not isinstance(value, dict | list) or not value:
        return draw(anything)
    if isinstance(value, list):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], _spoilt(draw, value[at], depth - 1), *value[at + 1 :]]
    name = draw(st.sampled_from(sorted(value)))
    match draw(st.sampled_from(["replace", "leave out", "add"])):
        case "replace":
            return {**value, name: _spoilt(draw, value[name], depth - 1)}
        case "leave out":
            return {other: kept for other, kept in value.items() if other != name}
        case _:
            return {**value, draw(texts): draw(anything)}


@st.composite
def damaged(draw: st.DrawFn, right: bytes) -> bytes:
    """`right` cut, with bytes changed, taken out, doubled or put in."""
    body = bytearray(right)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        match draw(st.sampled_from(["change", "cut", "drop", "put in", "double"])):
            case "change":
                body[at : at + 1] = draw(st.binary(min_size=1, max_size=4))
            case "cut":
                del body[at:]
            case "drop":
                del body[at : at + draw(st.integers(1, 64))]
            case "put in":
                body[at:at] = draw(st.binary(max_size=64))
            case _:
                body[at:at] = body[at : at + draw(st.integers(1, 256))]
    return bytes(body)


def encoded(value: JsonValue) -> bytes:
    """As JSON; a half of a character as JSON spells it."""
    return json.dumps(value).encode()


def in_words(error: Exception, most: int = 6_000) -> None:
    """What people and logs are told can be shown."""
    told = str(error)
    assert not UNSEEN & set(told), ascii(told)
    assert len(told) < most
