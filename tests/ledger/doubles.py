"""An in-memory store that honours conditions, and can be told to lose answers. The unit's edge."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledger import Stored, StoreError


class Wall:
    """A wall clock that moves when told, or by sleeping."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_seconds(seconds)


def down(*, transient: bool = True) -> StoreError:
    return StoreError("The bucket is away.", reason="SlowDown", transient=transient)


class MemoryStore:
    """The part of ObjectStore that the ledger uses.

    `faults` is asked before each call with its name and answers None (go on), "refuse" (nothing
    happens, an error), or "lose" (it happens, and the answer is lost).
    """

    def __init__(self, faults: Callable[[str], str | None] = lambda _: None) -> None:
        self.objects: dict[str, bytes] = {}
        self.faults = faults
        self.calls: list[str] = []
        self.transient = True

    def uri(self, key: str) -> str:
        return f"s3://memory/{key}"

    def _etag(self, key: str) -> str:
        return hashlib.md5(self.objects[key]).hexdigest()

    def _do(self, name: str, change: Callable[[], str | None]) -> str | None:
        self.calls.append(name)
        fault = self.faults(name)
        if fault == "refuse":
            raise down(transient=self.transient)
        answer = change()
        if fault == "lose":
            raise down(transient=self.transient)
        return answer

    def _write(self, key: str, body: bytes) -> str:
        self.objects[key] = body
        return self._etag(key)

    async def get(self, key: str) -> Stored | None:
        self._do("get", lambda: None)
        return Stored(self.objects[key], self._etag(key)) if key in self.objects else None

    async def put_if_absent(self, key: str, body: bytes, *, content_type: str) -> str | None:
        return self._do(
            "put_if_absent", lambda: None if key in self.objects else self._write(key, body)
        )

    async def put_if_match(
        self, key: str, body: bytes, etag: str, *, content_type: str
    ) -> str | None:
        def change() -> str | None:
            if key not in self.objects or self._etag(key) != etag:
                return None
            return self._write(key, body)

        return self._do("put_if_match", change)


def once(name: str, what: str, *, after: int = 0) -> Callable[[str], str | None]:
    """Faults that hit one call: the `after`-th of its name."""
    seen = {"n": 0}

    def fault(called: str) -> str | None:
        if called != name:
            return None
        seen["n"] += 1
        return what if seen["n"] == after + 1 else None

    return fault
