"""A batch as it lies in the bucket: its manifest, and what the receipts say since."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from pydantic import ValidationError

from flows.describing import job_of
from flows.gallery_data import Gallery, in_order
from flows.report import BatchReport, ReportItem, State, Totals
from flows.status import NoSuchBatch
from flows.work import Place
from globalaiopc import ErrorInfo
from ledger import Ledger, ObjectStore, Receipt, ReceiptUnreadable
from tasks import poster_key
from tasks.orders import MAKES
from tasks.standing import paid_job

_Name: TypeAlias = tuple[str, int]
"""A brief's id, and which take of it."""


async def read_gallery(store: ObjectStore, batch_id: str) -> Gallery:
    """Read what became of a batch: the manifest, brought up to date by the receipts.

    What has landed by the manifest is not asked for again. Briefs that no manifest names (single
    runs, a batch that is under way or was killed) are told by their receipts alone.
    Raises `NoSuchBatch` when nothing lies there, and `StoreError`.
    """
    keys = {key async for key in store.iter_keys(f"{batch_id}/")}
    if not keys:
        told = f"There is nothing of a batch {batch_id} in {store.uri('')}."
        raise NoSuchBatch(told, field="batch_id")
    listed, unreadable = await _listed(store, batch_id, keys)
    receipts, strange = await _receipts(store, batch_id, listed)
    found = dict(listed)
    for name, some in receipts.items():
        found[name] = _as_it_stands(batch_id, name, listed.get(name), some, keys)
    new = in_order(item for name, item in found.items() if name not in listed)
    items = (*(found[name] for name in listed), *new)
    report = await _report(store, batch_id)
    return Gallery(
        batch_id=batch_id,
        uri=store.uri(f"{batch_id}/"),
        written=datetime.now(UTC),
        items=items,
        totals=Totals.of(items),
        started=report.started if report else _first_asked(items),
        ended=report.ended if report else None,
        budget=report.budget if report else None,
        unreadable=unreadable + strange,
    )


async def _listed(
    store: ObjectStore, batch_id: str, keys: set[str]
) -> tuple[dict[_Name, ReportItem], int]:
    """The items of the manifest, and how many of its lines are none.

    Of a batch that was killed before its shards were gathered, those of the shards.
    """
    whole = f"{batch_id}/manifest.jsonl"
    parts = [key for key in keys if key.endswith("/manifest.jsonl")]
    items: dict[_Name, ReportItem] = {}
    unreadable = 0
    for key in [whole] if whole in keys else sorted(parts):
        stored = await store.get(key)
        for line in filter(bytes.strip, stored.body.splitlines() if stored else ()):
            try:
                item = ReportItem.model_validate_json(line)
            except ValidationError:
                unreadable += 1
            else:
                items[item.id, item.take] = item
    return items, unreadable


async def _receipts(
    store: ObjectStore, batch_id: str, listed: Mapping[_Name, ReportItem]
) -> tuple[dict[_Name, list[Receipt]], int]:
    """The receipts of what has not landed by the manifest, and how many cannot be read."""
    strange: list[ReceiptUnreadable] = []

    def wanted(key: str) -> bool:
        job = paid_job(key)
        item = listed.get((job.brief_id, job.take)) if job else None
        return job is not None and (item is None or item.state != "landed")

    found: dict[_Name, list[Receipt]] = {}
    scanned = Ledger(store).scan(f"{batch_id}/", wanted=wanted, unreadable=strange.append)
    async for held in scanned:
        job = held.receipt.job
        found.setdefault((job.brief_id, job.take), []).append(held.receipt)
    return found, len(strange)


async def _report(store: ObjectStore, batch_id: str) -> BatchReport | None:
    stored = await store.get(f"{batch_id}/report.json")
    try:
        return BatchReport.model_validate_json(stored.body) if stored else None
    except ValidationError:  # of another release; the items are told by the manifest
        return None


def _as_it_stands(
    batch_id: str,
    name: _Name,
    listed: ReportItem | None,
    receipts: Sequence[Receipt],
    keys: set[str],
) -> ReportItem:
    item = listed or ReportItem(id=name[0], take=name[1], state="pending")
    place = Place(batch_id, item)
    media = {one.job.stage: one.media for one in receipts if one.media is not None}
    lie_at = {one.sha256: one.key for one in media.values()}
    timed = media.get("video") or media.get("speech")
    poster = poster_key(place.job("video"))
    costs = [one.amount for one in receipts if one.amount is not None]
    state, error = _state(listed, receipts)
    return item.model_copy(
        update={
            "state": state,
            "error": error,
            "script": place.script_key if place.script_key in keys else None,
            "poster": poster if poster in keys else None,
            **{stage: one.key for stage, one in media.items() if stage != "voice"},
            "seconds": timed.seconds if timed else None,
            "cost": sum(costs, Decimal(0)) if costs else None,
            "jobs": tuple(job_of(one, lie_at) for one in _in_turn(receipts)),
        }
    )


def _state(
    listed: ReportItem | None, receipts: Sequence[Receipt]
) -> tuple[State, ErrorInfo | None]:
    states = {one.state: one for one in receipts}
    if (held := states.get("unknown")) is not None:
        return "unknown", held.error
    if (lost := states.get("failed")) is not None:
        return "failed", lost.error
    whole = any(one.job.stage == "video" and one.state == "landed" for one in receipts)
    if whole or (listed is None and states.keys() == {"landed"}):
        return "landed", None
    if listed is None or listed.state == "unknown":
        return "pending", None
    return listed.state, listed.error


def _in_turn(receipts: Iterable[Receipt]) -> list[Receipt]:
    order = list(MAKES)
    order.append(order.pop(order.index("video")))
    return sorted(receipts, key=lambda one: order.index(one.job.stage))


def _first_asked(items: Iterable[ReportItem]) -> datetime | None:
    return min(
        (job.submitted for item in items for job in item.jobs if job.submitted), default=None
    )
