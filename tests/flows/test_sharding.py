"""Who makes which shard when runs begin late, die, are cancelled, or were there already."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running, Scheduled

from flows import describing, sharding
from flows.briefs import Brief
from flows.pulse import SECONDS, Pulse
from flows.report import ReportItem, manifest_line
from flows.sharding import MOST_RUNS, Conductor
from flows.shards import Shard, split
from flows.watching import SILENT_BEATS
from flows.work import Work
from tests.globalaiopc.doubles import FakeClock
from tests.tasks.doubles import Bucket, Provider, studio_for

BRIEFS = [Brief(id=f"b{number}", topic="A kite") for number in range(9)]
WORKS = [Work("batch", brief) for brief in BRIEFS]
SHARDS = 3
CUT = split(BRIEFS, SHARDS)


@dataclass
class Run:
    id: UUID
    shard: Shard
    attempt: int
    state: State


@dataclass
class Pool:
    """Prefect, as far as it starts and shows runs; `on_look` moves them before each look."""

    store: Bucket
    on_look: Callable[["Pool"], None] = lambda _: None
    runs: list[Run] = field(default_factory=list)
    looks: int = 0
    away: int = 0
    refuses: Exception | None = None
    batch_id: str = "batch"
    first_state: Callable[[], State] = Scheduled

    async def start(self, shard: Shard, briefs: str, attempt: int) -> FlowRun:
        assert briefs == f"s3://memory/batch/shards/{shard}.jsonl"
        if self.refuses is not None:
            raise self.refuses
        for run in self.runs:  # as the idempotency key does
            if (run.shard, run.attempt) == (shard, attempt):
                return FlowRun(id=run.id, flow_id=uuid4(), state=run.state)
        self.runs.append(Run(uuid4(), shard, attempt, self.first_state()))
        return await self.start(shard, briefs, attempt)

    async def states(self, runs: Iterable[UUID]) -> dict[UUID, State] | None:
        wanted = set(runs)
        self.looks += 1
        assert self.looks < 2000, "it never ends"
        self.on_look(self)
        if self.looks <= self.away:
            return None
        return {run.id: run.state for run in self.runs if run.id in wanted}

    async def take_over(self, run: UUID) -> None:
        self.set(run, Cancelled(name="TakenOver"))

    async def give_up(self, run: UUID) -> None:
        self.set(run, Crashed())

    def set(self, run: UUID, state: State) -> None:
        next(one for one in self.runs if one.id == run).state = state

    def of(self, number: int) -> list[Run]:
        return [run for run in self.runs if run.shard.number == number]

    def beat(self, run: Run, number: int) -> None:
        key = f"batch/shards/{run.shard}/runs/{run.id}.json"
        self.store.objects[key] = Pulse(beat=number).model_dump_json().encode()

    def makes(self, run: Run, state: str = "landed") -> None:
        """The run's last writes, and its end."""
        folder = f"batch/shards/{run.shard}"
        items = [
            ReportItem.model_validate({"id": brief.id, "state": state, "video": "by a worker"})
            for brief in CUT[run.shard]
        ]
        left = 0 if state == "landed" else len(items)
        self.store.objects[f"{folder}/manifest.jsonl"] = "".join(
            manifest_line(item) for item in items
        ).encode()
        done = Pulse(done=True, left=left).model_dump_json().encode()
        self.store.objects[f"{folder}/runs/{run.id}.json"] = done
        run.state = Completed()


class Hall:
    """A conductor with its studio; what it makes itself is noted, and waits for `may_end`."""

    def __init__(self, on_look: Callable[[Pool], None] = lambda _: None) -> None:
        self.store = Bucket()
        self.pool = Pool(self.store, on_look)
        self.made: list[Shard] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.studio = studio_for(Provider(), self.store)
        self.studio.client.clock = FakeClock()

    async def make(self, works: Sequence[Work]) -> Sequence[ReportItem]:
        ids = {work.brief.id for work in works}
        self.made.append(next(s for s, part in CUT.items() if {b.id for b in part} == ids))
        await self.may_end.wait()
        return [ReportItem(id=one, state="landed", video="here") for one in ids]

    async def conduct(self) -> dict[str, str | None]:
        """Who made what: each brief's video, in the order of the report."""
        runs: sharding.ShardRuns = self.pool
        items = await Conductor(self.studio, runs, self.make).conduct(WORKS, SHARDS)
        assert [item.id for item in items] == [brief.id for brief in BRIEFS]
        return {item.id: item.video if item.state == "landed" else item.state for item in items}

    def numbers(self) -> list[int]:
        return [shard.number for shard in self.made]


