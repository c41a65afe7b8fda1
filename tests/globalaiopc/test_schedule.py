"""Learnt waiting: a thousand seeded jobs, noticed soon, by no more looks than the plain cadence."""

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from globalaiopc import Cadence
from globalaiopc.durations import BINS_PER_DOUBLING, MEMORY, Durations
from globalaiopc.schedule import LearntCadence, Schedule
from globalaiopc.waiting import Looks
from tests.globalaiopc.doubles import FakeClock, Script, client_for

PLAIN = Cadence(30, 60)
RUNNING = {"id": "t-1", "status": "processing"}
DONE = {"id": "t-1", "status": "completed", "image_url": "https://media.example/a.png"}


@dataclass
class Waited:
    """How one job was waited for. Times since submission; `running` is the last look before."""

    took: float
    times: list[float]

    @property
    def running(self) -> float:
        return self.times[-2] if len(self.times) > 1 else 0.0

    @property
    def late(self) -> float:
        return self.times[-1] - self.took


def wait(looks: Callable[[Callable[[], float]], Looks], took: float, since: float = 0.0) -> Waited:
    times: list[float] = []
    intervals = looks(lambda: times[-1] if times else since).intervals()
    while not times or times[-1] < took:
        interval = next(intervals)
        times.append((times[-1] if times else since) + interval)
    return Waited(took, times)


def batch(draw: Callable[[], float], durations: Durations, jobs: int, plain: Cadence = PLAIN):
    """Wait for so many jobs, learning from each as a process does, from all that it sees."""
    found: list[Waited] = []
    for number in range(jobs):
        if number % 16 == 0:
            schedule = Schedule(durations, plain)
        found.append(wait(lambda elapsed, now=schedule: LearntCadence(now, elapsed), draw()))
        durations = durations.plus(found[-1].running, found[-1].times[-1])
    return found, durations


def advised(draw: Callable[[], float], jobs: int, plain: Cadence = PLAIN):
    """Wait for so many jobs as is advised; also what that teaches."""
    found, durations = [], Durations()
    for _ in range(jobs):
        found.append(wait(lambda _: plain, draw()))
        durations = durations.plus(found[-1].running, found[-1].times[-1])
    return found, durations


def looks(jobs: list[Waited]) -> float:
    return statistics.fmean(len(job.times) for job in jobs)


def lateness(jobs: list[Waited]) -> float:
    return statistics.median(job.late / job.took for job in jobs)


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    random.seed(20260101)
    yield
    random.seed()


def uniform() -> float:
    return random.uniform(0.7 * 210, 1.3 * 210)  # the middle of a video model's typical times


@pytest.mark.parametrize("learnt", [30, 100])
def test_a_thousand_jobs_are_noticed_within_8_percent_by_fewer_looks(learnt: int) -> None:
    _, durations = advised(uniform, learnt)
    jobs, _ = batch(uniform, durations, 1000)
    plain, _ = advised(uniform, 1000)
    assert lateness(jobs) <= 0.08
    assert lateness(plain) > 0.11
    assert looks(jobs) < 0.75 * looks(plain)
    gaps = [after - before for job in jobs for before, after in pairwise(job.times)]
    assert min(gaps) >= PLAIN.shortest - 1e-9
    assert min(job.times[0] for job in jobs) >= PLAIN.shortest / 2


@pytest.mark.parametrize(
    "draw",
    [
        lambda: random.expovariate(1 / 210),
        lambda: random.lognormvariate(5.3, 1.0),
        lambda: random.choice((random.uniform(100, 120), random.uniform(500, 600))),
        lambda: random.uniform(5, 20),
        lambda: random.uniform(20000, 40000),
    ],
    ids=["any", "a-long-tail", "two-kinds", "faster-than-a-look", "very-slow"],
)
def test_no_distribution_costs_more_looks_than_the_plain_cadence(draw) -> None:
    _, durations = advised(draw, 100)
    jobs, _ = batch(draw, durations, 300)
    plain, _ = advised(draw, 1000)
    assert looks(jobs) <= 1.05 * looks(plain), "but for the noise of 300 jobs"


def test_times_that_hardly_differ_are_met_by_few_looks_around_them() -> None:
    _, durations = advised(lambda: random.uniform(205, 215), 100)
    _, durations = batch(lambda: random.uniform(205, 215), durations, 300)
    jobs, _ = batch(lambda: random.uniform(205, 215), durations, 300)
    assert lateness(jobs) < 0.075
    assert looks(jobs) <= 3, "by the plain cadence 5.7"


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_model_that_becomes_faster_or_slower_is_learnt_anew(factor: float) -> None:
    _, durations = advised(uniform, 200)
    _, durations = batch(lambda: factor * uniform(), durations, 300)
    jobs, _ = batch(lambda: factor * uniform(), durations, 200)
    middle = durations.quantile(0.5)
    assert middle is not None
    assert middle == pytest.approx(factor * 210, rel=0.25)
    assert statistics.fmean(job.late for job in jobs) < 0.8 * PLAIN.shortest


