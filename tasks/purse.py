"""The money of a run: what its jobs may cost, and what they did cost.

A run without a budget has a `Purse` that only notes what jobs cost. A `CappedPurse` keeps a batch's
budget: it sets the money for a whole brief aside before the brief's first paid job, so that no
image is bought for a video that cannot be afforded.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from prefect.logging import get_run_logger

from globalaiopc import GlobalAIOPCError
from ledger import (
    Account,
    Budget,
    BudgetReached,
    Held,
    JobKey,
    Ledger,
    ObjectStore,
    Observation,
    PriceBook,
    Quote,
    Receipt,
    Short,
    Unpriced,
    line_of,
    remember,
)
from tasks.standing import standing

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job as it is priced: `seconds` of a video, `resolution` where one is asked for."""

    job: JobKey
    model: str
    seconds: int | None
    resolution: str | None

    @classmethod
    def by(cls, receipt: Receipt) -> Self:
        """The job of a receipt, as it was asked for."""
        seconds, resolution = receipt.asked.get("seconds"), receipt.asked.get("resolution")
        return cls(
            job=receipt.job,
            model=receipt.model,
            seconds=seconds if isinstance(seconds, int) else None,
            resolution=resolution if isinstance(resolution, str) else None,
        )

    def quote(self, prices: PriceBook) -> Quote:
        """What it will cost, as far as the price book knows."""
        return prices.quote(self.model, seconds=self.seconds, resolution=self.resolution)

    def __str__(self) -> str:
        length = "" if self.seconds is None else f"{self.seconds} s"
        details = ", ".join(part for part in (length, self.resolution) if part)
        return f"{self.model} ({details})" if details else self.model


class Purse:
    """Without a budget: everything may be bought, and what it cost is noted for later quotes."""

    def __init__(self) -> None:
        self._since = datetime.now(UTC)
        self._costs: list[Observation] = []

    @property
    def account(self) -> Account | None:
        """The batch's account as it was last seen; None without a budget."""
        return None

    @property
    def currency(self) -> str:
        """That of the price file; "" where none is known."""
        return self.account.currency if self.account else ""

    @asynccontextmanager
    async def brief(self, jobs: Sequence[Wanted]) -> AsyncIterator[None]:
        """Wrap the making of one brief, whose paid jobs are `jobs`."""
        yield

    async def afford(self, receipt: Receipt) -> None:
        """Raise `BudgetReached` if one more attempt does not fit now; nothing is set aside."""

    async def reserve(self, held: Held) -> None:
        """Make sure that there is money for the attempt that the caller is about to send."""

    async def release(self, receipt: Receipt, error: GlobalAIOPCError) -> None:
        """The attempt ended in `error`: if that cost nothing, its money is free again."""

    async def settle(self, receipt: Receipt) -> None:
        """The job is made: its receipt says what it cost."""
        made = receipt.times.get("completed")
        if made is not None and made >= self._since and (one := Observation.of(receipt)):
            self._costs.append(one)

    async def refresh(self) -> None:
        """Look at the account anew: other processes of the batch have moved it."""

    async def remember(self, store: ObjectStore) -> None:
        """Add what this run's jobs cost to the amounts seen, at the end of a batch."""
        costs, self._costs = self._costs, []
        await remember(store, costs)


