"""How the paid jobs of a batch stand by their receipts, for a budget that is opened later."""

import asyncio
import re
from collections.abc import Container
from dataclasses import dataclass, field
from itertools import islice

from ledger import JobKey, Ledger, ObjectStore, Receipt, line_of
from tasks.orders import MAKES

WIDTH = 32
_RECEIPT = re.compile(r"([^/]+)/([^/]+)/receipts/([^/.]+)(?:\.take(\d+))?\.json")


@dataclass(frozen=True, slots=True)
class Standing:
    """Receipts whose money is spent, at stake (sent, or perhaps sent), or free again."""

    spent: list[Receipt] = field(default_factory=list)
    sent: list[Receipt] = field(default_factory=list)
    free: list[Receipt] = field(default_factory=list)


async def standing(
    ledger: Ledger, store: ObjectStore, batch_id: str, *, settled: Container[str]
) -> Standing:
    """Read the batch's receipts, except of jobs whose first attempt is in `settled`."""
    jobs = [
        job
        async for key in store.iter_keys(f"{batch_id}/")
        if (job := _paid_job(key)) is not None and line_of(job) not in settled
    ]
    found = Standing()
    waiting = iter(jobs)
    while some := list(islice(waiting, WIDTH)):
        for held in await asyncio.gather(*(ledger.look(job) for job in some)):
            if held is not None:
                _place(found, held.receipt)
    return found


def _paid_job(key: str) -> JobKey | None:
    hit = _RECEIPT.fullmatch(key)
    if hit is None or hit[3] not in MAKES:
        return None
    return JobKey(batch_id=hit[1], brief_id=hit[2], stage=hit[3], take=int(hit[4] or 1))


def _place(found: Standing, receipt: Receipt) -> None:
    if receipt.state in ("completed", "landed"):
        found.spent.append(receipt)
    elif receipt.state == "failed" and receipt.error and receipt.error.charged == "no":
        found.free.append(receipt)
    else:
        found.sent.append(receipt)
