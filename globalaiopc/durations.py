"""How long jobs of one model took, as a histogram that forgets: what a guess is made from.

Nobody tells when a job was done. A look finds it running, the next one finds it done, and the end
lies between the two: that is what is put in here, not a moment.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property
from itertools import accumulate
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

BINS_PER_DOUBLING = 12
"""Each bin is 6 % wider than the one before: fine beside times that swing by 30 %, and a model
whose times lie between one second and one hour needs 142 of them at most."""

MEMORY = 100.0
"""Jobs. Each new one lets the older ones count for one part in so many less."""

_SHORTEST, _LONGEST = 0.01, 7 * 86400.0
_CRUMB = 1e-5  # of the whole: what weighs less is left out, which bounds the file

Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Bin = Annotated[int, Field(ge=-100, le=300)]


class Durations(BaseModel):
    """The times of one model, in seconds from being accepted; `weights` by bin, `count` in all."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(default=0, ge=0)
    weights: Mapping[Bin, Weight] = Field(default_factory=dict)

    def plus(self, running: float, done: float) -> Self:
        """With one more job, which was running after `running` seconds and done after `done`.

        Half of it is spread evenly over that time, and half as the others that ended in it. Only
        the even half would blur what is known by an interval at each job, for ever; only the other
        would never notice that a model has become faster than the first look at its jobs.
        """
        done = min(max(done, 2 * _SHORTEST), _LONGEST)
        running = min(max(running, 0.0), done - _SHORTEST)
        even = {at: part / (done - running) for at, part in _overlaps(running, done)}
        known = {
            at: self.weights.get(at, 0.0) * part / _width(at)
            for at, part in _overlaps(running, done)
        }
        total = sum(known.values())
        kept = {at: weight * (1 - 1 / MEMORY) for at, weight in self.weights.items()}
        for at, part in even.items():
            share = part if total <= 0 else (part + known[at] / total) / 2
            kept[at] = kept.get(at, 0.0) + share
        crumb = _CRUMB * sum(kept.values())
        found = {at: round(weight, 8) for at, weight in sorted(kept.items()) if weight > crumb}
        return type(self)(count=self.count + 1, weights=found)

    def quantile(self, share: float, *, beyond: float = 0.0) -> float | None:
        """Seconds after which so many of the jobs that take longer than `beyond` are done.

        None when no job was seen to take that long.
        """
        gone = self.done_by(beyond)
        if not self.weights or gone >= 1.0 - 1e-9:
            return None
        wanted = (gone + share * (1 - gone)) * self._table[2]
        for at in self._bins:
            weight = self.weights[at]
            if wanted <= weight:
                return edge(at) + _width(at) * wanted / weight
            wanted -= weight
        return self.longest

    def done_by(self, seconds: float) -> float:
        """The share of jobs that are done after so many seconds, 0 to 1."""
        edges, before, total = self._table
        at = bisect_right(edges, seconds) - 1
        if at < 0:
            return 0.0
        name = self._bins[at]
        part = min(1.0, (seconds - edges[at]) / _width(name))
        return min(1.0, (before[at] + part * self.weights[name]) / total)

    @property
    def longest(self) -> float:
        """Where the last bin ends."""
        return edge(self._bins[-1] + 1) if self.weights else 0.0

    @cached_property
    def _bins(self) -> list[int]:
        return sorted(self.weights)

    @cached_property
    def _table(self) -> tuple[list[float], list[float], float]:
        """Where each bin begins, what all before it weigh, and what all weigh."""
        weights = [self.weights[at] for at in self._bins]
        before = list(accumulate(weights, initial=0.0))
        return [edge(at) for at in self._bins], before, before[-1]


def edge(at: int) -> float:
    """Where a bin begins, in seconds."""
    return float(2.0 ** (at / BINS_PER_DOUBLING))


def _width(at: int) -> float:
    return edge(at + 1) - edge(at)


def _overlaps(low: float, high: float) -> list[tuple[int, float]]:
    """The bins between two times, and how many seconds of each lie between them."""
    first = math.floor(BINS_PER_DOUBLING * math.log2(max(low, _SHORTEST)))
    last = math.floor(BINS_PER_DOUBLING * math.log2(high))
    found = ((at, min(high, edge(at + 1)) - max(low, edge(at))) for at in range(first, last + 1))
    return [(at, seconds) for at, seconds in found if seconds > 0]
