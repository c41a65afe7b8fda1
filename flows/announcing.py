"""What a batch tells Prefect's automations while it runs, and at its end (see `blocks.events`).

Each event is sent once in a run, however long the batch: Prefect's client hands it over in a thread
of its own, and a server that is away costs the run nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

from prefect.events import emit_event
from pydantic import JsonValue

from blocks.events import (
    BEGUN,
    BUDGET_REACHED,
    ENDED,
    JOB_UNKNOWN,
    LANDED,
    VERDICT,
    Verdict,
    batch_resource,
)
from flows.cells import money
from flows.errors import AwaitingApproval, Declined, ScriptUnanswered
from flows.report import BatchReport, sentence
from flows.shards import Shard
from flows.work import Work
from ledger import BudgetReached
from tasks import Studio

SECONDS = 10.0


@asynccontextmanager
async def announced(
    studio: Studio, works: Sequence[Work], shard: Shard | None
) -> AsyncIterator[None]:
    """Tell what happens to the briefs, of a batch or of a shard, for as long as the block runs."""
    teller = _Teller(studio, works)
    if shard is None:
        teller.tell(BEGUN)
    telling = asyncio.create_task(teller.keep())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        teller.look()


def announce_end(report: BatchReport) -> None:
    """Tell how a batch ended, whose report is written."""
    totals = report.totals
    facts: dict[str, JsonValue] = {
        name: getattr(totals, name)
        for name in ("briefs", "landed", "failed", "unknown", "blocked", "pending")
    }
    facts |= {"cost": money(totals.cost), "message": sentence(report)}
    if report.budget:
        facts |= {"limit": money(report.budget.limit), "currency": report.budget.currency}
    _send(ENDED, report.batch_id, facts, {VERDICT: _verdict(report)})


def _verdict(report: BatchReport) -> Verdict:
    """What a person declined is no failure, and what waits for a person has not ended."""
    missing = {
        item.error.code if item.error else "" for item in report.items if item.state != "landed"
    }
    if AwaitingApproval.code in missing:
        return "waiting"
    if missing <= {Declined.code}:
        return "all"
    return "some" if report.totals.landed else "none"


class _Teller:
    """Watches what has become of the briefs so far."""

    def __init__(self, studio: Studio, works: Sequence[Work]) -> None:
        self._studio = studio
        self._batch_id = works[0].batch_id
        self._briefs = len(works)
        self._told: set[str] = set()

    async def keep(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            self.look()

    def look(self) -> None:
        ends = self._studio.timeline.ended.values()
        if any(end.state == "landed" for end in ends):
            self.tell(LANDED)
        if self._unknown():
            self.tell(JOB_UNKNOWN)
        if any(end.error == BudgetReached.code for end in ends):
            self.tell(BUDGET_REACHED)

    def tell(self, event: str) -> None:
        if event in self._told:
            return
        self._told.add(event)
        ends = self._studio.timeline.ended.values()
        facts: dict[str, JsonValue] = {
            "briefs": self._briefs,
            "landed": sum(end.state == "landed" for end in ends),
            "unknown": self._unknown(),
            "cost": money(sum((end.cost for end in ends), start=Decimal(0))),
        }
        if account := self._studio.purse.account:
            facts |= {"limit": money(account.limit), "currency": account.currency}
        _send(event, self._batch_id, facts)

    def _unknown(self) -> int:
        """Briefs with a paid job of which nobody knows: a lost text is only asked for again."""
        ends = self._studio.timeline.ended.values()
        return sum(end.state == "unknown" and end.error != ScriptUnanswered.code for end in ends)


def _send(
    event: str, batch_id: str, facts: dict[str, JsonValue], labels: dict[str, str] | None = None
) -> None:
    resource = {
        "prefect.resource.id": batch_resource(batch_id),
        "prefect.resource.name": batch_id,
        **(labels or {}),
    }
    emit_event(event, resource=resource, payload={"batch_id": batch_id, **facts})
