"""The settings of a production Prefect server, read from the files that its parts are run with.

`server.env` and `worker.env` are the one place where they stand: Docker Compose and systemd read
them as they are, `deploy.processes` and `make demo` through here. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SERVER = FOLDER / "server.env"
WORKER = FOLDER / "worker.env"

FIRST_API = {"PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "true"}
"""What one of the API servers has otherwise than `server.env`."""

_ON_ANY_DATABASE = "PREFECT_SERVER_SERVICES_"


def read_settings(path: Path) -> dict[str, str]:
    """The NAME=value lines of a file; blank lines and lines that begin with # say nothing."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def services_settings() -> dict[str, str]:
    """Those of the server's background services: they do not depend on PostgreSQL or Redis."""
    every = read_settings(SERVER)
    return {name: value for name, value in every.items() if name.startswith(_ON_ANY_DATABASE)}


@dataclass(frozen=True)
class Addresses:
    """Where a server's database and Redis are and who may ask it: what differs between places.

    `database`: a SQLAlchemy address with asyncpg as its driver. `redis`: an address without a
    database number; events take 0, what the servers schedule among themselves takes 1.
    `auth`: "name:password" of the API and the UI. `blocks_key`: a Fernet key, which encrypts what
    blocks hold. All four are secret.
    """

    database: str = field(repr=False)
    redis: str = field(repr=False)
    auth: str = field(repr=False)
    blocks_key: str = field(repr=False)
    ui_api_url: str

    def environment(self) -> dict[str, str]:
        return {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": self.database,
            "PREFECT_REDIS_MESSAGING_URL": f"{self.redis}/0",
            "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL": f"{self.redis}/0",
            "PREFECT_SERVER_DOCKET_URL": f"{self.redis}/1",
            "PREFECT_SERVER_API_AUTH_STRING": self.auth,
            # Without it Prefect makes one up and keeps it in the database, beside what it opens.
            "PREFECT_SERVER_ENCRYPTION_KEY": self.blocks_key,
            "PREFECT_SERVER_UI_API_URL": self.ui_api_url,
            "PREFECT_UI_URL": self.ui_api_url.removesuffix("/api"),
        }
