"""How much landing may go on at once in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MIB = 1024 * 1024
LANDINGS = 8
MEMORY_BYTES = 256 * MIB
DECODES = 2


class LandingRoom:
    """Shared by all landings of a process: how many, holding how many bytes, checking how many.

    The bytes of media held by all landings together stay within `memory_bytes`; each takes its
    share (`LandingRules.memory`) before it reads a body and waits while there is not enough. One
    that needs more than there is at all takes everything and runs alone.
    """

    def __init__(self, landings: int = LANDINGS, memory_bytes: int = MEMORY_BYTES) -> None:
        self.seats = asyncio.Semaphore(landings)
        self.decodes = asyncio.Semaphore(DECODES)
        self._all = memory_bytes
        self._free = memory_bytes
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()

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
