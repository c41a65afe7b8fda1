"""When to look at a job whose model's times are known, so that its end is noticed soon.

A look at time t finds the job done with the probability F(t). If looks are made at t1 < t2 < ...,
a job that ends at T in (t_i, t_j] of two neighbours is noticed t_j - T late. What is wanted is

    the least of  E[lateness] + price * E[looks],  each two looks at least `shortest` apart.

The cost from a look at t_i that finds the job running depends on nothing before t_i, hence

    V(t_i) = min over t_j >= t_i + shortest of
             price * (1 - F_i) + (sum over T in (t_i, t_j] of t_j - T) + V(t_j)

which is worked out once, backwards over a grid of times. Where the jobs end close together the
outcome is one look right behind them; where they end over many intervals, one look at each
`shortest` from where they begin, and none before. The price is as low as can be while no more looks
are made than by the plain cadence. Beyond all that was seen, the plain cadence goes on.
"""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from globalaiopc.durations import Durations
from globalaiopc.waiting import Cadence

ENOUGH = 8
"""Jobs, before their times say anything about the next one's."""

_STEPS = 8  # of the grid in `shortest`
_POINTS = 100  # of the grid in all, before the last interval
_TAIL = 0.005  # of the jobs end before the grid begins, and after it ends
_LEAST_PRICE = 0.02  # of `shortest`: a look that gains less than this is not worth a request
_AS_GOOD = 0.02  # of `shortest`: times that cost no more than this above the best are as good
_HALVINGS = 6
_SPARED = 0.95  # of the plain cadence's looks at most: the times are a guess, and so is their tail


@dataclass(frozen=True, slots=True)
class _Valued:
    """Cost and looks from each point of the grid on, given a price, for jobs that get there."""

    costs: list[float]
    looks: list[float]


