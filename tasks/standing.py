"""How the paid jobs of a batch stand by their receipts, for a budget that is opened later."""

import re
from collections.abc import Container
from dataclasses import dataclass, field

from ledger import JobKey, Ledger, Receipt, line_of
from tasks.orders import MAKES

_RECEIPT = re.compile(r"([^/]+)/([^/]+)/receipts/([^/.]+)(?:\.take(\d+))?\.json")


@dataclass(frozen=True, slots=True)
class Standing:
    """Receipts whose money is spent, at stake (sent, or perhaps sent), or free again."""

    spent: list[Receipt] = field(default_factory=list)
    sent: list[Receipt] = field(default_factory=list)
    free: list[Receipt] = field(default_factory=list)


async def standing(ledger: Ledger, batch_id: str, *, settled: Container[str]) -> Standing:
    """Read the batch's receipts, except of jobs whose first attempt is in `settled`."""

    def unsettled(key: str) -> bool:
        job = paid_job(key)
        return job is not None and line_of(job) not in settled

    found = Standing()
    async for held in ledger.scan(f"{batch_id}/", wanted=unsettled):
        _place(found, held.receipt)
    return found


def paid_job(key: str) -> JobKey | None:
    """The job whose receipt an object is, by its key; None for a script's, and for all else."""
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
