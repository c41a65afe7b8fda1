import asyncio
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from globalaiopc import Cadence, Cooldown, SystemClock
from globalaiopc.answer import Answer
from globalaiopc.waiting import LONGEST_RETRY_AFTER, parse_retry_after
from tests.globalaiopc.doubles import FakeClock

WALL = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("2.5", 2.5),
        ("0", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 20:00:30 +0800", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("-5", 0.0),
        ("1000000000", LONGEST_RETRY_AFTER),
        ("Thu, 01 Jan 2099 00:00:00 GMT", LONGEST_RETRY_AFTER),
        ("inf", LONGEST_RETRY_AFTER),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Thu, 99 Foo 2026 99:99:99 GMT", None),
        (None, None),
    ],
)
def test_retry_after_in_every_form(value, seconds):
    assert parse_retry_after(value, WALL) == seconds


def test_a_date_is_measured_from_the_answers_own_date():
    """The provider's clock is a day behind ours: 30 seconds are still 30 seconds."""
    headers = {
        "date": "Wed, 31 Dec 2025 12:00:00 GMT",
        "retry-after": "Wed, 31 Dec 2025 12:00:30 GMT",
    }
    assert Answer(429, b"", headers, wall=WALL).retry_after == 30.0
    assert Answer(429, b"", {"Retry-After": headers["retry-after"]}, wall=WALL).retry_after == 0.0


def test_a_cadence_grows_and_never_looks_more_often_than_advised():
    for _ in range(200):
        first, *rest = islice(Cadence(30, 60).intervals(), 12)
        assert 15 <= first <= 30
        assert all(30 <= interval <= 60 for interval in rest)
        assert all(interval >= 60 / 1.25 for interval in rest[6:])


def test_a_cadence_is_jittered_and_scaled():
    firsts = {next(Cadence.of((30, 60), 0.01).intervals()) for _ in range(50)}
    assert len(firsts) > 40
    assert all(0.15 <= first <= 0.3 for first in firsts)


def test_a_cadence_of_one_length():
    assert set(islice(Cadence(5, 5).intervals(), 1, 20)) == {5}


async def test_one_429_closes_the_gate_for_everyone():
    clock = FakeClock()
    cooldown = Cooldown(clock)
    await cooldown.wait()
    assert clock.slept == []
    cooldown.trip(30.0)
    left: list[float] = []

    async def enter() -> None:
        await cooldown.wait()
        left.append(clock.now())

    await asyncio.gather(*(enter() for _ in range(5)))
    assert min(left) >= 1030


def test_a_shorter_retry_after_does_not_open_the_gate_sooner():
    cooldown = Cooldown(FakeClock())
    cooldown.trip(30.0)
    cooldown.trip(1.0)
    assert cooldown.remaining == 30.0


def test_without_retry_after_episodes_double_and_a_good_answer_resets():
    clock = FakeClock()
    cooldown = Cooldown(clock, first=5, longest=15)

    def episode() -> float:
        cooldown.trip()
        closed = cooldown.remaining
        for _ in range(100):
            cooldown.trip()  # the rest of the burst belongs to the same episode
        assert cooldown.remaining == closed
        clock.seconds += closed
        return closed

    assert [episode() for _ in range(4)] == [5, 10, 15, 15]
    cooldown.clear()
    assert episode() == 5


async def test_the_system_clock():
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    assert clock.now() >= before
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(minutes=1)
