"""`plan` and `run`: content_batch in this process, and what became of the batch."""

import asyncio
from collections.abc import Iterable
from decimal import Decimal

from flows.cells import cell, money
from flows.cli.answers import Answer
from flows.cli.bars import Bars
from flows.cli.carrying import interrupted
from flows.cli.exits import Exit
from flows.cli.runs import ended, without_outcome
from flows.cli.screen import Screen
from flows.cli.source import given, pairs
from flows.cli.tables import Rows
from flows.cli.wanted import Wanted
from flows.content_batch import content_batch
from flows.errors import ScriptUnanswered
from flows.following import ONLOOKER
from flows.plan import Plan, reasons, table_rows
from flows.report import BatchReport, ReportItem

_LANDED = 20
_EXAMPLES = 3
_REASONS = 20
AWAITS = "AwaitingApproval"
_EXITS = {
    "Completed": Exit.DONE,
    "PartlyLanded": Exit.PARTLY,
    "NothingLanded": Exit.FAILED,
    AWAITS: Exit.APPROVE,
}


async def plan(screen: Screen, wanted: Wanted) -> Answer:
    """Say what a run would do and cost."""
    with given(wanted.briefs, wanted.topic) as briefs:
        run = await ended(screen, content_batch, **_parameters(wanted, briefs), plan=True)
    if run.outcome is None:
        return without_outcome(run)
    found = Plan.model_validate(run.outcome)
    return Answer(
        Exit.REFUSED if found.refusal else Exit.DONE,
        run.name,
        run.message,
        result=run.outcome,
        shown=(
            Rows([{**row, "why": ""} for row in table_rows(found)]),
            Rows(_reasons(found), title="Why"),
        ),
        next=() if found.refusal else (wanted.command("run", found.batch_id),),
    )


async def run(screen: Screen, wanted: Wanted) -> Answer:
    """Make the batch, with bars; a batch that is interrupted says what is safe."""
    bars = Bars(screen)
    ONLOOKER.set(bars.look_on)
    try:
        with given(wanted.briefs, wanted.topic) as briefs:
            done = await ended(screen, content_batch, **_parameters(wanted, briefs))
    except asyncio.CancelledError:
        return interrupted(bars.batch_id, wanted.command("run", bars.batch_id))
    if done.outcome is None:
        return without_outcome(done)
    return ran(BatchReport.model_validate(done.outcome), wanted, done.name, done.message)


def _reasons(found: Plan) -> list[dict[str, str]]:
    """Once each, for a column of them would leave the others no room."""
    counts = dict[str, list[str]]()
    for brief in found.briefs:
        for reason in reasons(brief):
            counts.setdefault(reason, []).append(brief.id)
    ranked = sorted(counts.items(), key=lambda pair: -len(pair[1]))
    return [
        {
            "briefs": str(len(ids)),
            "reason": cell(reason, 300),
            "such as": ", ".join(cell(one) for one in ids[:_EXAMPLES]),
        }
        for reason, ids in ranked[:_REASONS]
    ]


def _parameters(wanted: Wanted, briefs: str | list[dict[str, str]]) -> dict[str, object]:
    return {
        "briefs": briefs,
        "batch_id": wanted.batch_id,
        "columns": pairs(wanted.columns),
        "limit": wanted.limit,
        "timezone": wanted.timezone,
        "approve": wanted.approve,
        "approval": wanted.approval,
        "wave": wanted.wave,
        "budget": wanted.budget,
        "prices": wanted.prices,
        "connection": wanted.connection,
        "bucket": wanted.bucket,
    }


def ran(report: BatchReport, wanted: Wanted, state: str, message: str) -> Answer:
    """What became of a batch whose run ended in `state`."""
    held = any(_held(item) for item in report.items)
    following = [f"python -m flows rescue {report.batch_id}"] if held else []
    again = wanted.command("run", report.batch_id)
    if state == AWAITS:
        following += [f"{again} --approval {reply}" for reply in ("all", "1,3")]
    elif state != "Completed":
        following.append(again)
    else:
        following.append(f"python -m flows gallery {report.batch_id}")
    landed = [item for item in report.items if item.state == "landed"]
    return Answer(
        Exit.DECIDE if held else _EXITS[state],
        state,
        message,
        result=report.model_dump(mode="json"),
        shown=(
            Rows(_landed_rows(landed), title="Landed"),
            Rows(_failure_rows(report.items), title="Not landed"),
        ),
        next=tuple(following),
    )


def _held(item: ReportItem) -> bool:
    """A person has to decide; a script that was not answered is asked for again by itself."""
    return item.state == "unknown" and not (item.error and item.error.code == ScriptUnanswered.code)


def _landed_rows(items: list[ReportItem]) -> list[dict[str, str]]:
    rows = [
        {
            "brief": cell(item.id),
            "object": cell(item.made or ""),
            "seconds": "" if item.seconds is None else f"{item.seconds:g}",
            "cost": "" if item.cost is None else money(item.cost),
        }
        for item in items[:_LANDED]
    ]
    if more := len(items) - _LANDED if len(items) > _LANDED else 0:
        rest = sum((item.cost or Decimal(0) for item in items[_LANDED:]), Decimal(0))
        named = {"brief": f"and {more} more", "object": "see report.json"}
        rows.append({**named, "seconds": "", "cost": money(rest)})
    return rows


def _failure_rows(items: Iterable[ReportItem]) -> list[dict[str, str]]:
    """By cause: money at risk first, then the most frequent."""
    by_cause: dict[tuple[str, str], list[ReportItem]] = {}
    for item in items:
        if item.state != "landed":
            code = item.error.code if item.error else "no reason recorded"
            by_cause.setdefault((item.state, code), []).append(item)
    ranked = sorted(by_cause.items(), key=lambda pair: (pair[0][0] != "unknown", -len(pair[1])))
    return [
        {
            "briefs": str(len(its)),
            "state": state,
            "cause": code,
            "charged": error.charged if (error := its[0].error) else "",
            "who acts": error.who_acts if error else "",
            "what to do": cell(error.advice or error.message, 300) if error else "",
            "such as": ", ".join(cell(item.id) for item in its[:_EXAMPLES]),
        }
        for (state, code), its in ranked
    ]
