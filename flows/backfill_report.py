"""What became of a range of batches, or would: a row for each, a table, and one sentence."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from flows.cells import cell, money
from flows.plan import Plan
from flows.report import BatchReport, Cost

Stands = Literal["finished", "begun", "not begun"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class BatchRow(_Kept):
    """One batch. `state` is its run's, or how it stands by a plan (`Stands`).

    `cost` is what the batch has cost in all, by a plan what a run of it would cost; `unpriced`
    counts the calls of a plan whose price nobody knows.
    """

    batch_id: str
    day: str
    state: str
    briefs: int = 0
    landed: int = 0
    cost: Cost = Decimal(0)
    unpriced: int = 0
    message: str = ""

    @property
    def waits(self) -> bool:
        """For a person's word about its pictures."""
        return self.state in ("Suspended", "AwaitingApproval")

    @classmethod
    def planned(cls, day: str, plan: Plan, message: str) -> Self:
        counts, briefs = plan.counts, len(plan.briefs)
        stands: Stands = "begun"
        if counts["reuse"] == briefs:
            stands = "finished"
        elif not _partly_there(plan):
            stands = "not begun"
        return cls(
            batch_id=plan.batch_id,
            day=day,
            state=stands,
            briefs=briefs,
            landed=counts["reuse"],
            cost=plan.cost,
            unpriced=plan.unpriced,
            message=message,
        )

    @classmethod
    def made(cls, day: str, state: str, report: BatchReport, message: str) -> Self:
        totals = report.totals
        return cls(
            batch_id=report.batch_id,
            day=day,
            state=state,
            briefs=totals.briefs,
            landed=totals.landed,
            cost=totals.cost,
            message=message,
        )


class BackfillReport(_Kept):
    """The batches of the days from `first` to `last`, in their order."""

    first: date
    last: date
    plan: bool
    batches: tuple[BatchRow, ...]

    @property
    def cost(self) -> Decimal:
        return sum((row.cost for row in self.batches), Decimal(0))


def sentence(report: BackfillReport) -> str:
    """What happened, or would, in one line."""
    rows = report.batches
    span = f"{report.first} to {report.last}: {_count(rows)}"
    if report.plan:
        counts = {one: sum(row.state == one for row in rows) for one in _STANDS}
        said = ", ".join(f"{count} {one}" for one, count in counts.items() if count)
        unpriced = sum(row.unpriced for row in rows)
        more = f" and {unpriced} calls whose price nobody knows" if unpriced else ""
        return f"{span}: {said}. A run would cost {money(report.cost)}{more}. Nothing was sent."
    whole = sum(row.briefs > 0 and row.landed == row.briefs for row in rows)
    briefs, landed = (sum(getattr(row, name) for row in rows) for name in ("briefs", "landed"))
    said = (
        f"{span}, {whole} of them whole. {landed} of {briefs} briefs landed, cost "
        f"{money(report.cost)} in all."
    )
    if waiting := sum(row.waits for row in rows):
        said += (
            f" {waiting} wait for approval, and spend nothing meanwhile: open their runs, and "
            "press Resume; where none is suspended, run the batch again with an answer."
        )
    if whole + waiting < len(rows):
        said += " Run backfill again with the same dates to continue; nothing is paid for twice."
    return said


def table_rows(report: BackfillReport) -> list[dict[str, str]]:
    cost = "would cost" if report.plan else "cost"
    return [
        {
            "day": row.day,
            "batch": cell(row.batch_id),
            "state": row.state,
            "landed": f"{row.landed} of {row.briefs}" if row.briefs else "",
            cost: money(row.cost) + (f" and {row.unpriced} unknown" if row.unpriced else ""),
            "what": cell(row.message, 400),
        }
        for row in report.batches
    ]


_STANDS: tuple[Stands, ...] = ("finished", "begun", "not begun")


def _partly_there(plan: Plan) -> int:
    """Briefs with a medium that is there, or under way; a script says nothing of what was paid."""
    there = ("reuse", "continue")
    return sum(
        any(step.verdict in there for step in brief.steps if step.stage != "script")
        for brief in plan.briefs
    )


def _count(rows: Sequence[BatchRow]) -> str:
    return "1 batch" if len(rows) == 1 else f"{len(rows)} batches"
