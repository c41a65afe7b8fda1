"""What a process uses while it works: CPU, memory, and how late its event loop is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.machine import forget_peak, peak_bytes

_TICK = 0.02
_SAMPLE = 0.25


@dataclass
class Meter:
    """`samples` are (wall time, CPU seconds so far), four a second; `lags` are seconds."""

    samples: list[tuple[float, float]] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def lag(self, share: float) -> float:
        """The lag that this share of all ticks stays within."""
        return percentile(self.lags, share)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Meter]:
        forget_peak()
        watch = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    @property
    def peak(self) -> int:
        return peak_bytes()

    async def _watch(self) -> None:
        due = 0.0
        while True:
            asked = time.monotonic()
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            self.lags.extend(_late(now - asked - _TICK))
            if now >= due:
                self.samples.append((time.time(), time.process_time()))
                due = now + _SAMPLE


def _late(lag: float) -> Iterator[float]:
    """A long stall counts for every tick that it swallowed, not for one."""
    yield max(0.0, lag)
    while (lag := lag - _TICK) > 0:
        yield lag


def percentile(values: Sequence[float], share: float) -> float:
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def cores_used(samples: Sequence[tuple[float, float]], since: float, until: float) -> float | None:
    """CPU seconds for each second between two wall times; None when there is no such span."""
    inside = [sample for sample in samples if since <= sample[0] <= until]
    if len(inside) < 2:
        return None
    (first, used), (last, used_then) = inside[0], inside[-1]
    return (used_then - used) / (last - first)