@pytest.fixture(autouse=True)
def _log(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sharding, describing):
        monkeypatch.setattr(module, "get_run_logger", lambda: logging.getLogger("run"))


def ids(number: int) -> set[str]:
    return {brief.id for brief in CUT[Shard(number, SHARDS)]}


async def test_without_any_free_worker_the_run_makes_all_shards_itself():
    hall = Hall()
    found = await hall.conduct()
    assert set(found.values()) == {"here"}
    assert hall.numbers() == [1, 3, 2]
    assert {run.state.name for run in hall.pool.runs} == {"TakenOver"}
    assert len(hall.pool.runs) == 2


async def test_what_workers_make_is_gathered():
    def work(pool: Pool) -> None:
        for run in pool.runs:
            if pool.looks == 1:
                run.state = Running()
            if pool.looks == 3 + run.shard.number:
                pool.makes(run)

    hall = Hall(work)
    hall.may_end.clear()
    asyncio.get_running_loop().call_later(0.2, hall.may_end.set)
    found = await hall.conduct()
    assert hall.numbers() == [1]
    assert {one for one, by in found.items() if by == "here"} == ids(1)
    assert {one for one, by in found.items() if by == "by a worker"} == ids(2) | ids(3)


def slow_worker(pool: Pool) -> None:
    for run in pool.runs:
        if not run.state.is_final():
            run.state = run.state if run.state.is_running() else Running()
            pool.beat(run, pool.looks)
            if pool.looks > 60:
                pool.makes(run)


async def test_a_run_that_shows_signs_of_life_is_waited_for_however_long():
    hall = Hall(slow_worker)
    hall.pool.first_state = Running
    found = await hall.conduct()
    assert hall.numbers() == [1]
    assert hall.studio.client.clock.now() > 1000 + 2 * SILENT_BEATS * SECONDS
    assert set(found.values()) == {"here", "by a worker"}


async def test_a_silent_run_is_given_up_and_its_shard_made_here():
    def work(pool: Pool) -> None:
        for run in pool.of(2):
            if run.state.is_running():
                pool.beat(run, pool.looks)
                if pool.looks > 60:
                    pool.makes(run)

    hall = Hall(work)
    hall.pool.first_state = Running
    found = await hall.conduct()
    assert hall.numbers() == [1, 3]
    assert [run.state.name for run in hall.pool.of(3)] == ["Crashed"]
    assert {one for one, by in found.items() if by == "by a worker"} == ids(2)


async def test_while_this_run_is_busy_a_dead_one_is_started_again_but_not_for_ever():
    hall = Hall()

    def work(pool: Pool) -> None:
        for run in pool.runs:
            if run.shard.number == 3 or run.attempt == MOST_RUNS:
                run.state = Failed() if run.attempt == 2 else Crashed()
            else:
                run.state = Crashed()
        if pool.looks > 20:
            hall.may_end.set()

    hall.pool.on_look = work
    hall.may_end.clear()
    found = await hall.conduct()
    assert {number: len(hall.pool.of(number)) for number in (2, 3)} == {2: MOST_RUNS, 3: MOST_RUNS}
    assert sorted(hall.numbers()) == [1, 2, 3]
    assert set(found.values()) == {"here"}


async def test_a_run_that_came_late_to_a_shard_made_here_is_not_left_running():
    def work(pool: Pool) -> None:
        for run in pool.runs:
            if run.state.name == "TakenOver" and pool.looks < 3:
                run.state = Running()  # the worker had begun it just then

    hall = Hall(work)
    assert set((await hall.conduct()).values()) == {"here"}
    assert {run.state.name for run in hall.pool.runs} <= {"Crashed", "TakenOver"}
    assert any(run.state.name == "Crashed" for run in hall.pool.runs)


async def test_a_run_that_wrote_its_end_counts_whatever_prefect_says():
    def work(pool: Pool) -> None:
        for run in pool.runs:
            pool.makes(run)
            run.state = Crashed()

    hall = Hall(work)
    hall.pool.first_state = Running
    found = await hall.conduct()
    assert hall.numbers() == [1]
    assert {one for one, by in found.items() if by == "by a worker"} == ids(2) | ids(3)


