"""How a batch is, by its bucket: reports, what happened since, and whether a run makes it now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flows.in_turn import Holder, place_of
from flows.status import BatchStatus, NoSuchBatch, batch_status
from globalaiopc import ErrorInfo
from ledger import Held, JobKey, Landed, Ledger, Mine, ObjectInfo
from tests.flows.test_report import landed, report, troubled
from tests.tasks.doubles import Bucket

NOW = datetime.now(UTC)
LOST = ErrorInfo(
    code="outcome_unknown",
    message="No answer came.",
    charged="unknown",
    retry_is_free=False,
    who_acts="user",
)


class Timed(Bucket):
    """A bucket with a clock; its objects are `silent` seconds old."""

    silent = 0.0

    async def head(self, key: str) -> ObjectInfo | None:
        found = await super().head(key)
        return found and replace(found, modified=NOW - timedelta(seconds=self.silent))

    async def server_time(self) -> datetime | None:
        return NOW


@pytest.fixture
def bucket() -> Timed:
    return Timed()


async def claimed(
    bucket: Timed, brief: str, stage: str, *, ago: float = 0.0
) -> tuple[Ledger, Held]:
    ledger = Ledger(bucket, wall=lambda: datetime.now(UTC) - timedelta(seconds=ago))
    outcome = await ledger.claim(
        JobKey(batch_id="b", brief_id=brief, stage=stage),
        endpoint="/v1/x",
        model="m",
        api="v1",
        key_hash="k",
        asked={"prompt": "A fox"},
    )
    assert isinstance(outcome, Mine)
    return ledger, outcome.held


async def made(bucket: Timed, brief: str, stage: str) -> None:
    ledger, held = await claimed(bucket, brief, stage)
    held = await ledger.submitted(held, f"id-{brief}-{stage}")
    held = await ledger.completed(held, amount=Decimal("0.4"))
    media = Landed(key=f"b/{brief}/{stage}.x", sha256="0" * 64, size=1, content_type="video/mp4")
    await ledger.landed(held, media)


def runs(bucket: Timed, *, over: bool = False) -> None:
    bucket.objects[place_of("b")] = Holder(name="calm-fox", over=over).to_bytes()


async def look(bucket: Timed) -> BatchStatus:
    return await batch_status(bucket, "b")  # type: ignore[arg-type]


async def test_a_batch_that_is_not_there_is_said_to_be_none(bucket: Timed) -> None:
    with pytest.raises(NoSuchBatch, match="b in s3://"):
        await look(bucket)


async def test_a_batch_without_a_report_is_told_by_its_receipts(bucket: Timed) -> None:
    await made(bucket, "whole", "image")
    await made(bucket, "whole", "video")
    await made(bucket, "half", "image")
    await claimed(bucket, "sent", "image")
    runs(bucket)
    status = await look(bucket)
    assert (status.stands, status.over) == ("under way", False)
    assert status.briefs == {"landed": 1, "pending": 2, "failed": 0, "blocked": 0, "unknown": 0}
    assert status.jobs == {"image": {"landed": 2, "intent": 1}, "video": {"landed": 1}}
    assert status.cost == Decimal("1.2")
    assert status.run is not None
    assert status.run.name == "calm-fox"


@pytest.mark.parametrize(("silent", "over"), [(0.0, True), (61.0, False)])
async def test_a_run_that_is_over_or_silent_makes_it_no_more(
    bucket: Timed, silent: float, over: bool
) -> None:
    await made(bucket, "half", "image")
    runs(bucket, over=over)
    bucket.silent = silent
    assert (await look(bucket)).stands == "unfinished"


async def test_an_unknown_job_needs_a_decision_also_when_nobody_noted_it(bucket: Timed) -> None:
    ledger, held = await claimed(bucket, "lost", "video")
    await ledger.unknown(held, LOST)
    await claimed(bucket, "crashed", "video", ago=3600)
    runs(bucket)
    before = dict(bucket.objects)
    status = await look(bucket)
    assert status.stands == "needs a decision"
    assert {one.job for one in status.unknown} == {"b/lost/video", "b/crashed/video"}
    assert status.briefs["unknown"] == 2
    assert bucket.objects == before, "it is only looked at"


async def test_a_report_tells_of_briefs_without_receipts(bucket: Timed) -> None:
    bad = [troubled(f"bad{n}", "blocked", "request_changed") for n in range(5)]
    bucket.objects["b/report.json"] = report(landed("good"), *bad).to_bytes()
    runs(bucket, over=True)
    status = await look(bucket)
    assert (status.stands, status.over) == ("partly landed", True)
    assert (status.briefs["landed"], status.briefs["blocked"]) == (1, 5)
    cause = status.causes[0]
    assert (cause.code, cause.briefs, cause.examples) == (
        "request_changed",
        5,
        ("bad0", "bad1", "bad2"),
    )


async def test_what_happened_after_the_report_counts(bucket: Timed) -> None:
    bucket.objects["b/report.json"] = report(troubled("fox", "failed", "moderated")).to_bytes()
    assert (await look(bucket)).stands == "nothing landed"
    await made(bucket, "fox", "video")
    status = await look(bucket)
    assert (status.stands, status.causes) == ("landed", ())


async def test_pictures_wait_for_approval_and_what_is_declined_is_done(bucket: Timed) -> None:
    declined = troubled("no", "pending", "declined")
    waiting = report(landed("good"), declined, troubled("ask", "pending", "awaiting_approval"))
    bucket.objects["b/report.json"] = waiting.to_bytes()
    assert (await look(bucket)).stands == "awaits approval"
    bucket.objects["b/report.json"] = report(landed("good"), declined).to_bytes()
    status = await look(bucket)
    assert (status.stands, status.over) == ("landed", True)


async def test_a_receipt_that_cannot_be_read_is_named(bucket: Timed) -> None:
    await made(bucket, "fox", "video")
    bucket.objects["b/owl/receipts/video.json"] = b"{torn"
    status = await look(bucket)
    assert "b/owl/receipts/video.json" in status.unreadable[0]
