"""The same for ten briefs and for thousands: time, memory and server CPU for each brief.

The stand-in is so fast that the machine is what takes the time. From 100 briefs on, the dearest
size may cost a fifth more than the cheapest; 10 are shown beside them. Memory is the process's
peak, not a share: it may not grow with the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import works
from benchmarks.arms.program import Batches, Made, Places
from benchmarks.database import Database
from benchmarks.machine import MB, cpu_seconds
from benchmarks.parts import Parts, Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say

NAME = "growth"
TIMES = Times(text=0.05, image=0.1, video=0.2)
SCALE = 0.01
LIMIT = 50
FLAT_FROM = 100
MOST = 1.2

FULL = (10, 100, 1_000, 5_000)
QUICK = (10, 100, 200)


@dataclass(frozen=True)
class Cost:
    """Of one batch; seconds are for each brief, bytes the process's peak."""

    briefs: int
    seconds: float
    server_cpu: float
    peak: int


def measure(*, quick: bool) -> tuple[Result, ...]:
    with parts(TIMES, time_scale=SCALE) as running:
        running.run("set_up", Places(limit=LIMIT), Places)
        _cost(running, 1)  # the servers' first run is slower than all others
        costs = [_cost(running, briefs) for briefs in (QUICK if quick else FULL)]
    results: list[Result] = []
    for what, unit, of in (
        ("time for each brief", "ms", lambda cost: cost.seconds * 1000),
        ("resident memory, peak", "MB", lambda cost: cost.peak / MB),
        ("server CPU for each brief", "ms", lambda cost: cost.server_cpu * 1000),
    ):
        results += _flat(what, unit, costs, of)
    return tuple(results)


def _flat(what: str, unit: str, costs: Sequence[Cost], of: Callable[[Cost], float]) -> list[Result]:
    """Each size beside 100 briefs, and the dearest beside the cheapest."""
    flat = [cost for cost in costs if cost.briefs >= FLAT_FROM]
    base = flat[0]
    shown = [
        Result.shown(
            NAME,
            f"{what}, {cost.briefs} briefs",
            Amount(of(cost), unit),
            Amount(of(base), unit),
            other_name=f"{base.briefs} briefs",
        )
        for cost in costs
        if cost is not base
    ]
    dearest, cheapest = max(flat, key=of), min(flat, key=of)
    verdict = Result.at_most(
        NAME,
        f"{what}, at most ({dearest.briefs} briefs)",
        Amount(of(dearest), unit),
        Amount(of(cheapest), unit),
        other_name=f"at least ({cheapest.briefs} briefs)",
        most=MOST,
    )
    return [*shown, verdict]


def _cost(running: Parts, briefs: int) -> Cost:
    assert running.prefect is not None
    running.forget()
    path = running.lines(f"briefs-{briefs}", works.whole(briefs))
    pid, before = running.prefect.child.pid, Database.now(running.prefect)
    used = cpu_seconds(pid)
    asked = Batches(batches=((str(path), f"batch-{briefs}"),))
    made = running.run("ours", asked, Made)
    Database.settled(running.prefect, before.total)
    server = cpu_seconds(pid) - used
    if made.landed != briefs:
        raise RuntimeError(f"{made.landed} of {briefs} briefs landed")
    say(
        f"{briefs} briefs: {made.seconds:.1f} s, {made.peak_bytes / MB:.0f} MB, "
        f"server {server:.1f} s"
    )
    return Cost(briefs, made.seconds / briefs, server / briefs, made.peak_bytes)
