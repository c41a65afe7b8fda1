"""Prefect's server and worker as child processes, and a prepared database that starts them fast."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import sys
import time
import uuid
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx

from deploy.settings import services_settings
from sandbox.processes import Child
from sandbox.services import Service, clean_environment, responds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# SQLite has one writer: who waits longer than this for a turn is answered 503. Stock is 10.
_SQLITE = {"PREFECT_SERVER_DATABASE_TIMEOUT": "60"}


class PrefectService(Service):
    """A Prefect server on SQLite in a home of its own, fit for batches.

    `database`: a prepared one to start from (see `prepared_database`) when the home has none.
    """

    name = "The Prefect server"
    awaited = "its health answer"

    def __init__(
        self, home: Path, *, log: Path, port: int | None = None, database: Path | None = None
    ) -> None:
        super().__init__(log)
        self.home = home
        self.ui_url = self.api_url = ""
        self._port = port
        self._database = database

    def spawn(self, ports: Sequence[int]) -> Child:
        port = self._port or ports[0]
        self.ui_url = f"http://127.0.0.1:{port}"
        self.api_url = f"{self.ui_url}/api"
        self.home.mkdir(parents=True, exist_ok=True)
        kept = self.home / "prefect.db"
        if self._database is not None and not kept.exists():
            shutil.copyfile(self._database, kept)
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        env = clean_environment() | services_settings() | _SQLITE | self.environment()
        return Child(self.name, command, env=env, log=self.log)

    def answers(self) -> bool:
        return responds(f"{self.api_url}/health")

    def environment(self) -> dict[str, str]:
        """What points a Prefect process at this server and at nothing of the user's."""
        return prefect_environment(self.home, self.api_url)


def prefect_environment(home: Path, api_url: str) -> dict[str, str]:
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",  # the same for Prefect's client side
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # Else a process that cannot reach the server quietly starts one of its own.
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    }


class WorkerService(Service):
    """A process worker of one pool; `env` names the Prefect server and what the flows need.

    `limit`: so many flow runs at once; None is as many as come.
    """

    name = "The Prefect worker"
    awaited = "its first heartbeat"
    port_count = 0

    def __init__(
        self,
        pool: str,
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(log)
        self.worker_name = f"{pool}-{os.getpid()}-{time.time_ns()}"
        self._pool = pool
        self._cwd = cwd
        self._limit = limit
        # It asks for work every 10 s otherwise.
        self._env = clean_environment() | {"PREFECT_WORKER_QUERY_SECONDS": "1"} | dict(env)

    def spawn(self, ports: Sequence[int]) -> Child:
        command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process"]
        command += ["--pool", self._pool, "--name", self.worker_name]
        command += ["--limit", str(self._limit)] if self._limit else []
        return Child(self.name, command, env=self._env, log=self.log, cwd=self._cwd)

    def answers(self) -> bool:
        try:
            with api_client(self._env) as client:
                seen = client.post(f"/work_pools/{self._pool}/workers/filter", json={}).text
        except httpx.HTTPError:
            return False
        return self.worker_name in seen


@contextlib.contextmanager
def api_client(env: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A plain client of the Prefect API that this environment names, logged in as it says."""
    user, _, password = env.get("PREFECT_API_AUTH_STRING", "").partition(":")
    with httpx.Client(
        base_url=env["PREFECT_API_URL"],
        auth=(user, password) if user else None,
        timeout=5,
        trust_env=False,
    ) as client:
        name = uuid.uuid4().hex
        answer = client.get("/csrf-token", params={"client": name})
        # A server that asks for no such token says 422.
        if answer.is_success:
            client.headers["Prefect-Csrf-Client"] = name
            client.headers["Prefect-Csrf-Token"] = answer.json()["token"]
        yield client


def prepared_database(cache: Path) -> Path:
    """A migrated, empty Prefect database to copy: saves a fresh server most of its first start.

    Made once per Prefect version and kept in `cache`; safe to ask for from many processes.
    """
    cache.mkdir(parents=True, exist_ok=True)
    ready = cache / f"prefect-{version('prefect')}.db"
    with (cache / "prefect.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            home = cache / "prefect-making"
            shutil.rmtree(home, ignore_errors=True)
            PrefectService(home, log=cache / "prefect-making.log").start().stop()
            half = ready.with_suffix(".half")
            half.unlink(missing_ok=True)
            with (
                contextlib.closing(sqlite3.connect(home / "prefect.db")) as made,
                contextlib.closing(sqlite3.connect(half)) as copy,
            ):
                made.backup(copy)
            half.rename(ready)
            shutil.rmtree(home)
    return ready
