"""PostgreSQL, Redis and nginx as child processes of one's own, on free ports of 127.0.0.1.

Debian's packages, nothing of their system-wide services: each has a folder, a password and a port
to itself, and keeps its data in the folder when it is stopped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import redis
from redis.exceptions import RedisError

from deploy.settings import FOLDER
from sandbox.processes import Child, ServiceFailed
from sandbox.services import Service, clean_environment, responds

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGES = "apt-get install -y --no-install-recommends postgresql redis-server nginx"
_ONE_SHOT_SECONDS = 120.0


class PostgresService(Service):
    """One database, `postgres`, that the user `prefect` owns.

    `folder` is made, and its parents have to be open to the user `postgres` when we are root: the
    program refuses to run as root.
    """

    name = "PostgreSQL"
    awaited = "its readiness"

    def __init__(self, folder: Path, *, password: str, log: Path) -> None:
        super().__init__(log)
        self.folder = folder
        self.address = ""
        self._password = password
        self._programs = _postgres_programs()

    def spawn(self, ports: Sequence[int]) -> Child:
        self.address = f"prefect:{self._password}@127.0.0.1:{ports[0]}/postgres"
        if not (self.folder / "data").exists():
            self._initialise()
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        command += ["-h", "127.0.0.1", "-p", str(ports[0]), "-c", "unix_socket_directories="]
        return self._run(self.name, command)

    def answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1"]
        command += ["-p", str(self._ports[0])]
        asked = subprocess.run(command, env=clean_environment(), check=False)  # noqa: S603
        return asked.returncode == 0

    def _initialise(self) -> None:
        self.folder.mkdir(mode=0o700)
        secret = self.folder / "password"
        secret.write_text(self._password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(secret, "postgres")
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data")]
        command += ["--username=prefect", f"--pwfile={secret}", "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C"]
        try:
            self._run("initdb", command).finish(seconds=_ONE_SHOT_SECONDS)
        finally:
            secret.unlink()

    def _run(self, name: str, command: Sequence[str]) -> Child:
        if os.geteuid() == 0:
            # The change of user takes away the request for a signal at our end: made anew. SIGINT
            # ends it at once, where SIGTERM waits for its clients.
            user = ["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"]
            command = ["setpriv", *user, *command]
        return Child(name, command, env=clean_environment(), log=self.log, cwd=self.folder)


class RedisService(Service):
    """Redis with a password, its data written to `folder` as it comes."""

    name = "Redis"
    awaited = "its answer"

    def __init__(self, folder: Path, *, password: str, log: Path) -> None:
        super().__init__(log)
        self.folder = folder
        self.address = ""
        self._password = password
        self._program = _program("redis-server")

    def spawn(self, ports: Sequence[int]) -> Child:
        self.address = f"redis://:{self._password}@127.0.0.1:{ports[0]}"
        self.folder.mkdir(exist_ok=True)
        # In a file: the command line is for all of the machine to read.
        settings = self.folder / "redis.conf"
        settings.touch(mode=0o600)
        settings.write_text(
            f"requirepass {self._password}\nbind 127.0.0.1\nport {ports[0]}\n"
            f'dir "{self.folder}"\nappendonly yes\nmaxmemory-policy noeviction\n'
        )
        return Child(
            self.name, [self._program, str(settings)], env=clean_environment(), log=self.log
        )

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(f"{self.address}/0", decode_responses=True)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False


class FrontService(Service):
    """nginx with `nginx.conf`, its two API servers being those that listen on `backends`."""

    name = "nginx"
    awaited = "its health answer"

    def __init__(self, folder: Path, *, backends: tuple[int, int], log: Path) -> None:
        super().__init__(log)
        self.folder = folder
        self.backends = backends
        self.url = ""
        self._program = _program("nginx")

    def spawn(self, ports: Sequence[int]) -> Child:
        self.url = f"http://127.0.0.1:{ports[0]}"
        self.folder.mkdir(exist_ok=True)
        settings = (FOLDER / "nginx.conf").read_text("utf-8")
        parts = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        # Debian's folders for these are root's.
        own = "".join(f"\n    {part}_temp_path {part};" for part in parts)
        for written, here in (
            ("http {", f"http {{{own}"),
            ("listen 4200;", f"listen 127.0.0.1:{ports[0]};"),
            ("server api-1:4200 ", f"server 127.0.0.1:{self.backends[0]} "),
            ("server api-2:4200 ", f"server 127.0.0.1:{self.backends[1]} "),
        ):
            if settings.count(written) != 1:
                raise ServiceFailed(f"deploy/nginx.conf has not one {written!r}.")
            settings = settings.replace(written, here)
        (self.folder / "nginx.conf").write_text(settings)
        command = [self._program, "-p", str(self.folder), "-c", "nginx.conf", "-e", "stderr"]
        command += ["-g", "daemon off; worker_processes 1; pid nginx.pid; error_log stderr;"]
        return Child(self.name, command, env=clean_environment(), log=self.log)

    def answers(self) -> bool:
        return responds(f"{self.url}/api/health")


def _postgres_programs() -> Path:
    """The folder of the newest PostgreSQL; Debian keeps them off the PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda program: int(program.parts[-3]),
    )
    on_path = shutil.which("postgres")
    if not found and on_path is None:
        raise ServiceFailed(f"postgres is missing: {_PACKAGES}")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _program(name: str) -> str:
    """The program on the PATH or, as only root's PATH has it in Debian, in /usr/sbin."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise ServiceFailed(f"{name} is missing: {_PACKAGES}")
    return found
