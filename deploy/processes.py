"""A production Prefect server as plain processes: for tests and benchmarks, and to show how.

    with ProductionServer() as server:
        child = subprocess.Popen(..., env=clean_environment() | server.environment(home))

PostgreSQL and Redis, one migration, two API servers, the background services and nginx before the
two, with the settings of `server.env`, passwords made up anew, everything on 127.0.0.1. It takes
some 15 s to start. Leaving it stops all of it and removes its data.
"""

from __future__ import annotations

import base64
import contextlib
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from redis.exceptions import RedisError

from deploy.servers import FrontService, PostgresService, RedisService
from deploy.settings import FIRST_API, SERVER, WORKER, Addresses, read_settings
from sandbox.processes import Child
from sandbox.services import Service, clean_environment, responds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_PREFECT = (sys.executable, "-m", "prefect")
_MIGRATION_SECONDS = 300.0
_RECORDER = "task-run-recorder"


class ApiService(Service):
    """One API server with the UI, and without background services."""

    awaited = "its health answer"

    def __init__(self, number: int, *, env: Mapping[str, str], log: Path) -> None:
        super().__init__(log)
        self.name = f"API server {number}"
        self.api_url = ""
        self._env = dict(env)

    @property
    def port(self) -> int:
        return self._ports[0]

    def spawn(self, ports: Sequence[int]) -> Child:
        self.api_url = f"http://127.0.0.1:{ports[0]}/api"
        command = [*_PREFECT, "server", "start", "--no-services"]
        command += ["--host", "127.0.0.1", "--port", str(ports[0])]
        return Child(self.name, command, env=self._env, log=self.log)

    def answers(self) -> bool:
        return responds(f"{self.api_url}/health")


class BackgroundService(Service):
    """The scheduler, the recorder of task runs and of events, late runs, automations and so on."""

    name = "The background services"
    awaited = "their subscription to the events"
    port_count = 0

    def __init__(self, events: RedisService, *, env: Mapping[str, str], log: Path) -> None:
        super().__init__(log)
        self._events = events
        self._env = dict(env)

    def spawn(self, ports: Sequence[int]) -> Child:
        command = [*_PREFECT, "server", "services", "start"]
        return Child(self.name, command, env=self._env, log=self.log)

    def answers(self) -> bool:
        try:
            with self._events.client() as client:
                groups = client.xinfo_groups("events")
        except RedisError:
            return False
        return any(group["name"] == _RECORDER for group in groups)


class ProductionServer:
    """All of it. `front.url` is its address; `apis` are the two API servers behind that.

    The logs are written to `logs`, else beside the data and removed with it.
    """

    def __init__(self, logs: Path | None = None) -> None:
        # Not below a folder that only we may enter: PostgreSQL runs as another user.
        self._folder = Path(tempfile.mkdtemp(prefix="globalaiopc-server-"))
        self._folder.chmod(0o711)
        self._logs = logs or self._folder / "log"
        self._exit = contextlib.ExitStack()
        self._exit.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self.auth = f"admin:{secrets.token_hex(16)}"
        self._blocks_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.postgres = PostgresService(
            self._folder / "postgres", password=secrets.token_hex(16), log=self._log("postgres")
        )
        self.redis = RedisService(
            self._folder / "redis", password=secrets.token_hex(16), log=self._log("redis")
        )
        self.apis: tuple[ApiService, ...] = ()
        self.background: BackgroundService
        self.front: FrontService

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exit.close()

    @property
    def api_url(self) -> str:
        return f"{self.front.url}/api"

    def environment(self, home: Path, *, api_url: str = "") -> dict[str, str]:
        """What points a worker or a client at this server; `home` is its PREFECT_HOME.

        `api_url`: one of the two API servers instead of the front.
        """
        return read_settings(WORKER) | {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": api_url or self.api_url,
            "PREFECT_API_AUTH_STRING": self.auth,
        }

    def parts(self) -> tuple[Service, ...]:
        return (self.postgres, self.redis, *self.apis, self.background, self.front)

    def _start(self) -> None:
        for store in (self.postgres, self.redis):
            self._exit.enter_context(store).start()
        migration = Child(
            "The migration",
            [*_PREFECT, "server", "database", "upgrade", "-y"],
            env=self._settings("migration"),
            log=self._log("migration"),
        )
        self._exit.enter_context(migration).finish(seconds=_MIGRATION_SECONDS)
        self.background = BackgroundService(
            self.redis, env=self._settings("background"), log=self._log("background")
        )
        self.apis = (
            ApiService(1, env=self._settings("api-1") | FIRST_API, log=self._log("api-1")),
            ApiService(2, env=self._settings("api-2"), log=self._log("api-2")),
        )
        for part in (self.background, *self.apis):
            self._exit.enter_context(part).launch()
        for part in (self.background, *self.apis):
            part.ready()
        first, second = self.apis
        self.front = FrontService(
            self._folder / "nginx", backends=(first.port, second.port), log=self._log("nginx")
        )
        self._exit.enter_context(self.front).start()

    def _settings(self, name: str) -> dict[str, str]:
        addresses = Addresses(
            database=f"postgresql+asyncpg://{self.postgres.address}",
            redis=self.redis.address,
            auth=self.auth,
            blocks_key=self._blocks_key,
            ui_api_url="/api",
        )
        home = self._folder / name
        # Else each server unpacks the UI into the installed package.
        own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui")}
        return clean_environment() | read_settings(SERVER) | addresses.environment() | own

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"
