"""The points at which a process may die: before and after every step that leaves the process.

Between two of them nothing happens that anybody else could see, so a death anywhere in between is
a death at the point before.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from globalaiopc.wire import Wire
from ledger import ObjectStore

Step = Callable[..., Awaitable[Any]]


class KillSwitch:
    """Tells of each point passed; at number `kill_at` (from 1) the process kills itself."""

    def __init__(self, kill_at: int | None, tell: Callable[[str], None]) -> None:
        self._left = kill_at
        self._tell = tell

    def at(self, what: str) -> None:
        self._tell(what)
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Put a point before and after each call of the bucket and of the API."""
        ObjectStore._run = self._around(ObjectStore._run, "bucket", named=2)
        Wire.create = self._around(Wire.create, "create", named=1)
        Wire.look = self._around(Wire.look, "look", named=0)

    def hooks(self) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
        """Event hooks that put points around each download."""

        async def before(_: httpx.Request) -> None:
            self.at("before download")

        async def after(_: httpx.Response) -> None:
            self.at("after the download's headers")

        return {"request": [before], "response": [after]}

    def _around(self, step: Step, kind: str, *, named: int) -> Step:
        async def pointed(owner: object, *arguments: Any, **options: Any) -> Any:
            name = " ".join([kind, *(str(word) for word in arguments[:named])])
            self.at(f"before {name}")
            answer = await step(owner, *arguments, **options)
            self.at(f"after {name}")
            return answer

        return pointed
