"""What long-lived processes hold, looked at every few seconds, and whether that grows."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.machine import MB, resident_bytes

HOUR = 3600.0
WINDOWS = 20
"""After the warm-up. Of each the lowest look counts: what is held between two batches is a leak,
what a batch holds while it is being made is not."""


@dataclass(frozen=True)
class Look:
    """One process at one moment; `memory` is resident MB."""

    memory: float
    files: float
    threads: float
    sockets: float


MEASURES = tuple(field.name for field in fields(Look))


@dataclass(frozen=True)
class Bound:
    """How much a measure may rise in an hour: a share of where it began, or a number."""

    share: float = 0.0
    number: float = 0.0

    def of(self, start: float) -> float:
        return max(self.share * start, self.number)


BOUNDS: Mapping[str, Bound] = {
    "memory": Bound(share=0.1),
    "files": Bound(number=3),
    "threads": Bound(number=2),
    "sockets": Bound(number=3),
}


@dataclass(frozen=True)
class Trend:
    """`start` and `end` are of the fitted line, `most` of all looks after the warm-up."""

    process: str
    measure: str
    start: float
    end: float
    most: float
    rise_in_an_hour: float
    allowed: float | None

    @property
    def flat(self) -> bool:
        return self.allowed is None or self.rise_in_an_hour <= self.allowed


def look_at(pid: int) -> Look | None:
    """None when it has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        opened = [_target(link) for link in (folder / "fd").iterdir()]
        threads = len(list((folder / "task").iterdir()))
        memory = resident_bytes(pid) / MB
    except OSError:
        return None
    sockets = sum(target.startswith("socket:") for target in opened)
    return Look(memory, len(opened), threads, sockets)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed while we looked
        return ""


class Meter:
    """Keeps the looks at some processes. `judged` ones may not grow; the others are shown."""

    def __init__(self, judged: Mapping[str, int], shown: Mapping[str, int]) -> None:
        self._judged = frozenset(judged)
        self._pids = {**judged, **shown}
        self.looks: dict[str, list[tuple[float, Look]]] = {name: [] for name in self._pids}

    def look(self) -> None:
        """Raises `RuntimeError` when one of them has died."""
        for name, pid in self._pids.items():
            seen = look_at(pid)
            if seen is None:
                raise RuntimeError(f"{name} (pid {pid}) is gone.")
            self.looks[name].append((time.monotonic(), seen))

    def trends(self, warm_up: float) -> Iterator[Trend]:
        """Of every process and measure, without the first `warm_up` seconds."""
        for name, looks in self.looks.items():
            after = [(at, look) for at, look in looks if at >= looks[0][0] + warm_up]
            for measure in MEASURES:
                values = [(at, float(getattr(look, measure))) for at, look in after]
                yield trend_of(name, measure, values, judged=name in self._judged)


def trend_of(
    process: str, measure: str, looks: Sequence[tuple[float, float]], *, judged: bool
) -> Trend:
    """The line through the lowest looks; `looks` are (seconds, value), in order."""
    lows = list(_lows(looks))
    slope, at_zero = linear_regression([at for at, _ in lows], [low for _, low in lows])
    start, end = (slope * at + at_zero for at in (looks[0][0], looks[-1][0]))
    allowed = BOUNDS[measure].of(start) if judged else None
    most = max(value for _, value in looks)
    return Trend(process, measure, start, end, most, slope * HOUR, allowed)


def _lows(looks: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    first, last = looks[0][0], looks[-1][0]
    width = (last - first) / WINDOWS or 1.0
    windows: dict[int, list[tuple[float, float]]] = {}
    for at, value in looks:
        windows.setdefault(min(WINDOWS - 1, int((at - first) / width)), []).append((at, value))
    for inside in windows.values():
        yield median(at for at, _ in inside), min(value for _, value in inside)
