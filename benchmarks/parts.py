"""The real parts of one figure: S3, and where it needs them the stand-in API and Prefect."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from sandbox.prefect_parts import PrefectService, prepared_database
from sandbox.processes import Child
from sandbox.services import S3Service, SandboxService, Service, clean_environment

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "benchmarks"

_PREPARED = ROOT / ".test"  # the tests keep theirs there; it is the same
_PATIENCE = 2 * 3600.0

M = TypeVar("M", bound=BaseModel)


class StockPrefect(PrefectService):
    """A Prefect server as it comes: none of the settings that this project starts it with."""

    def spawn(self, ports: Sequence[int]) -> Child:
        self.ui_url = f"http://127.0.0.1:{ports[0]}"
        self.api_url = f"{self.ui_url}/api"
        self.home.mkdir(parents=True, exist_ok=True)
        if self._database is not None:
            shutil.copyfile(self._database, self.home / "prefect.db")
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", "127.0.0.1", "--port", str(ports[0])]
        env = clean_environment() | self.environment()
        return Child(self.name, command, env=env, log=self.log)


@dataclass
class Parts:
    """What is running; `prefix` keeps the figure's runs apart in the bucket."""

    home: Path
    s3: S3Service
    sandbox: SandboxService | None
    prefect: PrefectService | None
    time_scale: float
    _arms: int = field(default=0)

    def environment(self) -> dict[str, str]:
        """What a child process gets: everything that a user would have set."""
        found = clean_environment() | self.s3.access.environment()
        for part in (self.sandbox, self.prefect):
            found |= part.environment() if part else {}
        scale = {"GLOBALAIOPC_TIME_SCALE": str(self.time_scale), "MEDIA_BUCKET": BUCKET}
        return found | scale | {"MEDIA_PREFIX": f"run-{self._arms}"}

    def run(self, arm: str, asked: BaseModel, told: type[M]) -> M:
        """Run `python -m benchmarks.arms.ARM` to its end, with a prefix of its own in the bucket.

        `ServiceFailed` with the end of its log when it fails.
        """
        self._arms += 1
        name = f"{self._arms}-{arm}"
        order, answer = self.home / f"{name}.asked.json", self.home / f"{name}.told.json"
        order.write_text(asked.model_dump_json())
        command = (sys.executable, "-m", f"benchmarks.arms.{arm}", str(order), str(answer))
        log = self.home / "log" / f"{name}.log"
        with Child(arm, command, env=self.environment(), log=log, cwd=ROOT) as child:
            child.finish(seconds=_PATIENCE)
        return told.model_validate_json(answer.read_bytes())

    def account(self) -> dict[str, Any]:
        """All jobs and text calls of the stand-in API."""
        assert self.sandbox is not None
        answer = httpx.get(f"{self.sandbox.url}/sandbox/jobs", timeout=120, trust_env=False)
        return dict(answer.raise_for_status().json())

    def forget(self) -> None:
        """The next run finds the stand-in API as after its start, with the same durations."""
        assert self.sandbox is not None
        reset = f"{self.sandbox.url}/sandbox/reset"
        httpx.post(reset, timeout=60, trust_env=False).raise_for_status()

    def lines(self, name: str, rows: Sequence[BaseModel]) -> Path:
        """A file of JSON lines, as a user would give one."""
        path = self.home / f"{name}.jsonl"
        path.write_text("".join(f"{row.model_dump_json(exclude_defaults=True)}\n" for row in rows))
        return path


@dataclass(frozen=True)
class Times:
    """Seconds of one generation in the stand-in API; each swings by `spread`."""

    text: float = 1.0
    image: float = 4.0
    video: float = 20.0
    spread: float = 0.3


@contextmanager
def parts(
    times: Times | None = None,
    *,
    time_scale: float = 1.0,
    prefect: type[PrefectService] | None = PrefectService,
) -> Iterator[Parts]:
    """Start them all at once, in a folder that is gone afterwards. Without `times` no API."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmarks-")))
        (home / "log").mkdir()
        started = Parts(
            home=home,
            s3=S3Service(
                home / "s3",
                access_key="benchmarks",
                secret_key=secrets.token_hex(16),
                bucket=BUCKET,
                log=home / "log" / "s3.log",
            ),
            sandbox=None if times is None else _sandbox(home, times),
            prefect=None if prefect is None else _prefect(home, prefect),
            time_scale=time_scale,
        )
        services = (started.s3, started.sandbox, started.prefect)
        running: list[Service] = [part for part in services if part is not None]
        for part in running:
            stack.enter_context(part).launch()
        for part in running:
            part.ready()
        yield started


def _sandbox(home: Path, times: Times) -> SandboxService:
    # Plain media: to draw a film for every job would cost more than all that is measured.
    return SandboxService(
        key=f"benchmark-{secrets.token_hex(16)}",
        log=home / "log" / "sandbox.log",
        text_seconds=times.text,
        image_seconds=times.image,
        video_seconds=times.video,
        options=("--plain-media", "--spread", str(times.spread)),
    )


def _prefect(home: Path, kind: type[PrefectService]) -> PrefectService:
    database = prepared_database(_PREPARED)
    return kind(home / "prefect", log=home / "log" / "prefect.log", database=database)
