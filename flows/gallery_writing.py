"""The gallery in the bucket: `index.html` for whoever reads the bucket, and pages to share.

The link to a shared page is a secret. It is returned to the caller, and written beside the page,
where only those who may read the bucket find it; no log, state or artifact is told of it.
"""

import asyncio
import math
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from flows.gallery_data import Gallery, Links, gallery_page
from flows.gallery_reading import read_gallery
from globalaiopc import InvalidRequest
from ledger import ObjectStore
from tasks.inputs import LONGEST_URL_SECONDS

HTML = "text/html; charset=utf-8"
LONGEST_HOURS = LONGEST_URL_SECONDS // 3600


@dataclass(frozen=True)
class Shared:
    """A page for others. `link` opens it until `until`: a secret, which also lies at `link_uri`.

    `maybe_sooner`: it was signed with a session whose end nobody knows here.
    """

    page_uri: str
    link_uri: str
    until: datetime
    link: str = field(repr=False)
    maybe_sooner: bool = False

    @property
    def told_until(self) -> str:
        told = f"{self.until:%Y-%m-%d %H:%M} UTC"
        return (
            f"{told} or, if that is sooner, the end of the session" if self.maybe_sooner else told
        )


@dataclass(frozen=True)
class Written:
    """What was written: the page, for how many items, and the shared one if it was asked for."""

    index_uri: str
    items: int
    shared: Shared | None = None


async def write_gallery(store: ObjectStore, batch_id: str, share: float | None = None) -> Written:
    """Write a batch's gallery anew from what lies in the bucket; `share` is hours, at most 168.

    Raises `InvalidRequest` for hours that no link or not this one lives, `NoSuchBatch` and
    `StoreError`.
    """
    check_hours(share)
    maybe_sooner = share is not None and await _may_end_sooner(store, share)
    gallery = await read_gallery(store, batch_id)
    index = await write_index(store, gallery)
    if share is None:
        return Written(index, len(gallery.items))
    shared = await _share(store, gallery, share)
    return Written(index, len(gallery.items), replace(shared, maybe_sooner=maybe_sooner))


async def write_index(store: ObjectStore, gallery: Gallery) -> str:
    """Write `index.html` into the batch's folder. Returns its address. Raises `StoreError`."""
    key = f"{gallery.batch_id}/index.html"
    body = await asyncio.to_thread(gallery_page, gallery)
    await store.put(key, body, content_type=HTML)
    return store.uri(key)


def check_hours(share: float | None) -> None:
    """Raise `InvalidRequest` when no link can live for so long."""
    if share is not None and not 0 < share <= LONGEST_HOURS:
        raise InvalidRequest(
            f"A link cannot be shared for {share:g} hours.",
            field="share",
            allowed=f"more than 0 and at most {LONGEST_HOURS} hours, which is S3's own limit",
        )


async def _may_end_sooner(store: ObjectStore, hours: float) -> bool:
    """Whether nobody knows that links live so long; that they do not raises `InvalidRequest`."""
    lasts = await store.links_last(math.ceil(hours * 3600))
    if lasts == "no":
        raise InvalidRequest(
            f"Links that are signed now end in less than {hours:g} hours: the credentials of the "
            "bucket are those of a session (a role, SSO), and links end with it.",
            field="share",
            advice="Ask for fewer hours, or share with a block that has a key pair: "
            "docs/bucket.md.",
        )
    return lasts == "unknown"


async def _share(store: ObjectStore, gallery: Gallery, hours: float) -> Shared:
    seconds = max(1, math.floor(hours * 3600))
    # Counted from before the first is signed, so that the page never promises too much.
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    keys = sorted(gallery.keys())
    links = await asyncio.gather(*(store.presign_get(key, seconds) for key in keys))
    index = f"{gallery.batch_id}/index.html"
    beside = (await store.presign_get(index, seconds)).partition("?")[0]
    folder = beside.removesuffix("index.html")
    signed = Links(until, folder, dict(zip(keys, links, strict=True)))
    body = await asyncio.to_thread(gallery_page, gallery, signed)
    name = f"{gallery.batch_id}/share/{secrets.token_urlsafe(24)}"
    await store.put(f"{name}.html", body, content_type=HTML)
    link = await store.presign_get(f"{name}.html", seconds)
    await store.put(f"{name}.link.txt", f"{link}\n".encode(), content_type="text/plain")
    return Shared(store.uri(f"{name}.html"), store.uri(f"{name}.link.txt"), until, link)
