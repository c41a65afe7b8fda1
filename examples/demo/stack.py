"""The demo's own Prefect server, S3 server, stand-in API and worker, with all their files."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sandbox.prefect_parts import PrefectService, WorkerService
from sandbox.processes import Child
from sandbox.services import S3Service, SandboxService, clean_environment

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
POOL = "globalaiopc"
BUCKET = "globalaiopc-demo"
# The provider advises to look at a video every 30-60 s; the stand-in makes one in a few.
TIME_SCALE = "0.05"
PATIENCE = 120.0


class AlreadyRunning(RuntimeError):
    """Another demo uses the same folder."""


class Stack:
    """Everything the demo starts. Leaving it, however that comes about, stops all of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = home / "log"
        self._exit = contextlib.ExitStack()
        self.prefect = PrefectService(home / "prefect", log=self.logs / "prefect-server.log")
        self.s3 = S3Service(
            home / "s3",
            access_key="demo",
            secret_key=secrets.token_hex(16),
            bucket=BUCKET,
            log=self.logs / "s3-server.log",
        )
        self.sandbox = SandboxService(
            key=f"demo-{secrets.token_hex(16)}",
            log=self.logs / "sandbox.log",
            text_seconds=1,
            image_seconds=3,
            video_seconds=6,
        )
        self.worker: WorkerService | None = None

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        lock = self._exit.enter_context((self.home / "lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._exit.close()
            raise AlreadyRunning(f"Another demo is running in {self.home}.") from None
        shutil.rmtree(self.logs, ignore_errors=True)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A second, impatient Ctrl-C must not leave half of it running.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._exit.close()
        finally:
            signal.signal(signal.SIGINT, before)

    def start_servers(self) -> None:
        """All three at once: Prefect's start is the long one."""
        parts = (self.s3, self.prefect, self.sandbox)
        for part in parts:
            self._exit.enter_context(part)
            part.launch()
        for part in parts:
            part.ready()
        self._write_environment()

    def set_up(self) -> None:
        """What a user does once: save the blocks, start a worker (which makes the pool), deploy."""
        blocks = self._tool("blocks", "-m", "blocks")
        self.worker = WorkerService(
            POOL, env=self.environment(), log=self.logs / "worker.log", cwd=ROOT
        )
        self._exit.enter_context(self.worker).start()
        self._tool("deploy", "-m", "prefect", "--no-prompt", "deploy", "--all").finish(
            seconds=PATIENCE
        )
        blocks.finish(seconds=PATIENCE)

    def check(self) -> None:
        """Raise `ServiceFailed` if a part has ended behind our back."""
        for part in (self.s3, self.prefect, self.sandbox, self.worker):
            if part is not None:
                part.child.check()

    def environment(self) -> dict[str, str]:
        return clean_environment() | self._settings()

    def _settings(self) -> dict[str, str]:
        return {
            **self.prefect.environment(),
            **self.s3.access.environment(),
            **self.sandbox.environment(),
            "GLOBALAIOPC_TIME_SCALE": TIME_SCALE,
            "MEDIA_BUCKET": BUCKET,
        }

    def _write_environment(self) -> None:
        """For a second terminal: the settings as `export` lines, readable by the user alone."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self._settings().items()]
        path = self.home / "env"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")

    def _tool(self, log: str, *arguments: str) -> Child:
        name = " ".join(("python", *arguments))
        command = (sys.executable, *arguments)
        child = Child(name, command, env=self.environment(), log=self.logs / f"{log}.log", cwd=ROOT)
        return self._exit.enter_context(child)