async def test_a_run_that_says_it_is_done_but_wrote_of_other_briefs_is_not_believed():
    def work(pool: Pool) -> None:
        for run in pool.runs:
            if run.state.is_running():
                pool.makes(run)
                pool.store.objects[f"batch/shards/{run.shard}/manifest.jsonl"] = b""

    hall = Hall(work)
    hall.pool.first_state = Running
    assert set((await hall.conduct()).values()) == {"here"}
    assert sorted(hall.numbers()) == [1, 2, 3]


async def test_what_a_person_has_cancelled_is_left_alone():
    def work(pool: Pool) -> None:
        (run,) = pool.of(2)
        run.state = Cancelled()

    hall = Hall(work)
    found = await hall.conduct()
    assert hall.numbers() == [1, 3]
    assert {one for one, state in found.items() if state == "pending"} == ids(2)


async def test_a_retried_run_joins_the_runs_that_it_had_started():
    hall = Hall()
    hall.pool.first_state = Running
    for number in (2, 3):
        await hall.pool.start(
            Shard(number, SHARDS), f"s3://memory/batch/shards/{number}-of-3.jsonl", 1
        )
    hall.pool.makes(hall.pool.runs[0])
    hall.pool.on_look = lambda pool: pool.makes(pool.of(3)[0])
    found = await hall.conduct()
    assert len(hall.pool.runs) == 2
    assert hall.numbers() == [1]
    assert {one for one, by in found.items() if by == "by a worker"} == ids(2) | ids(3)


async def test_a_retried_run_goes_on_with_what_had_not_landed():
    hall = Hall()
    for number in (2, 3):
        await hall.pool.start(
            Shard(number, SHARDS), f"s3://memory/batch/shards/{number}-of-3.jsonl", 1
        )
    for run in hall.pool.runs:
        hall.pool.makes(run, "failed" if run.shard.number == 2 else "landed")
    hall.pool.on_look = lambda pool: [pool.makes(run) for run in pool.runs if run.attempt == 2]
    found = await hall.conduct()
    assert {number: len(hall.pool.of(number)) for number in (2, 3)} == {2: 2, 3: 1}
    assert set(found.values()) == {"here", "by a worker"}


async def test_while_prefect_is_away_nobody_is_thought_dead_and_what_is_done_is_seen():
    def work(pool: Pool) -> None:
        if pool.looks == 50:
            for run in pool.runs:
                pool.makes(run)

    hall = Hall(work)
    hall.pool.first_state, hall.pool.away = Running, 10**6

    def begin(pool: Pool) -> None:
        pool.away = 0 if pool.looks == 1 else 10**6
        work(pool)

    hall.pool.on_look = begin
    hall.may_end.clear()
    asyncio.get_running_loop().call_later(0.2, hall.may_end.set)
    found = await hall.conduct()
    assert hall.numbers() == [1]
    assert {one for one, by in found.items() if by == "by a worker"} == ids(2) | ids(3)


@pytest.mark.parametrize("refusal", [httpx.ConnectError("away"), httpx.HTTPError("422")])
async def test_what_prefect_does_not_start_is_made_here(refusal: Exception):
    hall = Hall()
    hall.pool.refuses = refusal
    assert set((await hall.conduct()).values()) == {"here"}
    assert sorted(hall.numbers()) == [1, 2, 3]


async def test_a_bucket_that_is_away_for_a_while_kills_nobody():
    hall = Hall(slow_worker)
    hall.pool.first_state = Running
    looks: list[int] = []

    def faults(call: str) -> str | None:
        looks.append(hall.pool.looks)
        return "refuse" if call == "get" and 5 < hall.pool.looks < 40 else None

    hall.store.faults = faults
    found = await hall.conduct()
    assert max(looks) > 40
    assert hall.numbers() == [1]
    assert set(found.values()) == {"here", "by a worker"}


async def test_a_run_that_is_just_being_started_has_longer():
    def work(pool: Pool) -> None:
        clock = hall.studio.client.clock
        for run in pool.runs:
            if clock.now() > 1000 + 2 * SILENT_BEATS * SECONDS and not run.state.is_final():
                pool.makes(run)

    hall = Hall(work)
    hall.pool.first_state = Pending
    await hall.conduct()
    assert hall.numbers() == [1]