def test_jobs_that_were_submitted_at_once_are_not_looked_at_at_once() -> None:
    _, durations = advised(uniform, 200)
    schedule = Schedule(durations, PLAIN)
    jobs = [wait(lambda elapsed: LearntCadence(schedule, elapsed), uniform()) for _ in range(1000)]
    seconds = Counter(int(time) for job in jobs for time in job.times)
    plain, _ = advised(uniform, 1000)
    plain_seconds = Counter(int(time) for job in plain for time in job.times)
    assert max(seconds.values()) <= 2 * max(plain_seconds.values())


def test_a_resumed_job_is_looked_at_when_an_earlier_look_is_long_enough_ago() -> None:
    _, durations = advised(uniform, 200)
    schedule = Schedule(durations, PLAIN)
    for since in (0.0, 100.0, 200.0, 1000.0):
        job = wait(lambda elapsed: LearntCadence(schedule, elapsed), 210, since)
        assert job.times[0] >= since + PLAIN.shortest / 2
        if since >= 200:
            assert job.times[0] <= since + 1.5 * PLAIN.shortest, "it is due"


def test_a_job_that_takes_longer_than_any_other_is_looked_at_slowly() -> None:
    _, durations = advised(uniform, 200)
    schedule = Schedule(durations, PLAIN)
    job = wait(lambda elapsed: LearntCadence(schedule, elapsed), 3000)
    late = [after - before for before, after in pairwise(job.times) if before > 400]
    assert all(48 <= gap <= 60 for gap in late)
    assert len(late) > 40


TIMES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30)


@settings(max_examples=30)
@given(
    times=TIMES,
    width=st.floats(0, 1),
    shortest=st.floats(0.01, 100),
    factor=st.floats(1, 3),
    since=st.floats(0, 1e5),
    late=st.lists(st.floats(0, 50), min_size=40, max_size=40),
)
def test_no_two_looks_ever_come_closer_than_advised(
    times, width, shortest, factor, since, late
) -> None:
    """Whatever was seen, however long looks and cool-downs take, and wherever it is resumed."""
    durations = Durations()
    for time in times:
        durations = durations.plus(time * (1 - width), time)
    now = [since]
    cadence = LearntCadence(
        Schedule(durations, Cadence(shortest, shortest * factor)), lambda: now[0]
    )
    for number, interval in enumerate(islice(cadence.intervals(), 40)):
        least = shortest if number else shortest / 2
        assert interval >= least * (1 - 1e-6) - 1e-9 * now[0]
        now[0] += interval + late[number]


@settings(max_examples=30)
@given(times=st.lists(st.tuples(st.floats(-1, 1e7), st.floats(-1, 1e7)), max_size=60))
def test_a_histogram_stays_small_and_sound_whatever_is_put_in(times) -> None:
    durations = Durations()
    for running, done in times:
        durations = durations.plus(running, done)
    assert Durations.model_validate_json(durations.model_dump_json()) == durations
    assert durations.count == len(times)
    assert len(durations.weights) < 30 * BINS_PER_DOUBLING
    assert len(durations.model_dump_json()) < 10_000
    assert sum(durations.weights.values()) <= MEMORY + 1
    shares = [durations.done_by(seconds) for seconds in (0, 1, 60, 3600, 1e9)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1 if times else 0)


def test_a_job_that_ended_between_two_looks_is_spread_over_that_time() -> None:
    durations = Durations().plus(100, 130)
    assert durations.done_by(100) == pytest.approx(0, abs=0.05)
    assert durations.done_by(115) == pytest.approx(0.5, abs=0.05)
    assert durations.done_by(130) == pytest.approx(1, abs=0.06)
    assert durations.done_by(140) == 1
    assert durations.quantile(0.5, beyond=115) == pytest.approx(122.5, rel=0.03)
    assert durations.quantile(0.5, beyond=140) is None


async def test_the_client_looks_when_it_is_told_to() -> None:
    class Twice:
        def intervals(self) -> Iterator[float]:
            yield from (100.0, 7.0)

    clock = FakeClock()
    script = Script(RUNNING, DONE, clock=clock)
    async with client_for(script, clock) as client:
        await client.wait("t-1", model="nano-banana-2", cadence=Twice())
    assert script.times == [1100, 1107]
