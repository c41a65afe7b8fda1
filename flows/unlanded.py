"""What a bucket's receipts ask of a person: decisions, and media that will soon be gone.

A look that stays cheap however much has landed: one listing tells which receipts have a medium
beside them, and only the others are read, the latest first, up to a bound.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from flows.spending import worth
from flows.status import state_at
from ledger import JobKey, Ledger, ObjectStore, PriceBook, Receipt, ReceiptUnreadable
from ledger.scanning import SCAN_WIDTH
from tasks.orders import media_stem
from tasks.paid import KEPT
from tasks.prices import kept_prices
from tasks.standing import paid_job

SOON = timedelta(hours=6)
"""What is paid for and expires within so long, or has expired, is told of."""

MOST_READ = 2_000
"""Receipts. Landed ones are not read, so a bucket in order has few."""


@dataclass(frozen=True)
class Expiring:
    """A job that is bought and not landed; `expires` is when the provider deletes its file."""

    job: JobKey
    expires: datetime


@dataclass
class Unlanded:
    """What was found. `unread` counts the receipts beyond the bound.

    `at_risk` is by currency ("" where no price file names one); `unpriced` counts unknown jobs of
    which nobody knows what they cost.
    """

    unknown: list[JobKey] = field(default_factory=list)
    at_risk: dict[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0
    expiring: list[Expiring] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unread: int = 0


async def unlanded(store: ObjectStore, *, most: int = MOST_READ) -> Unlanded:
    """Read what has not landed. Raises `StoreError`."""
    ledger, found = Ledger(store), Unlanded()
    jobs = await _without_medium(store)
    found.unread = max(0, len(jobs) - most)
    books: dict[str, PriceBook] = {}
    for start in range(0, min(len(jobs), most), SCAN_WIDTH):
        some = jobs[start : min(start + SCAN_WIDTH, most)]
        for receipt in await asyncio.gather(*(_read(ledger, job, found) for job in some)):
            if receipt is None:
                continue
            batch = receipt.job.batch_id
            if state_at(receipt, ledger.now()) == "unknown" and batch not in books:
                books[batch] = await kept_prices(store, batch)
            _judge(found, receipt, ledger.now(), books.get(batch, PriceBook()))
    found.expiring.sort(key=lambda one: one.expires)
    return found


async def _without_medium(store: ObjectStore) -> list[JobKey]:
    """The paid jobs whose receipts lie there alone, the latest first."""
    jobs: list[tuple[datetime, JobKey]] = []
    stems: set[str] = set()
    async for key, modified in store.iter_modified():
        if (job := paid_job(key)) is not None:
            jobs.append((modified, job))
        else:
            stems.add(key.rpartition(".")[0])
    latest = sorted(jobs, key=lambda pair: pair[0], reverse=True)
    return [job for _, job in latest if media_stem(job) not in stems]


async def _read(ledger: Ledger, job: JobKey, found: Unlanded) -> Receipt | None:
    try:
        held = await ledger.look(job)
    except ReceiptUnreadable as error:
        found.unreadable.append(error.message)
        return None
    return held.receipt if held is not None else None


def _judge(found: Unlanded, receipt: Receipt, now: datetime, prices: PriceBook) -> None:
    state = state_at(receipt, now)
    if state == "unknown":
        found.unknown.append(receipt.job)
        amount, _ = worth(receipt, prices)
        if amount is None:
            found.unpriced += 1
        else:
            unit = prices.currency
            found.at_risk[unit] = found.at_risk.get(unit, Decimal(0)) + amount
    elif state in ("submitted", "completed"):
        # A job that is submitted may have been done right away.
        made = receipt.times.get("completed") or receipt.times.get("submitted") or now
        if made + KEPT < now + SOON:
            found.expiring.append(Expiring(receipt.job, made + KEPT))


def names(jobs: Iterable[JobKey], most: int = 3) -> str:
    """The first of them, for a sentence."""
    told = [str(job) for job in jobs]
    more = f" and {len(told) - most} more" if len(told) > most else ""
    return ", ".join(told[:most]) + more
