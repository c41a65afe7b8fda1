"""What an object in the bucket says of itself, in S3's user metadata: ASCII, at most 2 KB."""

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from ledger.receipt import Landed
from ledger.store import ObjectInfo
from tasks.landing.inspection import Found

SHA256, WIDTH, HEIGHT, SECONDS = "sha256", "width", "height", "seconds"
SOURCE_SHA256 = "source-sha256"
TASK_ID = "task-id"
OWN = frozenset({SHA256, SOURCE_SHA256, WIDTH, HEIGHT, SECONDS})
ROOM = 1800
PLAIN = " !#$&'()*+,/:;=?@[]^{}|<>\"`"
SHA256_HEX = 64
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")


def metadata_of(given: Mapping[str, str], landed: Landed | None = None) -> dict[str, str]:
    """`given` made fit for S3, and the facts that `recorded` reads back.

    Names become lower case and values printable ASCII (else percent-encoded as UTF-8). What does
    not fit into S3's 2 KB is left out: a long prompt must not keep a paid file out of the bucket.
    """
    described: dict[str, str] = {}
    if landed is not None:
        facts = {
            SHA256: landed.sha256,
            SOURCE_SHA256: landed.source_sha256,
            WIDTH: landed.width,
            HEIGHT: landed.height,
            SECONDS: landed.seconds,
        }
        described = {name: str(value) for name, value in facts.items() if value is not None}
    used = sum(len(name) + len(value) for name, value in described.items())
    for raw_name, raw_value in given.items():
        name = "".join(c if c.isascii() and c.isalnum() else "-" for c in raw_name.lower())
        value = quote(raw_value.strip(), safe=PLAIN, errors="replace")
        if name not in OWN and used + len(name) + len(value) <= ROOM:
            described[name] = value
            used += len(name) + len(value)
    return described


def landed_from(key_stem: str, found: Found) -> Landed:
    return Landed(
        key=key_stem + found.media_type.extension,
        sha256=found.sha256,
        source_sha256=found.source_sha256,
        size=found.size,
        content_type=found.media_type.content_type,
        width=found.facts.width,
        height=found.facts.height,
        seconds=found.facts.seconds,
    )


def recorded(key: str, info: ObjectInfo) -> Landed | None:
    """What the object's own metadata says; None when its hash is not in it (a long upload)."""
    sha256 = info.metadata.get(SHA256, "")
    if len(sha256) != SHA256_HEX:
        return None
    width, height, seconds = measures(info.metadata)
    return Landed(
        key=key,
        sha256=sha256,
        source_sha256=info.metadata.get(SOURCE_SHA256),
        size=info.size,
        content_type=info.content_type,
        width=width,
        height=height,
        seconds=seconds,
    )


def measures(metadata: Mapping[str, str]) -> tuple[int | None, int | None, float | None]:
    """Width and height in pixels, and seconds; None for what is not there or is no number."""
    width, height, seconds = (
        Decimal(text) if _NUMBER.fullmatch(text := metadata.get(name, "")) else None
        for name in (WIDTH, HEIGHT, SECONDS)
    )
    return (
        None if width is None else int(width),
        None if height is None else int(height),
        None if seconds is None else float(seconds),
    )
