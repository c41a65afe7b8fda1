"""What a process learns from its jobs, keeps beside the ledger, and does without when it must."""

import logging

import httpx
import pytest

from globalaiopc.schedule import ENOUGH, LearntCadence
from ledger.times import TIMES_KEY, SeenTimes
from tasks import Studio
from tasks.paid import buy
from tasks.times import GROUP, Times, Watch
from tests.globalaiopc.doubles import FakeClock, client_for, view
from tests.ledger.doubles import Wall
from tests.tasks.doubles import TASK, Bucket, Provider, fox, studio_for

MODEL = "openAiSora2Plus"
RUNNING = httpx.Response(200, json={"id": TASK, "status": "processing"})


def times_of(bucket: Bucket | None = None) -> tuple[Times, FakeClock, Bucket]:
    clock, bucket = FakeClock(), bucket or Bucket()
    client = client_for(lambda _: httpx.Response(500), clock)
    return Times(client, bucket), clock, bucket  # type: ignore[arg-type]


def one_job(times: Times, clock: FakeClock, seconds: float = 200.0) -> Watch:
    watch = times.watch(MODEL, 0.0)
    clock.seconds += seconds - 30
    watch.on_look(view())
    clock.seconds += 30
    watch.on_look(view("completed"))
    return watch


def saved(bucket: Bucket) -> SeenTimes:
    return SeenTimes.model_validate_json(bucket.objects[TIMES_KEY])


async def test_a_later_run_looks_by_what_an_earlier_one_saw() -> None:
    times, clock, bucket = times_of()
    plain = times.watch(MODEL, 0.0).looks
    assert plain == times._client.advised(MODEL)
    for _ in range(ENOUGH):
        one_job(times, clock)
    assert isinstance(times.watch(MODEL, 0.0).looks, LearntCadence), "also within the same run"
    await times.save()
    later, _, _ = times_of(bucket)
    assert later.watch(MODEL, 0.0).looks == plain, "not loaded yet"
    await later.load()
    first = next(later.watch(MODEL, 0.0).looks.intervals())
    assert 150 <= first <= 230
    assert later.watch("nano-banana-2", 0.0).looks == later._client.advised("nano-banana-2")


async def test_only_what_says_when_a_good_job_ended_is_noted() -> None:
    times, clock, bucket = times_of()
    resumed = times.watch(MODEL, 5000.0)
    clock.seconds += 20
    resumed.on_look(view("completed"))  # it may have ended hours ago
    failed = times.watch(MODEL, 0.0)
    clock.seconds += 40
    failed.on_look(view("failed"))
    await times.save()
    assert TIMES_KEY not in bucket.objects
    resumed = times.watch(MODEL, 300.0)
    clock.seconds += 20
    resumed.on_look(view())
    clock.seconds += 30
    resumed.on_look(view("completed"))
    resumed.on_look(view("completed"))  # the looks for its file teach nothing more
    await times.save()
    kept = saved(bucket).of(MODEL)
    assert kept.count == 1
    assert kept.done_by(320) < 0.2
    assert kept.done_by(351) == pytest.approx(1, abs=0.2)


async def test_the_file_is_written_once_for_a_group() -> None:
    times, clock, bucket = times_of()
    for _ in range(2 * GROUP):
        one_job(times, clock)
        await times.save_some()
    assert bucket.calls.count("put_if_absent") + bucket.calls.count("put_if_match") == 2
    assert saved(bucket).of(MODEL).count == 2 * GROUP


async def test_a_bucket_that_is_away_fails_no_job_and_is_told_once(caplog) -> None:
    bucket = Bucket()
    times, clock, _ = times_of(bucket)
    bucket.faults = lambda _: "refuse"
    with caplog.at_level(logging.WARNING, "tasks.times"):
        await times.load()
        for _ in range(3 * GROUP):
            one_job(times, clock)
            await times.save_some()
        await times.save()
    assert len(caplog.records) == 1


async def test_what_remains_by_what_was_seen() -> None:
    times, clock, _ = times_of()
    by_row = times.remaining(MODEL, 0.0)
    row = times._client.catalogue.model(MODEL)
    assert (by_row.low, by_row.high) == row.typical_seconds
    for number in range(50):
        one_job(times, clock, 150.0 + 2 * number)
    start, later = times.remaining(MODEL, 0.0), times.remaining(MODEL, 190.0)
    assert 130 < start.low < start.likely < start.high < 250
    assert start.likely == pytest.approx(185, rel=0.1)
    assert 0 <= later.low < later.likely < later.high < 60
    beyond = times.remaining(MODEL, 10_000.0)
    assert (beyond.low, beyond.likely) == (0, 60)
    assert times.remaining("nobody/knows", 3.0).high > 0


async def test_a_purchase_teaches_how_long_it_took() -> None:
    """Bought, looked at by the client, noticed: the times are those since it was submitted."""
    wall, provider = Wall(), Provider()
    looks = [RUNNING, RUNNING, provider.look]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            provider.look = looks.pop(0) if looks else provider.look
        return provider(request)

    bucket = Bucket()
    studio: Studio = studio_for(answer, bucket, wall)
    await buy(studio, fox())
    await studio.times.save()
    kept = saved(bucket).of("nano-banana-2")
    assert kept.count == 1
    assert 3 <= (kept.quantile(0.5) or 0) <= 9, "found running after 1-2 s and 2-2.5 s more"