class Schedule:
    """When to look, for one model at one moment. All times are seconds since submission."""

    def __init__(self, durations: Durations, plain: Cadence) -> None:
        self.plain = plain
        shortest = plain.shortest
        begin = durations.quantile(_TAIL) or 0.0
        self._end = max(durations.quantile(1 - _TAIL) or 0.0, begin + shortest / _STEPS)
        step = shortest / _STEPS
        if (self._end - begin) / step > _POINTS:
            # Coarser, in whole parts of `shortest` or whole multiples of it.
            wide = (self._end - begin) / _POINTS
            step = shortest / max(1, int(shortest / wide)) if wide < shortest else wide
        self._step = step
        count = int((self._end + shortest - begin) / step) + 2
        self._times = [begin + step * at for at in range(count)]
        self._done = [durations.done_by(time) for time in self._times]
        # Where within a step a job ends is not known better than: in its middle.
        self._ended = [self._times[0] * self._done[0]]
        for at in range(1, count):
            middle = self._times[at] - step / 2
            self._ended.append(self._ended[-1] + middle * (self._done[at] - self._done[at - 1]))
        self._value = self._affordable(_SPARED * _plain_looks(durations, plain))

    def next_look(self, earliest: float, running: float | None) -> float | None:
        """When to look, not before `earliest`; None beyond all that was seen.

        `running` is when the last look found it running; None before the first look. One of the
        times that are as good as the best is drawn, so that jobs submitted together are not looked
        at together wherever that costs nothing.
        """
        start = bisect_left(self._times, earliest)
        if earliest >= self._end or start >= len(self._times):
            return None
        done, ended = self._until(running)

        def cost(time: float, done_then: float, ended_then: float, after: float) -> float:
            return time * (done_then - done) - (ended_then - ended) + after

        later = [
            cost(self._times[at], self._done[at], self._ended[at], self._value.costs[at])
            for at in range(start, len(self._times))
        ]
        best = min(later)
        if earliest > self._times[0]:
            value = self._between(self._value.costs, earliest)
            if cost(earliest, *self._until(earliest), value) <= best:
                return earliest  # which differs from job to job since the first look already
        enough = best + _AS_GOOD * self.plain.shortest * (1 - done)
        good = [self._times[start + at] for at, found in enumerate(later) if found <= enough]
        return random.choice(good) + random.uniform(0, self._step)  # noqa: S311

    def _until(self, time: float | None) -> tuple[float, float]:
        """The share of jobs that have ended by a time, and the sum of when they did."""
        if time is None or time < self._times[0]:
            return 0.0, 0.0
        return self._between(self._done, time), self._between(self._ended, time)

    def _between(self, values: list[float], time: float) -> float:
        """The value of one of the grid's tables at a time between two of its points."""
        place = max(0.0, (time - self._times[0]) / self._step)
        at = min(int(place), len(values) - 2)
        return values[at] + (values[at + 1] - values[at]) * min(1.0, place - at)

    def _affordable(self, most_looks: float) -> _Valued:
        low, high = _LEAST_PRICE * self.plain.shortest, self._end + self.plain.shortest
        valued = self._valued(low)
        if self._first(valued, low) <= most_looks:
            return valued
        for _ in range(_HALVINGS):
            price = (low * high) ** 0.5
            if self._first(self._valued(price), price) <= most_looks:
                high = price
            else:
                low = price
        return self._valued(high)

    def _first(self, valued: _Valued, price: float) -> float:
        """Looks for each job on average, the first among them."""
        costs = [
            price + time * done - summed + cost
            for time, done, summed, cost in zip(
                self._times, self._done, self._ended, valued.costs, strict=True
            )
        ]
        return 1 + valued.looks[costs.index(min(costs))]

    def _valued(self, price: float) -> _Valued:
        times, done, ended = self._times, self._done, self._ended
        count = len(times)
        apart = max(1, round(self.plain.shortest / self._step))
        costs, looks = [0.0] * count, [0.0] * count
        chosen = count - 1
        for at in range(count - 1, -1, -1):
            if times[at] >= self._end:
                continue  # what is left takes longer than anything that was seen
            best, chosen = min(
                (times[to] * (done[to] - done[at]) - (ended[to] - ended[at]) + costs[to], to)
                # From an earlier look the best next is no later: (t_d - t_c)(F_b - F_a) >= 0.
                for to in range(min(at + apart, chosen), chosen + 1)
            )
            running = 1 - done[at]
            costs[at] = best + price * running
            looks[at] = looks[chosen] + running
        return _Valued(costs, looks)


class LearntCadence:
    """The intervals of a schedule for one job; `elapsed` says how long ago it was submitted.

    No two looks come closer than the plain cadence's shortest interval, and the first no sooner
    than its first: another process may have looked right before us.
    """

    def __init__(self, schedule: Schedule, elapsed: Callable[[], float]) -> None:
        self._schedule = schedule
        self._elapsed = elapsed

    def intervals(self) -> Iterator[float]:
        """Seconds before the first look, the second, and so on without end."""
        plain, running = self._schedule.plain, None
        wait = next(plain.intervals())
        while True:
            now = self._elapsed()
            time = self._schedule.next_look(now + wait, running)
            if time is None:
                break
            yield time - now
            wait, running = plain.shortest, self._elapsed()
        if running is None:
            yield wait
        # It takes longer than any that was seen: by now the plain cadence has slowed down as well.
        low = max(plain.shortest, plain.longest / plain.growth)
        yield from islice(replace(plain, shortest=low).intervals(), 1, None)


def _plain_looks(durations: Durations, plain: Cadence) -> float:
    """How often the plain cadence looks at a job on average."""
    looks, time = 1.0, 0.75 * plain.shortest
    high = plain.shortest
    while time < durations.longest and looks < 10_000:
        looks += 1 - durations.done_by(time)
        high = min(high * plain.growth, plain.longest)
        time += (max(plain.shortest, high / plain.growth) + high) / 2
    return looks
