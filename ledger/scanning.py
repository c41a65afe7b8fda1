"""Reading many receipts, some at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import islice

from ledger.errors import ReceiptUnreadable
from ledger.held import Held

SCAN_WIDTH = 32

Tell = Callable[[ReceiptUnreadable], None]


async def read_all(
    read: Callable[[str], Awaitable[Held | None]], keys: Iterable[str], unreadable: Tell | None
) -> AsyncIterator[Held]:
    """What `read` finds at the keys, in their order.

    `unreadable` is told of receipts that cannot be read, of which without it the first is raised.
    """

    async def told(key: str) -> Held | None:
        try:
            return await read(key)
        except ReceiptUnreadable as error:
            if unreadable is None:
                raise
            unreadable(error)
            return None

    waiting = iter(keys)
    while some := list(islice(waiting, SCAN_WIDTH)):
        for found in await asyncio.gather(*(told(key) for key in some)):
            if found is not None:
                yield found
