"""A batch made by several runs: one starts them, takes part itself, and gathers what they made.

The run of the batch makes the first shard in its own process, and then any that no worker has
begun: one worker that does one run at a time finishes too. A shard whose run died is started again,
or made here. None of this decides about money: two runs that make the same shard share each job by
its receipt, and only look and land twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import httpx
from prefect.logging import get_run_logger

from flows.describing import made
from flows.errors import ShardStopped
from flows.pulse import Pulse, pulse_seconds
from flows.report import ReportItem
from flows.running import STAGES
from flows.shard_runs import AWAY, ShardRuns
from flows.shards import lines, split
from flows.watching import Watched
from flows.work import Work
from ledger import StoreError
from tasks import Studio

Make = Callable[[Sequence[Work]], Awaitable[Sequence[ReportItem]]]
"""Makes briefs in this process."""

MOST_RUNS = 3
FIRST_LOOK = 1.0


class Conductor:
    """Makes all briefs of a batch in shards."""

    def __init__(self, studio: Studio, runs: ShardRuns, make: Make) -> None:
        self._studio = studio
        self._runs = runs
        self._make = make
        self._shards: list[Watched] = []
        self._mine: tuple[Watched, asyncio.Task[Sequence[ReportItem]]] | None = None

    async def conduct(self, works: Sequence[Work], count: int) -> Sequence[ReportItem]:
        """Cut, start, take part, and gather: an item for each brief, in their order."""
        self._shards = await self._cut(works, count)
        first, *others = self._shards
        try:
            await self._take(first)
            for one in others:
                await self._start(one)
            await self._until_over()
        finally:
            if self._mine is not None:
                self._mine[1].cancel()
        for one in self._shards:
            if one.stands == "stopped":
                one.items = await asyncio.gather(*(self._as_it_stands(work) for work in one.works))
        await self._close_the_books()
        found = {item.id: item for one in self._shards for item in one.items}
        return [found[work.brief.id] for work in works]

    async def _cut(self, works: Sequence[Work], count: int) -> list[Watched]:
        """Write each shard's list to the bucket."""
        work_of = {work.brief.id: work for work in works}
        cut = split([work.brief for work in works], count)
        for shard, briefs in cut.items():
            key = shard.list_key(works[0].batch_id)
            await self._studio.store.put(key, lines(briefs), content_type="application/x-ndjson")
        return [
            Watched(shard, [work_of[brief.id] for brief in briefs]) for shard, briefs in cut.items()
        ]

    async def _start(self, one: Watched) -> None:
        """Start the shard's next run, or join one that was started before this run was retried."""
        address = self._studio.store.uri(one.shard.list_key(self._runs.batch_id))
        while one.attempts < MOST_RUNS:
            try:
                run = await self._runs.start(one.shard, address, one.attempts + 1)
            except AWAY as error:
                # When it was not refused, perhaps it was started: asked again, it is the same one.
                one.attempts += not isinstance(error, httpx.TransportError)
                self._tell("Shard %s was not started (%s).", one.shard, type(error).__name__)
                return
            one.attempts += 1
            if run.state is None or not run.state.is_final() or await self._all_landed(one, run.id):
                one.runs.append(run.id)
                one.stands = "waiting"
                return
        one.stands = "lost"

    async def _all_landed(self, one: Watched, run: UUID) -> bool:
        """Whether a run that has ended left nothing to go on with."""
        try:
            pulse = await Pulse.read(self._studio.store, one.folder, str(run))
        except StoreError:
            return False  # then another run looks for what is left, which is free
        return pulse is not None and pulse.done and not pulse.left

    async def _until_over(self) -> None:
        longest = pulse_seconds(self._studio)
        pause = FIRST_LOOK
        while not all(one.over for one in self._shards):
            if self._mine is None and (free := self._nobodys()):
                await self._take(free)
            before = [one.stands for one in self._shards]
            await self._pause(pause)
            await self._look()
            changed = before != [one.stands for one in self._shards]
            pause = FIRST_LOOK if changed else min(1.5 * pause, longest)

    def _nobodys(self) -> Watched | None:
        """A shard that nobody makes: the last, since workers begin with the first."""
        free = (one for one in reversed(self._shards) if one.stands in ("lost", "waiting"))
        return next(free, None)

    async def _take(self, one: Watched) -> None:
        """Make it in this process."""
        if one.stands == "waiting" and one.runs:
            await self._runs.take_over(one.runs[-1])
        self._tell("This run makes shard %s", one.shard)
        one.stands = "mine"
        self._mine = one, asyncio.ensure_future(self._make(one.works))

    async def _pause(self, seconds: float) -> None:
        """Until the next look is due, or what is made here is made."""
        sleeping = asyncio.ensure_future(self._studio.client.clock.sleep(seconds))
        if self._mine is None:
            await sleeping
            return
        one, making = self._mine
        await asyncio.wait({sleeping, making}, return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()
        if making.done():
            self._mine, one.items, one.stands = None, making.result(), "done"

    async def _look(self) -> None:
        """Take in how the others' shards stand, and have the lost ones made anew."""
        watched = [one for one in self._shards if not one.over and one.stands != "mine"]
        if not watched:
            return
        states = await self._runs.states(one.runs[-1] for one in watched if one.runs)
        before = [one.stands for one in watched]
        beat = pulse_seconds(self._studio)
        await asyncio.gather(*(one.look(self._studio, states, beat) for one in watched))
        for one, stood in zip(watched, before, strict=True):
            if one.stands != stood:
                await self._told(one)
            # Nobody else is asked for what this process is free to make.
            if self._mine is not None and (one.stands == "lost" or not one.runs):
                await self._start(one)

    async def _close_the_books(self) -> None:
        """No run of a shard that others have made shall be called Running for ever."""
        others = [run for one in self._shards for run in one.runs if run not in one.finished]
        states = await self._runs.states(others) if others else None
        for run, state in (states or {}).items():
            if not state.is_final():
                await self._runs.give_up(run)

    async def _told(self, one: Watched) -> None:
        """Note a change, for people and for Prefect."""
        if one.stands == "lost":
            self._tell("The run of shard %s has died", one.shard)
            if one.silent:
                await self._runs.give_up(one.runs[-1])
        else:
            self._tell("Shard %s: %s", one.shard, one.stands)

    async def _as_it_stands(self, work: Work) -> ReportItem:
        """A brief of a shard that somebody has stopped: nothing more is done for it."""

        async def make() -> None:
            held = await self._studio.ledger.look(work.job(STAGES[-1]))
            if held is None or held.receipt.state != "landed":
                raise ShardStopped("The run of its shard was cancelled before it landed.")

        return await made(self._studio, work, STAGES, make)

    @staticmethod
    def _tell(message: str, *details: object) -> None:
        get_run_logger().info(message, *details)
