"""The subtitles of a speech: a small text beside the sound, never worth the loss of anything."""

import json
import logging
from datetime import datetime

import httpx

from ledger.store import ObjectStore
from tasks.landing.errors import LandingFailed, NotMediaError, TryAgainError
from tasks.landing.fetch import check_declared, open_media, parts_of
from tasks.landing.guard import Guard

MOST_BYTES = 8 * 1024 * 1024

log = logging.getLogger(__name__)


async def land_subtitles(
    *,
    store: ObjectStore,
    key_stem: str,
    url: str,
    http: httpx.AsyncClient,
    guard: Guard,
    wall: datetime,
) -> str | None:
    """Bring a subtitle file to `key_stem` and .srt, .vtt or .json; its key, or None.

    None: there are none to be had, which is logged without the URL. Raises `LandingFailed` for a
    host that may answer later, and `StoreError`: trying again is free.
    """
    try:
        async with open_media(http, url, guard=guard, wall=wall) as response:
            check_declared(response, MOST_BYTES)
            body = b"".join([part async for part in parts_of(response, MOST_BYTES, MOST_BYTES)])
        extension, content_type = _type_of(body)
    except (LandingFailed, NotMediaError, TryAgainError) as error:
        if isinstance(error, TryAgainError) and not (error.dead or error.bad):
            raise LandingFailed(f"The subtitles of {key_stem} did not come: {error}.") from None
        log.warning("No subtitles for %s: %s", key_stem, error)
        return None
    key = key_stem + extension
    await store.put(key, body, content_type=content_type)
    return key


def _type_of(body: bytes) -> tuple[str, str]:
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise NotMediaError("the file is no text") from None
    if text.startswith("WEBVTT"):
        return ".vtt", "text/vtt"
    if "-->" in text and not text.startswith("<"):
        return ".srt", "application/x-subrip"
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise NotMediaError("the file holds no subtitles") from None
    return ".json", "application/json"
