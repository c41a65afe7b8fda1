"""Time: the clock, Retry-After, the shared cool-down, and how often to look.

All waiting goes through a `Clock`, so no test waits for real.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

_EPISODES = 1000

LONGEST_RETRY_AFTER = 3600.0
"""Seconds. No answer may stop us for longer: a Retry-After of 10^9 is a mistake."""


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> float:
        """Seconds that only ever grow; for intervals."""
        ...

    def wall(self) -> datetime:
        """The date and time, with its zone; for what others print."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class SystemClock:
    """The real one."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def parse_retry_after(value: str | None, wall: datetime) -> float | None:
    """Seconds to wait, from seconds or an HTTP-date; None when absent or not readable.

    A date in the past and a negative number are 0, and nothing is longer than an hour. `wall` is
    the time the date is measured from: the answer's own `Date` if it has one, so that a clock that
    is wrong on either side does no harm.
    """
    if value is None:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        date = _date(text)
        if date is None:
            return None
        seconds = (date - wall).total_seconds()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def parse_http_date(value: str | None) -> datetime | None:
    """An HTTP-date with its zone, or None."""
    return _date(value.strip()) if value else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


class Cooldown:
    """A gate that one 429 closes for everyone who shares it: the limit is per key, not per job.

    A 429 without Retry-After closes it for `first` seconds, and for twice as long each time that
    another one comes without a good answer in between, up to `longest`.
    """

    def __init__(self, clock: Clock, *, first: float = 5.0, longest: float = 120.0) -> None:
        self._clock = clock
        self._first = first
        self._longest = longest
        self._streak = 0
        self._until = -math.inf
        self._closed: deque[tuple[float, float]] = deque(maxlen=_EPISODES)

    @property
    def remaining(self) -> float:
        """Seconds until the gate opens; 0 when it is open."""
        return max(0.0, self._until - self._clock.now())

    def trip(self, retry_after: float | None = None) -> None:
        """Close the gate, for as long as the answer asked."""
        if retry_after is None:
            if self.remaining:
                # Requests already under way when the gate closed are the same episode: a hundred
                # of them are not a hundred reasons to double the wait.
                return
            retry_after = min(self._first * 2**self._streak, self._longest)
            self._streak = min(self._streak + 1, 16)
        now = self._clock.now()
        began = self._closed.pop()[0] if self.remaining and self._closed else now
        self._until = max(self._until, now + retry_after)
        self._closed.append((began, self._until))

    @property
    def closed(self) -> tuple[tuple[float, float], ...]:
        """From when to when the gate was, or will be, closed: the last thousand times."""
        return tuple(self._closed)

    def clear(self) -> None:
        """An answer that was not a 429 came: the next episode starts from `first` again."""
        self._streak = 0

    async def wait(self) -> None:
        """Return when the gate is open. Those who waited do not all leave at once."""
        while remaining := self.remaining:
            await self._clock.sleep(remaining * (1 + random.uniform(0, 0.1)))  # noqa: S311


class Looks(Protocol):
    """When to look at a job."""

    def intervals(self) -> Iterator[float]:
        """Seconds before the first look, the second, and so on without end."""
        ...


@dataclass(frozen=True, slots=True)
class Cadence:
    """How long to wait before each look, in seconds.

    Grows from `shortest` to `longest` (docs: "use growing intervals") and always stays between
    them, so a look never comes more often than advised. Each interval is drawn at random within
    one step of growth, so that jobs submitted together do not look together. Only the first look
    may come a little earlier, after half of `shortest`: nothing was looked at before it.
    """

    shortest: float
    longest: float
    growth: float = 1.25

    @classmethod
    def of(cls, poll_every: tuple[float, float], time_scale: float = 1.0) -> "Cadence":
        """The cadence of a catalogue row; `time_scale` multiplies every wait."""
        return cls(poll_every[0] * time_scale, poll_every[1] * time_scale)

    def intervals(self) -> Iterator[float]:
        """Seconds before the first look, the second, and so on without end."""
        yield random.uniform(self.shortest / 2, self.shortest)  # noqa: S311
        high = self.shortest
        while True:
            high = min(high * self.growth, self.longest)
            low = max(self.shortest, high / self.growth)
            yield random.uniform(low, high)  # noqa: S311
