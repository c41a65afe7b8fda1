"""Learnt waiting: when to look at a job, and how long it will take, by how long others took.

Nothing here may fail a job: without the file, or with a bad one, the looks come as advised.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from globalaiopc import GlobalAIOPCClient, GlobalAIOPCError, TaskView
from globalaiopc.durations import Durations
from globalaiopc.schedule import ENOUGH, LearntCadence, Schedule
from globalaiopc.waiting import Looks
from ledger import ObjectStore
from ledger.times import Ended, SeenTimes, add_times, load_times

log = logging.getLogger(__name__)

GROUP = 25
"""Jobs that share one write of the file."""
A_MOMENT = 1.0
"""Seconds between the provider's answer and our first wait, the receipt's write among them."""
FRESH = 16
"""Jobs after which a model's schedule is worked out anew."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Seconds until a job is done: 8 of 10 take between `low` and `high`, half up to `likely`."""

    low: float
    likely: float
    high: float


@dataclass(slots=True)
class _Model:
    durations: Durations
    schedule: Schedule | None = None
    made_at: int = 0


@dataclass
class Watch:
    """One job that is being waited for: when to look, and what its looks teach.

    `running` is the last time at which it was not done yet, in seconds since submission; None while
    nobody can say, as for a job that an earlier process has left: it may have ended long ago.
    """

    looks: Looks
    _elapsed: Callable[[], float] = field(repr=False)
    _ended: Callable[[float, float], None] = field(repr=False)
    running: float | None

    def on_look(self, view: TaskView) -> None:
        """To be told every look. A job that failed says nothing of how long good ones take."""
        now = self._elapsed()
        if not view.final:
            self.running = now
        elif view.status == "completed" and self.running is not None:
            self._ended(self.running, now)
            self.running = None


class Times:
    """The times seen under one prefix, with what this process has seen since."""

    def __init__(self, client: GlobalAIOPCClient, store: ObjectStore) -> None:
        self._client = client
        self._store = store
        self._seen = SeenTimes()
        self._models: dict[str, _Model] = {}
        self._new: list[Ended] = []
        self._saving = False
        self._told = False

    async def load(self) -> None:
        """Take what earlier runs have seen; without it, waiting is as advised."""
        try:
            self._seen = await load_times(self._store)
        except GlobalAIOPCError as error:
            self._tell(error.message)
        self._models.clear()

    def watch(self, model: str, since_submitted: float) -> Watch:
        """How to wait for a job that was submitted so many seconds ago.

        With too few jobs seen of the model its looks come as advised.
        """
        started = self._client.clock.now() - max(0.0, since_submitted)

        def elapsed() -> float:
            return self._client.clock.now() - started

        def ended(running: float, done: float) -> None:
            self._note(self._id(model), running, done)

        plain = self._client.advised(model)
        schedule = self._schedule(self._id(model))
        looks: Looks = LearntCadence(schedule, elapsed) if schedule else plain
        fresh = since_submitted <= max(plain.shortest, A_MOMENT)
        return Watch(looks, elapsed, ended, running=0.0 if fresh else None)

    def remaining(self, model: str, since_submitted: float) -> Remaining:
        """How long a job of the model will still take, given how long it takes already.

        By the model's row while too few jobs were seen; for one that takes longer than any other
        did, up to the deadline.
        """
        durations = self._model(self._id(model)).durations
        if durations.count >= ENOUGH:
            low, likely, high = (
                durations.quantile(share, beyond=since_submitted) for share in (0.1, 0.5, 0.9)
            )
            if low is not None and likely is not None and high is not None:
                return Remaining(*(at - since_submitted for at in (low, likely, high)))
        return self._by_row(model, since_submitted)

    async def save_some(self) -> None:
        """Save when a group is full; one job pays for it, and the others go on."""
        if len(self._new) >= GROUP and not self._saving:
            await self.save()

    async def save(self) -> None:
        """Save what was seen since the last time. Never raises: the jobs are what counts."""
        new, self._new = self._new, []
        if not new:
            return
        self._saving = True
        try:
            if not await add_times(self._store, new):
                self._tell("others write it all the time, or it cannot be read")
        except GlobalAIOPCError as error:
            self._tell(error.message)
        finally:
            self._saving = False

    def _note(self, name: str, running: float, done: float) -> None:
        model = self._model(name)
        model.durations = model.durations.plus(running, done)
        self._new.append(Ended(name, running, done))

    def _schedule(self, name: str) -> Schedule | None:
        model = self._model(name)
        count = model.durations.count
        if count < ENOUGH:
            return None
        if model.schedule is None or count >= model.made_at + FRESH:
            model.schedule = Schedule(model.durations, self._client.advised(name))
            model.made_at = count
        return model.schedule

    def _model(self, name: str) -> _Model:
        if name not in self._models:
            self._models[name] = _Model(self._seen.of(name))
        return self._models[name]

    def _id(self, model: str) -> str:
        row = self._client.catalogue.get(model)
        return self._client.catalogue.id_of(row) if row else model

    def _by_row(self, model: str, since: float) -> Remaining:
        row, scale = self._client.catalogue.get(model), self._client.time_scale
        longest = self._client.advised(model).longest
        low, high = (scale * at for at in row.typical_seconds) if row else (longest, 10 * longest)
        if since < high:
            low = max(low - since, 0.0)
            return Remaining(low, (low + high - since) / 2, high - since)
        deadline = row.deadline_seconds if row else 0.0
        return Remaining(0.0, longest, max(deadline - since, longest))

    def _tell(self, why: str) -> None:
        """Once: a file that cannot be kept stays so, and nobody needs a line for every job."""
        if not self._told:
            log.warning("How long jobs take could not be learnt from earlier ones: %s", why)
        self._told = True