class CappedPurse(Purse):
    """With a budget. Briefs that do not fit wait while others of this process may free money."""

    def __init__(self, budget: Budget, prices: PriceBook) -> None:
        super().__init__()
        self._budget = budget
        self._prices = prices
        self._under_way = 0
        self._parked: list[tuple[Decimal, asyncio.Event]] = []

    @classmethod
    async def open(
        cls,
        ledger: Ledger,
        store: ObjectStore,
        batch_id: str,
        limit: Decimal | None,
        prices: PriceBook,
    ) -> Self:
        """Set the batch's limit, and count what its receipts say was sent or spent before.

        None: the limit that it has.
        """
        budget = Budget(store, batch_id)
        account = await budget.open(limit, prices.currency)
        purse = cls(budget, prices)
        known = await standing(ledger, batch_id, settled=account.spent.keys())
        await budget.adopt(
            sent={line_of(one.job, one.attempts): purse._worth(one) for one in known.sent},
            spent={line_of(one.job, one.attempts): purse._worth(one) for one in known.spent},
            released=[line_of(one.job, one.attempts) for one in known.free],
        )
        return purse

    @property
    def account(self) -> Account:
        return self._budget.account

    @asynccontextmanager
    async def brief(self, jobs: Sequence[Wanted]) -> AsyncIterator[None]:
        """Set the money for the whole brief aside; give back what was not needed.

        Raises `BudgetReached`, unless the brief was begun before: then what runs is finished, and
        `reserve` decides about the rest.
        """
        lines = {line_of(one.job): self._quoted(one) for one in jobs}
        await self._hold(lines)
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            await self._give_back(lines)
            self._wake()

    async def refresh(self) -> None:
        await self._budget.refresh()

    async def afford(self, receipt: Receipt) -> None:
        await self.refresh()
        need = self._quoted(Wanted.by(receipt))
        if need > self.account.free:
            raise self._reached(Short(need, self.account.free, begun=True))

    async def reserve(self, held: Held) -> None:
        """Raises `BudgetReached`; the caller holds the claim of `held` and has not sent yet."""
        receipt = held.receipt
        line = line_of(receipt.job, receipt.attempts)
        short = await self._budget.send(line, self._quoted(Wanted.by(receipt)))
        if short is not None:
            raise self._reached(short)

    async def release(self, receipt: Receipt, error: GlobalAIOPCError) -> None:
        if error.charged != "no":
            return
        try:
            await self._budget.release(line_of(receipt.job, receipt.attempts))
        except GlobalAIOPCError as failure:
            self._tell("%s stays reserved: %s", receipt.job, failure.message)
        self._wake()

    async def settle(self, receipt: Receipt) -> None:
        await super().settle(receipt)
        line = line_of(receipt.job, receipt.attempts)
        reserved = self.account.sent.get(line)
        try:
            await self._budget.settle(line, receipt.amount, self._worth(receipt))
        except GlobalAIOPCError as failure:
            self._tell("%s stays reserved: %s", receipt.job, failure.message)
        if reserved is not None and receipt.amount is not None and receipt.amount > reserved:
            self._tell("%s cost %s; %s was reserved", receipt.job, receipt.amount, reserved)
        self._wake()

    async def _give_back(self, lines: Mapping[str, Decimal]) -> None:
        try:
            await self._budget.drop(lines)
        except GlobalAIOPCError as failure:
            self._tell("%s stays reserved: %s", " and ".join(lines), failure.message)

    async def _hold(self, lines: Mapping[str, Decimal]) -> None:
        while (short := await self._budget.hold(lines)) is not None:
            if short.begun:
                return
            if short.need <= self.account.free:
                continue  # freed while the answer was on its way
            ever = self.account.limit - self.account.spent_total
            if not self._under_way or short.need > ever:
                raise self._reached(short)
            freed = asyncio.Event()
            self._parked.append((short.need, freed))
            await freed.wait()

    def _wake(self) -> None:
        """Let those who may fit now try again; all of them once nobody is left to free money."""
        free = self.account.free
        ever = self.account.limit - self.account.spent_total
        parked, self._parked = self._parked, []
        for need, freed in parked:
            if self._under_way and free < need <= ever:
                self._parked.append((need, freed))
                continue
            free -= need
            freed.set()

    def _quoted(self, one: Wanted) -> Decimal:
        quote = one.quote(self._prices)
        if quote.amount is None:
            raise Unpriced(f"{one} has no price: {quote.detail}.", field="prices")
        return quote.amount

    def _worth(self, receipt: Receipt) -> Decimal:
        """What was charged; where the provider did not say, the quote, and else nothing."""
        if receipt.amount is not None:
            return receipt.amount
        quote = Wanted.by(receipt).quote(self._prices)
        return quote.amount if quote.amount is not None else Decimal(0)

    def _reached(self, short: Short) -> BudgetReached:
        unit = f" {self.account.currency}" if self.account.currency else ""
        return BudgetReached(
            f"The budget is reached: {_plain(short.need)}{unit} would be needed, and "
            f"{_plain(max(short.free, Decimal(0)))} of {_plain(self.account.limit)} is left.",
            needed=short.need,
        )

    @staticmethod
    def _tell(message: str, *args: object) -> None:
        get_run_logger().warning(message, *args)


def refuse_unpriced(prices: PriceBook, jobs: Iterable[Wanted]) -> None:
    """Raise `Unpriced`, naming each model (with its length) that no price is known for."""
    reasons: dict[str, str] = {}
    for one in jobs:
        quote = one.quote(prices)
        if quote.amount is None:
            reasons[str(one)] = quote.detail
    if reasons:
        told = "; ".join(f"{name}: {why}" for name, why in list(reasons.items())[:SHOWN])
        more = f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
        raise Unpriced(
            f"A budget needs a price for every image and video model. {told}{more}.",
            field="prices",
        )


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
