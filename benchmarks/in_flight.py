"""Thousands of video jobs at once in one process: nothing lost, little memory, a quick event loop.

The generations are so long that all of them overlap; as many looks fall into each as are advised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import works
from benchmarks.arms.program import Batches, Made, Places
from benchmarks.machine import MB
from benchmarks.meter import cores_used
from benchmarks.parts import Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say

NAME = "in-flight"


@dataclass(frozen=True)
class Size:
    """`seconds` of a generation: longer than it takes to order all `jobs`."""

    jobs: int
    seconds: float


FULL = Size(jobs=5_000, seconds=300)
QUICK = Size(jobs=500, seconds=30)
SPREAD = 0.1
MOST_MEMORY = 450.0
MOST_LAG = 250.0
MOST_CORES = 0.6


@dataclass(frozen=True)
class Window:
    """While everything waits: from the last job that was accepted to the first that is done."""

    since: float
    until: float
    together: int

    @classmethod
    def of(cls, account: Mapping[str, Any]) -> Window:
        """`together` is the most jobs that were under way at one moment."""
        jobs = account["jobs"]
        began = sorted(job["created"] for job in jobs)
        done = sorted(job["completed"] for job in jobs if job["completed"] is not None)
        events = [*((at, 1) for at in began), *((at, -1) for at in done)]
        under_way = most = 0
        for _, change in sorted(events):
            under_way += change
            most = max(most, under_way)
        return cls(since=began[-1], until=done[0], together=most)


def measure(*, quick: bool) -> tuple[Result, ...]:
    size = QUICK if quick else FULL
    scale = works.time_scale(works.ALONE, size.seconds)
    with parts(Times(video=size.seconds, spread=SPREAD), time_scale=scale) as running:
        running.run("set_up", Places(limit=size.jobs), Places)
        path = running.lines("briefs", works.videos(size.jobs))
        made = running.run("ours", Batches(batches=((str(path), "all"),)), Made)
        account = running.account()
    window = Window.of(account)
    say(f"{window.together} of {size.jobs} jobs at once; all waited {_length(window):.1f} s")
    return (
        Result.equal(NAME, "jobs at once", Amount(window.together), Amount(size.jobs),
            other_name="jobs ordered"),
        Result.equal(NAME, "landed", Amount(made.landed), Amount(size.jobs),
            other_name="jobs ordered"),
        Result.equal(NAME, "billed", Amount(account["totals"]["billed"]), Amount(size.jobs),
            other_name="jobs ordered"),
        Result.at_most(NAME, "resident memory, peak", Amount(made.peak_bytes / MB, "MB"),
            Amount(MOST_MEMORY, "MB")),
        Result.at_most(NAME, "event-loop lag, p99 of the whole run",
            Amount(made.lag_p99 * 1000, "ms"), Amount(MOST_LAG, "ms")),
        _waiting(made, window),
    )  # fmt: skip


def _waiting(made: Made, window: Window) -> Result:
    used = cores_used(made.samples, window.since, window.until)
    measured = "CPU while all wait"
    if used is None:  # they did not all overlap: then nothing that was promised is shown
        measured, used = "CPU while all wait: they never did", float("inf")
    return Result.at_most(NAME, measured, Amount(used, "cores"), Amount(MOST_CORES, "cores"))


def _length(window: Window) -> float:
    return max(0.0, window.until - window.since)
