"""Places in this process, given to those who wait: the nearest to done first, then who came first.

Thousands may wait: each costs a future, and giving a place costs a look at the head of every queue,
of which there are as many as combinations of pools (a stage and a model: some tens at most).
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

_Queue = OrderedDict[int, "asyncio.Future[None]"]


class Places:
    """Pools of places by name. One that nobody gave a size to has room for everyone.

    `gates` are further conditions for a pool's places; `serve` looks at them anew.
    """

    def __init__(
        self, sizes: Mapping[str, int], gates: Mapping[str, Callable[[], bool]] | None = None
    ) -> None:
        self._sizes = dict(sizes)
        self._gates = gates or {}
        self._taken: Counter[str] = Counter()
        self._queues: dict[tuple[int, tuple[str, ...]], _Queue] = {}
        self._arrivals = 0

    @asynccontextmanager
    async def place(self, *pools: str, rank: int = 0) -> AsyncIterator[None]:
        """Hold a place in every one of the pools, all taken at once. A lower rank goes first.

        One who waits for a pool that is full does not hold up those who do not need it.
        """
        await self._given(rank, pools)
        try:
            yield
        finally:
            self._taken.subtract(pools)
            self.serve()

    def resize(self, pool: str, size: int | None) -> None:
        """Those who are inside stay, also when there is no room for so many any more.

        None: room for everyone.
        """
        if size is None:
            self._sizes.pop(pool, None)
        else:
            self._sizes[pool] = size
        self.serve()

    def share(self, shares: int) -> None:
        """Keep one of so many equal parts of each pool, rounded up: others have the rest."""
        for pool, size in [*self._sizes.items()]:
            self.resize(pool, -(-size // shares))

    def size(self, pool: str) -> int | None:
        return self._sizes.get(pool)

    def taken(self, pool: str) -> int:
        return self._taken[pool]

    def waiting(self, pool: str) -> int:
        return sum(len(queue) for (_, pools), queue in self._queues.items() if pool in pools)

    def is_full(self, pool: str) -> bool:
        size = self._sizes.get(pool)
        return size is not None and self._taken[pool] >= size

    async def _given(self, rank: int, pools: tuple[str, ...]) -> None:
        self._arrivals += 1
        number, given = self._arrivals, asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault((rank, pools), OrderedDict())
        queue[number] = given
        self.serve()
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():  # given in the same moment: give it back
                self._taken.subtract(pools)
                self.serve()
            else:
                queue.pop(number, None)
                self._forget_empty()
            raise

    def serve(self) -> None:
        """Give what there is to those who wait."""
        while heads := list(self._heads()):
            _, number, key = min(heads)
            self._taken.update(key[1])
            self._queues[key].pop(number).set_result(None)
            self._forget_empty()

    def _heads(self) -> Iterator[tuple[int, int, tuple[int, tuple[str, ...]]]]:
        """The first of each queue that may go in: its rank, its number, its queue."""
        for key, queue in self._queues.items():
            if all(self._has_room(pool) for pool in key[1]):
                for number, given in queue.items():
                    if not given.done():  # else it was cancelled, and has not come to leave yet
                        yield key[0], number, key
                        break

    def _has_room(self, pool: str) -> bool:
        gate = self._gates.get(pool)
        return not self.is_full(pool) and (gate is None or gate())

    def _forget_empty(self) -> None:
        for key in [key for key, queue in self._queues.items() if not queue]:
            del self._queues[key]
