"""What stands between a production server and everybody else, asked from outside."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from sandbox.processes import descendants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import httpx

LISTENS = "0A"
SOCKETS = (
    "/events/in",
    "/events/out",
    "/logs/out",
    "/task_runs/subscriptions/scheduled",
    "/work_pools/globalaiopc/workers/connect",
)
"""Everything of Prefect's API that is a WebSocket: there the password is the first message."""


def save_secret(client: httpx.Client, name: str, value: str) -> str:
    """Save a Secret block as the UI does; its id."""
    kind = client.get("/block_types/slug/secret").raise_for_status().json()["id"]
    asked = {"block_schemas": {"block_type_id": {"any_": [kind]}}}
    (schema,) = client.post("/block_schemas/filter", json=asked).raise_for_status().json()
    made = client.post(
        "/block_documents/",
        json={
            "name": name,
            "data": {"value": value},
            "block_type_id": kind,
            "block_schema_id": schema["id"],
        },
    )
    return str(made.raise_for_status().json()["id"])


def rows(address: str, query: str) -> list[Any]:
    """What PostgreSQL answers to whoever has its password, or a copy of its data."""

    async def asked() -> list[Any]:
        connection = await asyncpg.connect(f"postgresql://{address}")
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def socket_lets_in(api_url: str, path: str, token: str | None) -> bool:
    """Whether a WebSocket of the API stays open for who says this password, or none at all."""

    async def asked() -> bool:
        protocols = None if token is None else [Subprotocol("prefect")]
        url = f"{api_url.replace('http', 'ws', 1)}{path}"
        try:
            async with connect(url, subprotocols=protocols, proxy=None) as opened:
                if token is None:
                    return bool(await opened.recv()) or True
                await opened.send(json.dumps({"type": "auth", "token": token}))
                answer = json.loads(await opened.recv())
                return bool(answer["type"] == "auth_success")
        except (ConnectionClosed, InvalidHandshake):
            return False

    return asyncio.run(asyncio.wait_for(asked(), 60))


def listening(pids: Iterable[int]) -> set[str]:
    """The addresses at which these processes and all below them can be reached."""
    found = set[str]()
    for top in pids:
        for pid in (top, *(process.pid for process in descendants(top))):
            found.update(_addresses(Path(f"/proc/{pid}")))
    return found


def _addresses(process: Path) -> Iterator[str]:
    own = {str(path.readlink()) for path in (process / "fd").iterdir() if path.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == LISTENS and f"socket:[{columns[9]}]" in own:
                yield _readable(columns[1].partition(":")[0])


def _readable(address: str) -> str:
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
