"""How much landing may go on at once in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from tasks.places import Places

MIB = 1024 * 1024
LANDINGS = 8
MEMORY_BYTES = 256 * MIB
DECODES = 2
BACKLOG = 4
"""Finished media that may wait for each landing under way before nothing more is bought."""


class LandingRoom:
    """Shared by all landings of a process: how many, holding how many bytes, checking how many.

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
        self.decodes = asyncio.Semaphore(DECODES)
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
