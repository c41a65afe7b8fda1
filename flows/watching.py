"""What is known of one shard, and what a look at it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from prefect.client.schemas.objects import State, StateType
from pydantic import ValidationError

from flows.pulse import Pulse
from flows.report import ReportItem
from flows.shard_runs import TAKEN
from flows.shards import Shard
from flows.work import Work
from ledger import ObjectStore, StoreError
from tasks import Studio

Stands = Literal["waiting", "begun", "lost", "mine", "stopped", "done"]
"""`waiting` for a worker; `begun` by one; `lost`: nobody makes it; `mine`: made in this process;
`stopped`: cancelled by a person, so nobody goes on with it."""

SILENT_BEATS = 6
"""So many beats without a sign of life, and a run has died."""
STARTING = 5
"""A run that a worker is just starting may be silent so many times longer: an image is pulled."""


@dataclass
class Watched:
    """One shard of a batch, as its conductor sees it.

    `runs` are its runs, the latest last, `finished` those that said they were done. `silent` are
    the seconds for which a lost one has shown no sign of life, 0 when Prefect itself knows that
    it ended.
    """

    shard: Shard
    works: Sequence[Work]
    stands: Stands = "waiting"
    attempts: int = 0
    runs: list[UUID] = field(default_factory=list)
    finished: set[UUID] = field(default_factory=set)
    items: Sequence[ReportItem] = ()
    silent: float = 0.0
    _seen: tuple[object, ...] = ()
    _seen_at: float = 0.0

    @property
    def folder(self) -> str:
        return self.shard.folder(self.works[0].batch_id)

    @property
    def over(self) -> bool:
        return self.stands in ("done", "stopped")

    async def look(self, studio: Studio, states: Mapping[UUID, State] | None, beat: float) -> None:
        """Take in how it stands; `states` were asked for before, and are None when nobody answered.

        What the bucket says goes before what Prefect says: a shard is done when a run of it wrote
        that, whatever became of the run afterwards. While one of the two is away, nobody is
        thought to be dead.
        """
        self.silent = 0.0
        try:
            pulse = await self._pulse(studio.store)
        except StoreError:
            self._seen = ()
            return
        if self.stands == "done":
            return
        if not self.runs or states is None:
            self._seen = ()
            return
        self._judge(states.get(self.runs[-1]), pulse, studio.client.clock.now(), beat)

    async def _pulse(self, store: ObjectStore) -> Pulse | None:
        """Of the latest run; when any run has done the shard, take that in."""
        pulses = [await Pulse.read(store, self.folder, str(run)) for run in self.runs]
        done = zip(self.runs, pulses, strict=True)
        self.finished.update(run for run, pulse in done if pulse is not None and pulse.done)
        if self.finished:
            items = await shard_items(store, self.folder)
            if {item.id for item in items} == {work.brief.id for work in self.works}:
                self.items, self.stands = items, "done"
        return pulses[-1] if pulses else None

    def _judge(self, state: State | None, pulse: Pulse | None, now: float, beat: float) -> None:
        if state is None or state.type in _ENDED:
            stopped = state and state.type == StateType.CANCELLED and state.name != TAKEN
            self.stands = "stopped" if stopped else "lost"
        elif state.type == StateType.SCHEDULED:
            self.stands = "waiting"
        else:
            self.stands = "begun"
            seen = (state.id, pulse and pulse.beat)
            if seen != self._seen:
                self._seen, self._seen_at = seen, now
            silent = now - self._seen_at
            patience = SILENT_BEATS * beat * (STARTING if state.type == StateType.PENDING else 1)
            if silent > patience and state.type != StateType.PAUSED:
                self.stands, self.silent = "lost", silent


_ENDED = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)


async def shard_items(store: ObjectStore, folder: str) -> tuple[ReportItem, ...]:
    """What a run has written about its shard's briefs."""
    stored = await store.get(f"{folder}/manifest.jsonl")
    if stored is None:
        return ()
    try:
        return tuple(ReportItem.model_validate_json(line) for line in stored.body.splitlines())
    except ValidationError:  # by another version of this program: the shard is made again, free
        return ()
