"""What the page of a gallery is given: a batch's items, made small.

A thousand items with their prompts, hashes and jobs stay under 3 MB: whatever is empty, usual or
said elsewhere in the same item is left out, and keys are relative to the batch's folder.
"""

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import JsonValue

from flows.briefs import FIELDS
from flows.gallery_page import page
from flows.report import BatchReport, BudgetFacts, Job, ReportItem, Totals, manifest_line

MOST = 5_000
"""Items of one page; a browser shows them well, and a batch may have a million."""

OBJECTS = ("script", "image", "video", "poster", "speech")
"""The fields of an item that are keys of objects."""

_COLUMNS = [name for name in FIELDS if name != "take"]
"""Of the next batch's list; its briefs begin with their first take."""

_TIMES = ("submitted", "completed", "landed")

_Entry = dict[str, JsonValue]


@dataclass(frozen=True)
class Gallery:
    """A batch as its page shows it. `uri` is its folder; `unreadable` counts what was no item."""

    batch_id: str
    uri: str
    written: datetime
    items: Sequence[ReportItem]
    totals: Totals
    started: datetime | None = None
    ended: datetime | None = None
    budget: BudgetFacts | None = None
    unreadable: int = 0

    @classmethod
    def of(cls, report: BatchReport, uri: str) -> "Gallery":
        return cls(
            batch_id=report.batch_id,
            uri=uri,
            written=report.ended,
            items=report.items,
            totals=report.totals,
            started=report.started,
            ended=report.ended,
            budget=report.budget,
        )

    def keys(self) -> set[str]:
        """Every object that the page shows or links to."""
        keys: set[str | None] = set()
        for item in self.items[:MOST]:
            keys.update(getattr(item, name) for name in OBJECTS)
            for job in item.jobs:
                keys.update((job.key, *(medium.key for medium in job.inputs)))
        return {key for key in keys if key}


@dataclass(frozen=True)
class Links:
    """Presigned addresses of the media, until a moment. Secrets: no part of this is ever shown."""

    until: datetime
    folder: str = field(repr=False)
    by_key: Mapping[str, str] = field(repr=False)

    @property
    def origin(self) -> str:
        """Scheme and host of the bucket."""
        parts = urlsplit(self.folder)
        return f"{parts.scheme}://{parts.netloc}"


def gallery_page(gallery: Gallery, links: Links | None = None) -> bytes:
    """The file of a gallery; with `links`, the one that is shared."""
    data: _Entry = {
        "batch": gallery.batch_id,
        "uri": gallery.uri,
        "written": _second(gallery.written),
        "started": _second(gallery.started),
        "ended": _second(gallery.ended),
        "totals": gallery.totals.model_dump(mode="json"),
        "budget": gallery.budget.model_dump(mode="json") if gallery.budget else None,
        "unreadable": gallery.unreadable,
        "left_out": max(0, len(gallery.items) - MOST),
        "columns": list(_COLUMNS),
        "items": [page_item(item, gallery.batch_id) for item in gallery.items[:MOST]],
    }
    if links:
        data |= {"until": _second(links.until), "signed": _signed(links, gallery.batch_id)}
    title = f"{gallery.batch_id}: gallery"
    return page(title, data, media_origin=links.origin if links else "")


def page_item(item: ReportItem, batch_id: str) -> _Entry:
    """One item as the page reads it: its line of the manifest without what says nothing."""
    entry: _Entry = json.loads(manifest_line(item))
    for name in OBJECTS:
        entry[name] = _relative(getattr(item, name), batch_id)
    entry["jobs"] = [_page_job(job, entry, batch_id) for job in item.jobs]
    entry["brief"] = _page_brief(item)
    if item.take == 1:
        del entry["take"]
    if item.error:
        entry["error"] = _said(item.error.model_dump(mode="json"))
    return _said(entry)


def _page_job(job: Job, item: _Entry, batch_id: str) -> _Entry:
    entry: _Entry = job.model_dump(mode="json")
    entry |= {
        "prompt": job.prompt,
        "key": _relative(job.key, batch_id),
        "seed": job.seed,
        "width": job.width,
        "height": job.height,
        "seconds": job.seconds,
        "inputs": [
            _said({**medium.model_dump(), "key": _relative(medium.key, batch_id)})
            for medium in job.inputs
        ],
    }
    entry |= {name: _second(getattr(job, name)) for name in _TIMES}
    if entry["key"] == item.get(job.stage):
        del entry["key"]
    return _said(entry)


def _page_brief(item: ReportItem) -> _Entry:
    """The brief; its prompts and models are left out where a job says the same."""
    brief: _Entry = {k: v for k, v in (item.brief or {}).items() if k not in ("id", "take")}
    own: list[JsonValue] = []
    for job in item.jobs:
        if brief.get(f"{job.stage}_prompt") == job.prompt:
            del brief[f"{job.stage}_prompt"]
            own.append(job.stage)
        if brief.get(f"{job.stage}_model") == job.model:
            del brief[f"{job.stage}_model"]
    return _said({**brief, "own": own})


def _said(entry: Mapping[str, JsonValue]) -> _Entry:
    return {name: value for name, value in entry.items() if value not in (None, "", [], {})}


def _relative(key: str | None, batch_id: str) -> str | None:
    return posixpath.relpath(key, batch_id) if key else None


def _second(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _signed(links: Links, batch_id: str) -> _Entry:
    """The addresses, with what they have in common once: they differ in their last parameter."""
    stems: dict[str, int] = {}
    signed: _Entry = {}
    for key, address in links.by_key.items():
        stem, mark, last = address.partition("?")[2].rpartition("=")
        place = stems.setdefault(stem + mark, len(stems))
        signed[posixpath.relpath(key, batch_id)] = [place, last]
    return {"base": links.folder, "stems": list(stems), "links": signed}


def in_order(items: Iterable[ReportItem]) -> tuple[ReportItem, ...]:
    """Items of which no list tells the order."""
    return tuple(sorted(items, key=lambda item: (item.id, item.take)))
