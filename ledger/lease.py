"""A claim for as long as its holder lives, where nobody can say how long an answer takes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from globalaiopc.errors import GlobalAIOPCError, NotSent
from ledger.errors import ReceiptMoved
from ledger.held import Held
from ledger.ledger import Ledger

BEATS = 3
"""How often a claim is renewed in each lease: two may fail before others think its holder dead."""

log = logging.getLogger("ledger")


class Lease:
    """Renews a claim while it is entered; when the process dies, the claim ends as any other does.

        async with Lease(ledger, held, sleep) as lease:
            await client.ask(request, before_send=lease.check)
        await ledger.landed(lease.held, media)

    `held` is the claim as it was written last; `lost` says that it is another process's now.
    """

    def __init__(
        self, ledger: Ledger, held: Held, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._ledger = ledger
        self._sleep = sleep
        self.held = held
        self.lost = False

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A write that is cut off here is met by the next one, which reads again.
        self._beating.cancel()
        await asyncio.wait([self._beating])

    def check(self) -> None:
        """Call it last before a POST. Raises `NotSent` when others may think us dead."""
        if self.lost:
            raise NotSent("Another process has taken this over.", retry_is_free=False)
        if not self._ledger.still_mine(self.held):
            raise NotSent("The claim ran out before the request could be sent.")

    async def _beat(self) -> None:
        while True:
            await self._sleep(self._ledger.lease_seconds / BEATS)
            try:
                self.held = await self._ledger.renew(self.held)
            except ReceiptMoved:
                self.lost = True
                return
            except GlobalAIOPCError as error:
                log.warning("%s: not renewed: %s", self.held.receipt.job, error.message)
