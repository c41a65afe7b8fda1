"""How much landing may go on at once in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Literal

from tasks.places import Places

MIB = 1024 * 1024
LANDINGS = 8
MEMORY_BYTES = 256 * MIB
CORES = 2

CoreWork = Literal["frame", "video", "audio", "image"]
_CORE_RANKS: dict[CoreWork, int] = {"frame": 0, "video": 1, "audio": 1, "image": 2}
BACKLOG = 32
"""Finished media that may wait for each landing under way before nothing more is bought: a wave of
jobs that end together is no backlog, and ten seconds each are minutes of the day they are kept."""


class LandingRoom:
    """Shared by all landings of a process: how many, holding how many bytes, on how many cores.

    The bytes of media held by all landings together stay within `memory_bytes`; each takes its
    share (`LandingRules.memory`) before it reads a body and waits while there is not enough. One
    that needs more than there is at all takes everything and runs alone.

    `on_behind` is told whenever landing falls behind (True) or has caught up: more than `BACKLOG`
    finished media wait for each landing that there may be at once, or not.
    """

    def __init__(self, landings: int = LANDINGS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.landings = landings
        self._seats = Places({"seat": landings})
        self._waiting_most = BACKLOG * landings
        self._finished_waiting = 0
        self.on_behind: Callable[[bool], None] | None = None
        self._cores = Places({"core": CORES})
        self._all = memory_bytes
        self._free = memory_bytes
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

    @asynccontextmanager
    async def seat(self) -> AsyncIterator[None]:
        """Hold one of the landings, for a finished medium: it is paid for, and may expire."""
        async with AsyncExitStack() as held:
            self._count(1)
            try:
                await held.enter_async_context(self._seats.place("seat"))
            finally:
                self._count(-1)
            yield

    def core(self, kind: CoreWork) -> AbstractAsyncContextManager[None]:
        """Hold a core for work on a medium: first the `frame` that a video is going to start from.

        What the provider waits for goes before the proof of what it has made, and what ends a
        brief before what only brings it on.
        """
        return self._cores.place("core", rank=_CORE_RANKS[kind])

    def seat_for_input(self) -> AbstractAsyncContextManager[None]:
        """Hold one of the landings for what a user brings; finished media go first."""
        return self._seats.place("seat", rank=1)

    def _count(self, more: int) -> None:
        before = self._finished_waiting > self._waiting_most
        self._finished_waiting += more
        behind = self._finished_waiting > self._waiting_most
        if behind != before and self.on_behind is not None:
            self.on_behind(behind)

    @asynccontextmanager
    async def memory(self, wanted: int) -> AsyncIterator[None]:
        """Hold `wanted` bytes of the budget.

        First come, first served: small files that would fit do not overtake a large one that waits.
        """
        share = min(wanted, self._all)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((place, share))
        self._serve()
        try:
            await place
            yield
        finally:
            if place.cancelled():
                self._waiting = deque(entry for entry in self._waiting if entry[0] is not place)
            else:
                self._free += share
            self._serve()

    def _serve(self) -> None:
        while self._waiting and self._waiting[0][1] <= self._free:
            place, share = self._waiting.popleft()
            if not place.cancelled():
                self._free -= share
                place.set_result(None)
