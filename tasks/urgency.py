"""Whose turn it is first when a batch is run again: what is paid for, and expires soonest."""

from collections.abc import Container, Mapping
from datetime import UTC, datetime

from ledger import Receipt
from ledger.receipt import is_receipt
from tasks.orders import MAKES
from tasks.studio import Studio

Urgency = tuple[int, datetime]
"""Less is more urgent; of two that are alike, the one that has waited longer."""

_AGES_AGO = datetime.min.replace(tzinfo=UTC)
NEW: Urgency = (2, _AGES_AGO)


async def urgencies(studio: Studio, batch_id: str, briefs: Container[str]) -> Mapping[str, Urgency]:
    """How urgent these briefs of a batch are by their receipts; one that is not named is `NEW`.

    First those whose job is with the provider, which deletes its file 24 h after it is done, the
    oldest first; then those that have landed something; then those that buy their first job. One
    listing for a batch without receipts, and a read for each receipt of the briefs.

        urgent = await urgencies(studio, batch_id, {work.brief.id for work in works})
        works = sorted(works, key=lambda work: urgent.get(work.brief.id, NEW))

    Raises `StoreError`.
    """
    found: dict[str, Urgency] = {}
    folder = f"{batch_id}/"

    def theirs(key: str) -> bool:
        return is_receipt(key) and key.removeprefix(folder).partition("/")[0] in briefs

    # A receipt that cannot be read stops its own brief, not the others.
    async for held in studio.ledger.scan(folder, wanted=theirs, unreadable=lambda _: None):
        if held.receipt.job.stage in MAKES:
            brief = held.receipt.job.brief_id
            found[brief] = min(found.get(brief, NEW), _urgency(held.receipt))
    return found


def _urgency(receipt: Receipt) -> Urgency:
    match receipt.state:
        case "submitted" | "completed":
            # A job that is submitted may have been done soon after.
            return 0, receipt.times.get("submitted", _AGES_AGO)
        case "landed":
            return 1, _AGES_AGO
        case _:
            return NEW
