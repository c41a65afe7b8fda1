"""The machine, and what its processes use, by /proc."""

from __future__ import annotations

import contextlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

from sandbox.processes import descendants

MB = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_RESET_PEAK = "5"


def description() -> str:
    """Cores, memory and versions, in one line."""
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE / 2**30
    return (
        f"{cores} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, Prefect {version('prefect')}"
    )


def busy() -> float:
    """The load of the last minute for each core; about 0 on a quiet machine."""
    return os.getloadavg()[0] / len(os.sched_getaffinity(0))


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process with all below it, ended children included."""
    return sum(map(_own_cpu, (pid, *(process.pid for process in descendants(pid)))))


def resident_bytes(pid: int | str = "self") -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE


def forget_peak() -> None:
    """From now on `peak_bytes` is about what comes next."""
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)


def peak_bytes() -> int:
    """The most resident memory of this process since its start, or since `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status does not tell VmHWM")


def _own_cpu(pid: int) -> float:
    with contextlib.suppress(OSError):  # it ended while we looked
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS
    return 0.0
