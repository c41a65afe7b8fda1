"""What a Prefect server has on record in its SQLite database."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from sandbox.prefect_parts import PrefectService

PATIENCE = 1800.0
QUIET = 3.0


@dataclass(frozen=True)
class Database:
    """Rows by table, and bytes that are in use.

    `recorded` is when a task run was last written, in wall time; `seen` when we looked, monotonic.
    """

    rows: Mapping[str, int]
    size: int
    recorded: float
    seen: float

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @classmethod
    def now(cls, prefect: PrefectService) -> Self:
        """Read beside the server: SQLite lets readers in while it writes."""
        path = prefect.home / "prefect.db"
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as database:
            ask = database.execute
            written = ask("SELECT max(updated) FROM task_run").fetchone()[0]
            names = [row[0] for row in ask("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: ask(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
            pages, free, page = (
                ask(f"PRAGMA {what}").fetchone()[0]
                for what in ("page_count", "freelist_count", "page_size")
            )
        return cls(rows, (pages - free) * page, _wall(written), time.monotonic())

    @classmethod
    def settled(cls, prefect: PrefectService, least: int) -> Self:
        """As first seen when it then did not grow for three seconds, with more rows than `least`.

        RuntimeError when the server is still recording after half an hour.
        """
        end = time.monotonic() + PATIENCE
        last = cls.now(prefect)
        while time.monotonic() < end:
            time.sleep(0.5)
            now = cls.now(prefect)
            if now.rows != last.rows:
                last = now
            elif now.seen - last.seen > QUIET and last.total > least:
                return last
        raise RuntimeError(f"The Prefect server is still recording after {PATIENCE:.0f} s.")


def _wall(written: str | None) -> float:
    """SQLite keeps the server's times as text without a zone, in UTC."""
    if written is None:
        return 0.0
    return datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp()
