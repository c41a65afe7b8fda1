"""A program on a terminal of its own: what a person would see, type and press."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Self

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")
_SECONDS = 180.0


class Terminal:
    """Runs `python ARGUMENTS` in the project's folder; use it with `with`."""

    def __init__(self, *arguments: str, env: Mapping[str, str], columns: int = 100) -> None:
        self._main, ours = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.raw = ""
        self.child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**env, "TERM": "xterm-256color"},
            stdin=ours,
            stdout=ours,
            stderr=ours,
            start_new_session=True,
        )
        os.close(ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        os.close(self._main)

    @property
    def text(self) -> str:
        """All that was written so far, without colours and movements of the cursor."""
        return _CODES.sub("", self.raw).replace("\r", "")

    def until(self, pattern: str) -> None:
        """Read on until it was written."""
        end = time.monotonic() + _SECONDS
        while not re.search(pattern, self.text):
            assert self._read(), f"{pattern!r} never came:\n{self.text}"
            assert time.monotonic() < end, f"{pattern!r} did not come in time:\n{self.text}"

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self.child.wait(_SECONDS)

    def _read(self) -> bool:
        with contextlib.suppress(OSError):  # EIO: nobody has the other side open any more
            if some := os.read(self._main, 65536):
                self.raw += some.decode(errors="replace")
                return True
        return False
