"""The makespan of a batch that several runs made: it adds up, along the run that ended last."""

import secrets
from datetime import UTC, datetime, timedelta

from flows.gathered import Part, gathered, shard_parts
from flows.makespan import Makespan, Split, StageTimes, Step
from flows.report import BatchReport
from ledger import ObjectStore
from sandbox.services import S3Access

BEGAN = datetime(2026, 11, 2, 6, tzinfo=UTC)


def part(start: float, *, brief: str, queue: float, made: float, bound: float) -> Part:
    """One that begins `start` seconds into the batch and has one stage."""
    seconds = queue + made
    split = Split(queueing=queue, generation=made)
    took = Makespan(
        seconds=seconds,
        bound=bound,
        ideal=bound + 1,
        efficiency=bound / seconds,
        split=split,
        last_brief=brief,
        path=(
            Step(stage="video", cause="queueing", start=0.0, seconds=queue),
            Step(stage="video", cause="generation", start=queue, seconds=made),
        ),
        stages=(
            StageTimes(stage="video", places=5, jobs=2, held=1, longest_wait=queue, seconds=split),
        ),
        resumed=1,
    )
    begin = BEGAN + timedelta(seconds=start)
    return Part(begin, begin + timedelta(seconds=seconds), took)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_the_way_is_that_of_the_run_that_ended_last_with_its_wait_for_a_worker() -> None:
    first = part(0, brief="a", queue=2, made=20, bound=21)
    last = part(15, brief="b", queue=1, made=10, bound=10)
    found = gathered([last, first], BEGAN, at(27))
    assert found is not None
    assert (found.seconds, found.bound, found.ideal) == (27, 21, 22)
    assert found.efficiency == round(21 / 27, 4)
    assert found.last_brief == "b"
    assert found.split == Split(queueing=16, generation=10, orchestration=1)
    assert [(step.stage, step.cause, step.start, step.seconds) for step in found.path] == [
        ("worker", "queueing", 0, 15),
        ("video", "queueing", 15, 1),
        ("video", "generation", 16, 10),
        ("worker", "orchestration", 26, 1),
    ]
    assert sum(found.split.parts.values()) == found.seconds
    [video] = found.stages
    assert (video.places, video.jobs, video.held, video.longest_wait) == (10, 4, 2, 2)
    assert video.seconds == Split(queueing=3, generation=30)
    assert found.resumed == 2
    assert found.advice == (
        "The shard that ended last waited 15 s for a worker: start more workers on the pool, "
        "or make fewer shards."
    )


def test_clocks_that_disagree_make_no_negative_times() -> None:
    early = part(-3, brief="a", queue=1, made=10, bound=10)
    found = gathered([early], BEGAN, at(5))
    assert found is not None
    assert found.seconds == early.makespan.seconds
    assert min(step.seconds for step in found.path) > 0


def test_nobody_made_anything() -> None:
    assert gathered([], BEGAN, at(3)) is None


async def test_only_this_runs_reports_count(s3: S3Access) -> None:
    store = ObjectStore(s3.client(), s3.bucket, f"run-{secrets.token_hex(6)}")
    new, old = (
        part(5, brief="a", queue=1, made=2, bound=2),
        part(-60, brief="b", queue=1, made=2, bound=2),
    )
    for number, one in enumerate((new, old), 1):
        report = BatchReport.of(
            "night", (), started=one.started, ended=one.ended, makespan=one.makespan
        )
        await store.put(
            f"night/shards/{number}-of-4/report.json",
            report.to_bytes(),
            content_type="application/json",
        )
    await store.put("night/shards/3-of-4/report.json", b"{}", content_type="application/json")
    assert await shard_parts(store, "night", 4, BEGAN) == [new]
