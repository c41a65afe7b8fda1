"""A brief as it was given, fit to be kept beside what came of it."""

import re

from pydantic import JsonValue

from flows.briefs import PRIVATE_FIELDS
from flows.work import Named
from globalaiopc import InvalidRequest
from ledger.receipt import check_asked

_ADDRESS = re.compile(
    r"(https?://)(?:[^\s/?#@]*@)?([^\s?#\"'<>]*)(?:[?#][^\s\"'<>]*)?", re.IGNORECASE
)


def as_given(brief: Named) -> dict[str, JsonValue]:
    """The brief's fields that say something, defaults such as its models among them.

    Of a web address only host and path are kept, wherever it stands: what is in front of the host
    or behind a `?` may be a secret. Of a private brief, its topic and prompts are left out.
    """
    said = brief.model_dump(mode="json", exclude_none=True)
    typed = brief.model_fields_set
    if said.get("private"):
        said = {name: value for name, value in said.items() if name not in PRIVATE_FIELDS}
    return {
        name: _public(value)
        for name, value in said.items()
        if value != [] and (value is not False or name in typed)
    }


def _public(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_public(one) for one in value]
    if not isinstance(value, str):
        return value
    text = _ADDRESS.sub(r"\1\2", value)
    try:
        check_asked({"": text})
    except InvalidRequest:
        return "(left out: it looks like a secret)"
    return text
