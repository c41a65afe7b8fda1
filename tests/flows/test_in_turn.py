"""Whose turn it is to make a batch: who waits, for how long, and who goes on when somebody died."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from flows import in_turn as module
from flows.in_turn import Holder, in_turn
from flows.pulse import SECONDS
from flows.watching import SILENT_BEATS
from tasks import Studio
from tests.globalaiopc.doubles import FakeClock
from tests.ledger.doubles import once
from tests.pipeline import until
from tests.tasks.doubles import Bucket, Provider, studio_for

KEY = "b/run.json"
RUN = uuid4()
PATIENCE = SILENT_BEATS * SECONDS


@pytest.fixture(autouse=True)
def _no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "get_run_logger", lambda: logging.getLogger("run"))

    async def nobody_says(*_: object) -> bool:
        return False

    monkeypatch.setattr(module._Place, "_has_ended", nobody_says)


def studio(bucket: Bucket) -> Studio:
    return studio_for(Provider(), bucket, clock=FakeClock())


def lies(bucket: Bucket) -> Holder:
    return Holder.parse(bucket.objects[KEY])


class Other:
    """Another run's process, as far as the bucket shows it; it beats whenever somebody sleeps."""

    def __init__(self, bucket: Bucket, beats: int) -> None:
        self._bucket = bucket
        self._beats = beats
        self._me = Holder(run=RUN, name="calm-otter")
        self.say()

    def say(self, *, over: bool = False) -> None:
        self._me = self._me.model_copy(update={"beat": self._me.beat + 1, "over": over})
        self._bucket.objects[KEY] = self._me.to_bytes()

    def hears(self, clock: FakeClock, last: Callable[[], None]) -> None:
        """Beat at each of the waiting run's sleeps, and do `last` after so many."""
        sleep: Callable[[float], Awaitable[None]] = clock.sleep

        async def slept(seconds: float) -> None:
            self._beats -= 1
            if self._beats > 0:
                self.say()
            elif self._beats == 0:
                last()
            await sleep(seconds)

        clock.sleep = slept


async def test_a_batch_that_nobody_makes_is_begun_at_once_and_left_to_others():
    bucket = Bucket()
    for _ in range(2):
        one = studio(bucket)
        async with in_turn(one, "b"):
            assert not lies(bucket).over
        assert lies(bucket).over
        assert one.client.clock.slept == []


async def test_a_run_waits_for_as_long_as_another_one_lives(caplog: pytest.LogCaptureFixture):
    bucket, beats = Bucket(), 40
    other, one = Other(bucket, beats), studio(bucket)
    other.hears(one.client.clock, lambda: other.say(over=True))
    with caplog.at_level(logging.INFO, "run"):
        async with in_turn(one, "b"):
            assert one.client.clock.slept == [SECONDS] * beats
    said = [record.message for record in caplog.records]
    assert len(said) == 1
    assert "is being made by run http://127.0.0.1:" in said[0]
    assert f"/runs/flow-run/{RUN}. " in said[0]
    assert f"in {PATIENCE:.0f} s" in said[0]


async def test_a_dead_run_blocks_for_a_minute_and_no_longer():
    bucket, beats = Bucket(), 5
    other, one = Other(bucket, beats), studio(bucket)
    other.hears(one.client.clock, lambda: None)
    async with in_turn(one, "b"):
        silent = sum(one.client.clock.slept) - (beats - 1) * SECONDS
        assert PATIENCE < silent <= PATIENCE + 2 * SECONDS
        assert lies(bucket).name == "a run"


@pytest.mark.parametrize("body", [b"not JSON", json.dumps({"run": "a name"}).encode()])
async def test_what_another_version_wrote_blocks_no_longer_either(body: bytes):
    bucket = Bucket()
    bucket.objects[KEY] = body
    one = studio(bucket)
    async with in_turn(one, "b"):
        assert PATIENCE < sum(one.client.clock.slept) <= PATIENCE + 2 * SECONDS


async def test_a_run_that_prefect_knows_to_have_ended_blocks_nobody(
    monkeypatch: pytest.MonkeyPatch,
):
    async def has_ended(*_: object) -> bool:
        return True

    monkeypatch.setattr(module._Place, "_has_ended", has_ended)
    bucket = Bucket()
    Other(bucket, 0)
    one = studio(bucket)
    async with in_turn(one, "b"):
        assert one.client.clock.slept == []


async def test_of_many_that_wait_one_goes_on_at_a_time():
    bucket = Bucket()
    clock = FakeClock()
    inside, most = 0, 0

    async def run() -> None:
        nonlocal inside, most
        async with in_turn(studio_for(Provider(), bucket, clock=clock), "b"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(run() for _ in range(5)))
    assert (inside, most) == (0, 1)


async def test_a_batch_s_name_is_its_own():
    bucket = Bucket()
    async with AsyncExitStack() as both:
        await both.enter_async_context(in_turn(studio(bucket), "b"))
        await both.enter_async_context(in_turn(studio(bucket), "c"))
        assert sorted(bucket.objects) == ["b/run.json", "c/run.json"]


async def test_a_run_that_fails_leaves_the_batch_to_others():
    bucket = Bucket()
    with pytest.raises(RuntimeError):
        async with in_turn(studio(bucket), "b"):
            raise RuntimeError
    assert lies(bucket).over


@pytest.mark.parametrize("lost", ["put_if_absent", "put_if_match"])
async def test_an_answer_that_was_lost_is_found_again(
    lost: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """boto3 repeats a write whose answer it lost, and the repeat meets the first one's object."""
    bucket = Bucket()
    write = getattr(bucket, lost)

    async def twice(*arguments: object, **more: object) -> object:
        await write(*arguments, **more)
        return await write(*arguments, **more)

    monkeypatch.setattr(bucket, lost, twice)
    async with in_turn(studio(bucket), "b"):
        assert not lies(bucket).over
    assert lies(bucket).over
    assert "seemed dead" not in caplog.text


async def test_while_the_bucket_is_away_nobody_is_thought_to_be_dead():
    bucket = Bucket()
    other, one = Other(bucket, 3), studio(bucket)
    other.hears(one.client.clock, lambda: None)
    bucket.faults = once("get", "refuse", after=5)
    async with in_turn(one, "b"):
        waited = sum(one.client.clock.slept)
    assert waited > 5 * SECONDS + PATIENCE


async def test_a_run_that_only_seemed_dead_goes_on_and_says_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(module, "pulse_seconds", lambda _: 0.01)
    bucket = Bucket()
    async with in_turn(studio(bucket), "b"):
        Other(bucket, 0)
        theirs = bucket.objects[KEY]
        await asyncio.to_thread(until, lambda: "seemed dead" in caplog.text, "the notice")
    assert bucket.objects[KEY] == theirs
