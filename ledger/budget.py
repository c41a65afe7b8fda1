"""A batch's budget: one small object, `{batch_id}/budget.json`, moved by conditional writes only.

A job's money is in one of three places:

    held    set aside for a brief that is under way; nothing was sent for it
    sent    an attempt that was sent, or is about to be; what it cost is not known (yet)
    spent   what the provider charged for an attempt

Money enters, and goes from `held` to `sent`, only while held + sent + spent stay within the limit.
`held` may be dropped at any time: whoever sends makes sure of its own line right before, under the
claim of its receipt. An attempt's line is nobody else's, so none can give away another's money.

Within a process, changes that come at the same time share one write. An answer, also a refusal,
counts only once the version that it was worked out from is proven to be the present one: by the
conditional write, or by a look when nothing had to be written.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from globalaiopc.errors import ConfigurationError
from globalaiopc.faults import first_fault
from ledger import rules
from ledger.account import Account, Draft, Short
from ledger.errors import BudgetUnreadable, StoreError
from ledger.store import ObjectStore

T = TypeVar("T")
log = logging.getLogger("ledger")

PATIENCE = 180.0
"""Seconds for which a failing store is tried again."""
LOST_RACES = 500
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account
    etag: str


class _Pending(Generic[T]):
    """A change that waits for its turn, and whoever waits for its answer."""

    def __init__(self, change: Callable[[Draft], T], done: "asyncio.Future[T]") -> None:
        self._change = change
        self.done = done

    def apply(self, draft: Draft) -> None:
        self._answer = self._change(draft)

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(self._answer)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class Budget:
    """The account of one batch. Call `open` first; `sleep` is for tests.

    Every method raises `StoreError` when the bucket stays away, and `BudgetUnreadable`. All may be
    repeated: a line that is there already is not counted again.
    """

    def __init__(
        self,
        store: ObjectStore,
        batch_id: str,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._key = f"{batch_id}/budget.json"
        self._sleep = sleep
        self._kept: _Kept | None = None
        self._last: Account | None = None
        self._waiting: list[_Pending[Any]] = []
        self._writer: asyncio.Task[None] | None = None

    @property
    def account(self) -> Account:
        """As it was last seen; other processes may have moved it since."""
        if self._last is None:
            raise RuntimeError("the budget is not open")
        return self._last

    async def peek(self) -> Account | None:
        """The account as it lies in the bucket; None for a batch that has no budget."""
        seen: Account | None = None

        async def look() -> bool:
            nonlocal seen
            kept = await self._found()
            seen = kept.account if kept else None
            return True

        await self._patiently(look)
        return seen

    async def open(self, limit: Decimal | None, currency: str) -> Account:
        """Create the account, or put a new limit in the place of the old one; None leaves that.

        Raises `ConfigurationError` when it counts in another currency.
        """
        if limit is not None:
            new = Account(limit=limit, currency=currency)
            await self._patiently(lambda: self._created(new))
        await self._change(lambda draft: draft.relimit(limit, currency))
        account = self.account
        if currency and account.currency != currency:
            raise ConfigurationError(
                f"{self._store.uri(self._key)} counts in {account.currency}, and the price file is "
                f"in {currency}.",
                code="bad_prices",
                advice="Use a price file in that currency, or another batch_id.",
            )
        return account

    async def refresh(self) -> Account:
        """The account as it is now, with what other processes did."""
        await self._change(lambda _: None)
        return self.account

    async def adopt(
        self,
        *,
        sent: Mapping[str, Decimal],
        spent: Mapping[str, Decimal],
        released: Iterable[str],
    ) -> None:
        """Bring the lines up to what receipts tell; what was spent is spent, limit or not."""
        gone = tuple(released)

        def change(draft: Draft) -> None:
            for line, amount in sent.items():
                draft.admit(line, amount)
            for line, amount in spent.items():
                draft.settle(line, amount, amount)
            for line in gone:
                draft.release(line)

        await self._change(change)

    async def hold(self, jobs: Mapping[str, Decimal]) -> Short | None:
        """Set money aside for all of the jobs, or for none: then say what is missing."""
        return await self._change(lambda draft: draft.hold(jobs))

    async def send(self, line: str, amount: Decimal) -> Short | None:
        """Right before an attempt is sent: make sure that there is money for it."""
        return await self._change(lambda draft: draft.send(line, amount))

    async def settle(self, line: str, amount: Decimal | None, otherwise: Decimal) -> None:
        """Replace the reservation by what was charged; None: by itself, or by `otherwise`."""
        if line not in self.account.spent:
            await self._change(lambda draft: draft.settle(line, amount, otherwise))

    async def release(self, line: str) -> None:
        """The attempt is known not to be charged: its money is free again."""
        await self._change(lambda draft: draft.release(line))

    async def drop(self, jobs: Iterable[str]) -> None:
        """Give back what was set aside and never sent."""
        held = [job for job in jobs if job in self.account.held]
        if held:
            await self._change(lambda draft: draft.drop(held))

    async def _change(self, change: Callable[[Draft], T]) -> T:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Pending(change, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._waiting:
            group = [one for one in self._waiting if not one.done.done()]
            self._waiting = []
            try:
                await self._patiently(partial(self._write, group))
            except asyncio.CancelledError:
                for one in group:
                    one.done.cancel()
                raise
            except Exception as error:
                for one in group:
                    one.fail(error)
            else:
                for one in group:
                    one.finish()

    async def _write(self, group: list[_Pending[Any]]) -> bool:
        """Answer the whole group by one write; False when another process was faster."""
        kept, self._kept = self._kept, None
        proven = kept is None
        kept = kept or await self._read()
        draft = Draft(kept.account)
        for one in group:
            one.apply(draft)
        if draft.changed:
            account = draft.account()
            etag = await self._store.put_if_match(
                self._key, account.to_json(), kept.etag, content_type=JSON
            )
            if etag is None:
                return False
            kept = _Kept(account, etag)
        elif not proven:
            info = await self._store.head(self._key)
            if info is None or info.etag != kept.etag:
                return False
        self._kept, self._last = kept, kept.account
        return True

    async def _created(self, new: Account) -> bool:
        if await self._store.get(self._key) is None:
            await self._store.put_if_absent(self._key, new.to_json(), content_type=JSON)
        return True

    async def _read(self) -> _Kept:
        kept = await self._found()
        if kept is None:
            raise BudgetUnreadable(f"{self._store.uri(self._key)} is gone.")
        return kept

    async def _found(self) -> _Kept | None:
        stored = await self._store.get(self._key)
        if stored is None:
            return None
        where = self._store.uri(self._key)
        try:
            return _Kept(Account.model_validate_json(stored.body), stored.etag)
        except ValidationError as error:
            place, why = first_fault(error)
            raise BudgetUnreadable(f"{where} cannot be read: {place}: {why}.") from None

    async def _patiently(self, once: Callable[[], Awaitable[bool]]) -> None:
        """Call `once` until it is true: soon again after a lost race, later if the store fails."""
        waits = rules.pauses(PATIENCE)
        for race in range(LOST_RACES):
            try:
                if await once():
                    return
                # Uneven, so that two processes do not go on meeting each other.
                pause = random.uniform(0, min(0.02 * race, 0.5))  # noqa: S311
            except StoreError as error:
                wait = next(waits, None) if error.transient else None
                if wait is None:
                    raise
                log.warning("%s Trying again in %.1f s.", error.message, wait)
                pause = wait
            await self._sleep(pause)
        raise StoreError(f"{self._store.uri(self._key)} keeps changing.", transient=True)
