"""Child processes that end when they should: by pid, with everything they started, also if we die.

Used by `sandbox.services` for the real parts that the demo and the tests run. Standard library
only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

TAIL_LINES = 25

# Run between us and the program on Linux: asks the kernel for a SIGTERM when the thread that
# started it is gone, then becomes the program under the same pid. A `preexec_fn` would do the same
# but may deadlock (and warns on 3.12) in a process with threads.
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""


class ServiceFailed(RuntimeError):
    """A part did not start or did not stay up. The message ends with the tail of its log."""


class PortTaken(ServiceFailed):
    """Somebody else took the port between our look and the program's bind: try on another one."""


class Child:
    """One program in its own process group, its output appended to a log file.

    Start it from a thread that lives as long as it should: on Linux its end is the child's end.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        command = list(argv)
        if sys.platform == "linux":
            shim = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
            command = [*shim, *command]
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                command,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C on the terminal goes to us alone; we then stop the parts in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._code is None

    @property
    def _code(self) -> int | None:
        return self._process.poll()

    def tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()
            return "\n".join(lines[-TAIL_LINES:])
        return ""

    def check(self) -> None:
        """Raise `ServiceFailed` when it is no longer running."""
        if not self.alive:
            kind = PortTaken if "address already in use" in self.tail().lower() else ServiceFailed
            raise kind(f"{self.name} ended with exit code {self._code}.\n{self._last_words()}")

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Return once `ready()` is true; `ServiceFailed` if it is late or the child ended."""
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            if ready():
                return
            if time.monotonic() > deadline:
                raise ServiceFailed(
                    f"{self.name}: {what} not seen within {seconds:.0f} s.\n{self._last_words()}"
                )
            time.sleep(0.05)

    def finish(self, *, seconds: float) -> None:
        """For a program that does its work and ends; `ServiceFailed` unless it ends with 0."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if self._code != 0:
            how = "did not end" if self.alive else f"ended with exit code {self._code}"
            raise ServiceFailed(f"{self.name} {how}.\n{self._last_words()}")

    def stop(self, *, grace_seconds: float = 5.0, politely_seconds: float = 1.5) -> None:
        """SIGTERM to it, soon to what it started as well, and SIGKILL to whatever is left.

        A Prefect worker puts each flow run into a session of its own, where a signal to the
        worker's group does not reach it, and then waits for it: hence the look at the whole tree.
        """
        started = time.monotonic()
        below = descendants(self.pid)
        told: set[ProcessId] = set()
        if self.alive:
            self._process.terminate()
        while self._any_left(below) and time.monotonic() - started < grace_seconds:
            below |= descendants(self.pid)
            if time.monotonic() - started > politely_seconds:
                for process in below - told:
                    process.signal(signal.SIGTERM)
                told |= below
            time.sleep(0.05)
        for process in below:
            process.signal(signal.SIGKILL)
        if self.alive:
            self._process.kill()
        self._process.wait()

    def _any_left(self, below: set[ProcessId]) -> bool:
        return self.alive or any(process.exists() for process in below)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _last_words(self) -> str:
        return f"The end of {self.log}:\n{self.tail()}"


@dataclass(frozen=True)
class ProcessId:
    """A pid with its start time: a number that was given out again is another process."""

    pid: int
    started: str

    def exists(self) -> bool:
        return self in _parents()

    def signal(self, number: signal.Signals) -> None:
        if self.exists():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def descendants(pid: int) -> set[ProcessId]:
    """Every process below `pid`, its children's children included."""
    parents = _parents()
    found: set[ProcessId] = set()
    generation = {pid}
    while generation:
        children = {process for process, parent in parents.items() if parent in generation} - found
        found |= children
        generation = {child.pid for child in children}
    return found


def _parents() -> dict[ProcessId, int]:
    """The living processes of this machine, each with its parent's pid."""
    if sys.platform == "linux":
        return dict(_parents_from_proc())
    listing = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat=,lstart="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split(maxsplit=3) for line in listing.stdout.splitlines())
    return {ProcessId(int(row[0]), row[3]): int(row[1]) for row in rows if row[2][0] != "Z"}


def _parents_from_proc() -> Iterator[tuple[ProcessId, int]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended while we looked
            # The program's name, in brackets, may itself hold spaces and brackets.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            state, parent, started = fields[0], int(fields[1]), fields[19]
            if state not in "ZX":
                yield ProcessId(int(entry.name), started), parent


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on: all different, though not reserved.

    Between this call and the program's bind somebody else may take one, so whoever starts a
    program on them starts it again on others when it ends at once.
    """
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            listener = held.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
        return ports
