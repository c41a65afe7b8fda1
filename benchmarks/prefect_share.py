"""What a brief costs the Prefect server: task runs, CPU, rows and bytes, with and without settings.

The server's CPU is counted until the last task run is on record, less what the same server spends
in the same time when nobody asks anything of it. Rows and bytes are those of its SQLite database.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks import works
from benchmarks.arms.program import Batches, Made, Places
from benchmarks.database import Database
from benchmarks.machine import cpu_seconds
from benchmarks.parts import Parts, StockPrefect, Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say
from sandbox.prefect_parts import PrefectService

NAME = "prefect"
TIMES = Times(text=0.05, image=0.1, video=0.2)
SCALE = 0.01
LIMIT = 50
IDLE = 5.0
MOST_TASK_RUNS = 6
MOST_CPU = 60.0


@dataclass(frozen=True)
class Size:
    briefs: int


FULL = Size(briefs=200)
QUICK = Size(briefs=40)


@dataclass(frozen=True)
class Share:
    """For each brief. `cpu` is in seconds, `behind` how long the server was still recording."""

    task_runs: float
    cpu: float
    rows: float
    size: float
    behind: float


def measure(*, quick: bool) -> tuple[Result, ...]:
    size = QUICK if quick else FULL
    stock = _share(StockPrefect, size.briefs)
    say(f"stock: {stock.cpu * 1000:.0f} ms a brief, {stock.behind:.1f} s behind")
    ours = _share(PrefectService, size.briefs)
    say(f"ours: {ours.cpu * 1000:.0f} ms a brief, {ours.behind:.1f} s behind")

    def beside(measured: str, mine: Amount, theirs: Amount) -> Result:
        return Result.shown(NAME, measured, mine, theirs, other_name="stock settings")

    cpu = Amount(ours.cpu * 1000, "ms")
    return (
        Result.at_most(
            NAME, "task runs for each brief", Amount(ours.task_runs), Amount(MOST_TASK_RUNS)
        ),
        Result.at_most(NAME, "server CPU for each brief", cpu, Amount(MOST_CPU, "ms")),
        beside("server CPU for each brief", cpu, Amount(stock.cpu * 1000, "ms")),
        beside(
            "on record after the run's end", Amount(ours.behind, "s"), Amount(stock.behind, "s")
        ),
        beside("rows for each brief", Amount(ours.rows), Amount(stock.rows)),
        beside(
            "bytes for each brief", Amount(ours.size / 1000, "kB"), Amount(stock.size / 1000, "kB")
        ),
    )


def _share(kind: type[PrefectService], briefs: int) -> Share:
    with parts(TIMES, time_scale=SCALE, prefect=kind) as running:
        prefect = running.prefect
        assert prefect is not None
        running.run("set_up", Places(limit=LIMIT), Places)
        # The first run of a server imports and compiles what later ones find ready.
        _batch(running, 1)
        Database.settled(prefect, 0)
        pid = prefect.child.pid
        idle = _idle_cores(pid)
        before, began, used = Database.now(prefect), time.monotonic(), cpu_seconds(pid)
        made = _batch(running, briefs)
        after = Database.settled(prefect, before.total)
        seconds = time.monotonic() - began
        cpu = cpu_seconds(pid) - used - idle * seconds
    if made.landed != briefs:
        raise RuntimeError(f"{made.landed} of {briefs} briefs landed")
    return Share(
        task_runs=(after.rows["task_run"] - before.rows["task_run"]) / briefs,
        cpu=max(0.0, cpu) / briefs,
        rows=(after.total - before.total) / briefs,
        size=(after.size - before.size) / briefs,
        behind=max(0.0, after.recorded - made.ended),
    )


def _batch(running: Parts, briefs: int) -> Made:
    running.forget()
    path = running.lines(f"briefs-{briefs}", works.whole(briefs))
    asked = Batches(batches=((str(path), f"batch-{briefs}"),))
    return running.run("ours", asked, Made)


def _idle_cores(pid: int) -> float:
    used, began = cpu_seconds(pid), time.monotonic()
    time.sleep(IDLE)
    return (cpu_seconds(pid) - used) / (time.monotonic() - began)
