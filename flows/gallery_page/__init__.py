"""The page of a gallery: hand-written HTML, CSS and JavaScript, put together into one file.

Everything is inline and nothing is fetched but the media, so the file opens from a bucket and from
a copied folder. What was written by others (prompts, providers' errors) stands in a block of JSON
that no parser of HTML can leave, and the policy lets only the script and the style run that are
named by their hashes.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import JsonValue

_SCRIPTS = ("dom", "items", "media", "stars", "cards", "details", "filters", "main")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def page(title: str, data: Mapping[str, JsonValue], *, media_origin: str = "") -> bytes:
    """The whole file. `media_origin` is where signed media come from, such as https://host."""
    style, script = _read("page.css"), "".join(_read(f"{name}.js") for name in _SCRIPTS)
    parts = {
        "policy": _policy(style, script, media_origin),
        "title": html.escape(title),
        "style": style,
        "data": inert(data),
        "script": script,
    }
    filled = _PLACE.sub(lambda hit: parts[hit[1]], _read("page.html"))
    # A provider's error may hold half a character, which no file can.
    return filled.encode("utf-8", "replace")


def inert(data: Mapping[str, JsonValue]) -> str:
    """JSON that stays JSON inside a script element: without "<" nothing ends or opens there."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _policy(style: str, script: str, media_origin: str) -> str:
    media = f"'self' file: {html.escape(media_origin)}".rstrip()
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            f"img-src {media}",
            f"media-src {media}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def _read(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")
