"""What a batch tells automations: each thing once, and how it ended."""

from datetime import UTC, datetime
from typing import Any

import pytest

from flows import announcing
from flows.announcing import announce_end, announced
from flows.briefs import Brief
from flows.errors import AwaitingApproval, Declined, ScriptUnanswered
from flows.report import BatchReport, ReportItem
from flows.shards import Shard
from flows.work import Work
from globalaiopc import GlobalAIOPCError, OutcomeUnknown
from ledger import BudgetReached
from tests.tasks.doubles import Provider, studio_for

WORKS = [Work("b", Brief(id=f"b{number}", topic="A kite")) for number in range(5)]
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def emit(event: str, **more: Any) -> None:
        found.append({"event": event.removeprefix("globalaiopc."), **more})

    monkeypatch.setattr(announcing, "emit_event", emit)
    return found


def names(sent: list[dict[str, Any]]) -> list[str]:
    return [one["event"] for one in sent]


@pytest.mark.parametrize(("shard", "first"), [(None, ["batch.begun"]), (Shard(1, 2), [])])
async def test_each_thing_is_told_once(
    sent: list[dict[str, Any]],
    shard: Shard | None,
    first: list[str],
    monkeypatch: pytest.MonkeyPatch,
):
    studio = studio_for(Provider())
    async with announced(studio, WORKS, shard):
        assert names(sent) == first
        for number in (0, 1):
            studio.timeline.end(f"b{number}", "landed")
        studio.timeline.end("b2", "unknown", OutcomeUnknown.code)
        studio.timeline.end("b3", "unknown", ScriptUnanswered.code)
        studio.timeline.end("b4", "blocked", BudgetReached.code)
    assert names(sent) == [*first, "batch.landed", "job.unknown", "budget.reached"]
    told = sent[-1]["payload"]
    assert told == {"batch_id": "b", "briefs": 5, "landed": 2, "unknown": 1, "cost": "0"}
    assert sent[-1]["resource"]["prefect.resource.id"] == "globalaiopc.batch.b"


async def test_a_lost_text_is_no_unknown_job(sent: list[dict[str, Any]]):
    studio = studio_for(Provider())
    async with announced(studio, WORKS, None):
        studio.timeline.end("b3", "unknown", ScriptUnanswered.code)
    assert names(sent) == ["batch.begun"]


def item(number: int, error: type[GlobalAIOPCError] | None) -> ReportItem:
    if error is None:
        return ReportItem(id=f"b{number}", state="landed")
    return ReportItem(id=f"b{number}", state="failed", error=error("It did not land.").info())


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([None, None], "all"),
        ([None, Declined], "all"),
        ([None, OutcomeUnknown], "some"),
        ([OutcomeUnknown], "none"),
        ([None, OutcomeUnknown, AwaitingApproval], "waiting"),
    ],
)
def test_how_a_batch_ended(
    sent: list[dict[str, Any]], errors: list[type[GlobalAIOPCError] | None], verdict: str
):
    items = [item(number, error) for number, error in enumerate(errors)]
    announce_end(BatchReport.of("b", items, started=NOW, ended=NOW))
    (told,) = sent
    assert told["event"] == "batch.ended"
    assert told["resource"]["globalaiopc.verdict"] == verdict
    assert told["payload"]["landed"] == errors.count(None)
    assert f"{errors.count(None)} of {len(errors)} briefs landed" in told["payload"]["message"]
