"""The API key: where it comes from and what is refused before it is ever sent.

No sentence here holds the key or a part of it.
"""

import hashlib
import os
import re
from collections.abc import Callable

from globalaiopc.errors import MalformedKey, MissingKey

KEY_VARIABLE = "GLOBALAIOPC_API_KEY"

_BEARER = re.compile(r"\s*[\"']?(authorization\s*:\s*)?bearer(\s|:|$)", re.IGNORECASE)
_LINE_ENDS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_PLACEHOLDER = re.compile(
    r"<.*>|\[.*\]|\{.*\}|\$.*|%.*%"  # <key>, {key}, ${KEY}, $KEY, %KEY%
    r"|(sk-)?[x*.…]+"  # xxx, sk-xxx, ***, ...
    r"|(sk-)?(your|my|the|insert|put|enter|paste)\b.*"
    r"|(sk-)?(api-?)?(key|token|secret)(-here)?"
    r"|globalaiopc-api-key|change-?me|placeholder|example|dummy|todo|tbd|none|null|undefined",
    re.IGNORECASE,
)


def key_from(api_key: str | None) -> str:
    """The key that was given, or the one in the environment, checked.

    `MissingKey` names the variable; `MalformedKey` says what is wrong with the key.
    """
    if api_key is not None:
        return check_key(api_key)
    from_environment = os.environ.get(KEY_VARIABLE)
    if not from_environment:
        raise MissingKey(f"There is no API key: {KEY_VARIABLE} is not set.")
    return check_key(from_environment)


def check_key(key: str) -> str:
    """The key itself, or `MalformedKey` with a sentence that says what is wrong."""
    fault = _fault(key)
    if fault:
        raise MalformedKey(f"The API key {fault}.")
    return key


def is_usable(key: str) -> bool:
    """Whether `check_key` would take it."""
    return not _fault(key)


def key_hash(key: str) -> str:
    """12 hex digits that tell keys apart in receipts and give nothing away."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _fault(key: str) -> str:
    """The first thing that is wrong, as the end of a sentence; empty when nothing is."""
    return next((sentence for is_wrong, sentence in _FAULTS if is_wrong(key)), "")


def _is_placeholder(key: str) -> bool:
    return bool(_PLACEHOLDER.fullmatch(key.strip("\"'").replace("_", "-")))


_FAULTS: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda key: not key, "is empty"),
    (lambda key: not key.strip(), "holds only white space"),
    (_BEARER.match, "starts with 'Bearer': give the bare key, the word is added when it is sent"),
    (
        lambda key: key[-1] in _LINE_ENDS,
        "has a line end at its end, as happens when it is read from a file: remove it",
    ),
    (
        lambda key: any(character in _LINE_ENDS for character in key),
        "has a line end inside: it was probably copied over two lines",
    ),
    (
        lambda key: any(character.isspace() for character in key),
        "has white space in it: copy it again without the blanks",
    ),
    (_is_placeholder, "is the placeholder of an example, not a key"),
    (lambda key: key[0] in "\"'", "has quotation marks around it: give it without them"),
    (
        lambda key: not (key.isascii() and key.isprintable()),
        "has a character that no key has (perhaps an invisible one): copy it again",
    ),
)
