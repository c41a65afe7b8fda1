"""What every brief of a run waited for, and when: noted in passing, without a request.

A span is one step of one stage. Its seven kinds, in their order, and what can be read from them:

    queue   asked for a place (ready) until it was given (started)
    turn    asked for a send of its model, which a 429 makes scarce, until it was given
    chat    a text model was asked, until it answered
    send    the create left, until its answer came (sent)
    wait    the provider's id is known, until the job was seen done (noticed); `first_look` and
            `running`, the last look that found it not done
    land    the medium goes to the bucket, until it is proven whole and noted (landed)
    person  a person was asked, until they answered

What lies between two spans are this program's own steps. Times are those of the client's clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal, Protocol

from globalaiopc import ErrorInfo, TaskView
from globalaiopc.waiting import Clock
from ledger import Receipt
from tasks.correlation import also, no_more

Kind = Literal["queue", "turn", "chat", "send", "wait", "land", "person"]


@dataclass(frozen=True, slots=True)
class Span:
    """One step; `first_look` and `running` are of a `wait` alone, and None where there was none."""

    stage: str
    kind: Kind
    start: float
    end: float
    first_look: float | None = None
    running: float | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """The step that a brief took last, since when, and whether it is in it still."""

    stage: str
    kind: Kind
    since: float
    still: bool = True


@dataclass(frozen=True, slots=True)
class End:
    """How a brief stands at the end: `state` and `error` (its code) as its report says."""

    at: float
    state: str
    error: str
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a brief has not landed. `unlanded`: stage and known cost of its jobs without a medium."""

    error: ErrorInfo
    unlanded: tuple[tuple[str, Decimal | None], ...] = ()


class StepWatch(Protocol):
    """Follows one step of one stage."""

    def end(self, span: Span, error: BaseException | None) -> None:
        """It is over, by `error` if there was one."""


class Watcher(Protocol):
    """Is told of every step in passing; what it does must be quick, and must not raise."""

    def begin(self, brief: str, stage: str, kind: Kind, job: str | None) -> StepWatch:
        """A step begins, in the task that takes it; `job` is the provider's id of a job."""

    def end(self, brief: str, end: End) -> None:
        """Nothing more is done for a brief."""


class Seen:
    """The looks at one job, as far as they say when it was done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.first: float | None = None
        self.running: float | None = None

    def saw(self, view: TaskView) -> None:
        """Note a look; made for the client's `on_look`."""
        now = self._clock.now()
        self.first = now if self.first is None else self.first
        if not view.final:
            self.running = now


@dataclass
class Timeline:
    """Of one process and one batch, in which every brief has an id of its own.

    `resumed` are the stages of briefs whose job an earlier run, or another process, had bought;
    `ended` says how the briefs stand for which nothing more is to be done. `asked_before`: for so
    many seconds before this process a person was waited for.
    """

    clock: Clock
    _spans: defaultdict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    _where: dict[str, Where] = field(default_factory=dict)
    _costs: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    resumed: set[tuple[str, str]] = field(default_factory=set)
    ended: dict[str, End] = field(default_factory=dict)
    troubles: dict[str, Trouble] = field(default_factory=dict)
    asked_before: float = 0.0
    watcher: Watcher | None = None

    @contextmanager
    def span(self, brief: str, stage: str, kind: Kind, *, job: str | None = None) -> Iterator[Seen]:
        """Note how long the block takes, however it ends; `job` is the provider's id of its job."""
        start, looks = self.clock.now(), Seen(self.clock)
        here = self._where[brief] = Where(stage, kind, start)
        step = self.watcher.begin(brief, stage, kind, job) if self.watcher else None
        error: BaseException | None = None
        belongs = also({"stage": stage, "job_id": job} if job else {"stage": stage})
        try:
            yield looks
        except BaseException as raised:
            error = raised
            raise
        finally:
            no_more(belongs)
            end = self.clock.now()
            if self._where[brief] is here:
                self._where[brief] = replace(here, still=False)
            span = Span(stage, kind, start, end, looks.first, looks.running)
            self._spans[brief].append(span)
            if step is not None:
                step.end(span, error)

    def waited_for_person(self, briefs: Iterable[str], seconds: float, until: float) -> None:
        """A person was asked for so long before this process, and all of these waited for it."""
        self.asked_before = seconds
        for brief in briefs:
            self._spans[brief].append(Span("approval", "person", until - seconds, until))

    def bought_before(self, brief: str, stage: str) -> None:
        """Its job was there before this run asked for it."""
        self.resumed.add((brief, stage))

    def end(self, brief: str, state: str, error: str = "", cost: Decimal | None = None) -> None:
        """Nothing more is done for it in this run."""
        first = brief not in self.ended
        end = self.ended[brief] = End(self.clock.now(), state, error, cost or Decimal(0))
        if first and self.watcher is not None:
            self.watcher.end(brief, end)

    def paid(self, receipt: Receipt) -> None:
        """Note what a job cost, if its receipt says so."""
        if receipt.amount is not None:
            costs = self._costs.setdefault(receipt.job.brief_id, {})
            costs[receipt.job.stage] = receipt.amount

    def troubled(self, brief: str, trouble: Trouble | None) -> None:
        """Note why a brief has not landed, or that there is nothing to say of it any more."""
        if trouble is None:
            self.troubles.pop(brief, None)
        else:
            self.troubles[brief] = trouble

    def usual_costs(self) -> dict[str, Decimal]:
        """What a job of each stage costs on average, of those whose cost is known."""
        known: defaultdict[str, list[Decimal]] = defaultdict(list)
        for costs in self._costs.values():
            for stage, cost in costs.items():
                known[stage].append(cost)
        return {stage: sum(costs, Decimal(0)) / len(costs) for stage, costs in known.items()}

    @property
    def spans(self) -> Mapping[str, Sequence[Span]]:
        """By brief, in the order in which they ended."""
        return self._spans

    def where(self, brief: str) -> Where | None:
        """None while nothing was done for it."""
        return self._where.get(brief)

    def cost(self, brief: str) -> Decimal:
        """What the brief's jobs are known to have cost so far."""
        return sum(self._costs.get(brief, {}).values(), Decimal(0))
