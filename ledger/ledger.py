"""The ledger: receipts moved by conditional writes only, so that a job is paid for at most once.

Any number of processes on any number of machines may use the same bucket with no other
coordination. Of all who `claim` a job, one gets `Mine` and may send one POST; everything that it
learns is written with `If-Match`, and a write that met another version reads again and either
recognises its own attempt (by the claim's nonce) or stops.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from pydantic import JsonValue

from globalaiopc.errors import ErrorInfo, GlobalAIOPCError
from ledger import rules
from ledger.errors import (
    ReceiptMoved,
    ReceiptNotSaved,
    ReceiptUnreadable,
    StoreError,
)
from ledger.held import ClaimOutcome, Held, Known, LandedMemory, Mine, Theirs, told
from ledger.patience import patiently
from ledger.receipt import (
    Claim,
    Decision,
    JobKey,
    Landed,
    Receipt,
    State,
    check_asked,
    fingerprint,
    is_receipt,
    scrubbed,
)
from ledger.scanning import read_all
from ledger.store import ObjectStore

T = TypeVar("T")
log = logging.getLogger("ledger")

JSON = "application/json"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The receipts of one store.

    `holder` is for people (host:pid:random); `lease_seconds` must exceed the time a create may take
    to answer; `looks_first`: the store ignores conditions, so nothing is written without a look;
    `wall` and `sleep` are for tests.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        holder: str | None = None,
        lease_seconds: float = rules.LEASE_SECONDS,
        looks_first: bool = False,
        wall: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.lease_seconds = lease_seconds
        self._lease = timedelta(seconds=lease_seconds)
        self._margin = self._lease * rules.MARGIN
        self._looks_first = looks_first
        self._wall = wall
        self._sleep = sleep
        # Claims that failed in our hands although the bucket may have taken them: nothing was ever
        # sent under these nonces, so this process may take such an intent over.
        self._unsent: set[str] = set()
        self._landed = LandedMemory()

    async def look(self, job: JobKey) -> Held | None:
        """The job's receipt now; None when nobody has claimed it yet.

        One that has landed changes no more, and may come from this process's memory.
        """
        return self._landed.recall(job) or await self._read(job.receipt_key)

    async def claim(
        self,
        job: JobKey,
        *,
        endpoint: str,
        model: str,
        api: str,
        key_hash: str,
        asked: Mapping[str, JsonValue],
        private: bool = False,
        new: bool = False,
    ) -> ClaimOutcome:
        """Ask for the right to send this job once; `private` as in `Receipt`.

        `new`: most likely there is no receipt yet, so that one is written without a look.
        Raises `RequestChanged` when the receipt is about another request, `InvalidRequest` when
        `asked` holds a secret or a URL with a query, `StoreError` when the bucket stays away
        (nothing has been sent then).
        """
        check_asked(asked)
        wanted = Receipt(
            job=job,
            state="intent",
            endpoint=endpoint,
            model=model,
            api=api,
            key_hash=key_hash,
            asked=dict(asked),
            fingerprint=fingerprint(asked),
            private=True if private else None,
            claim=self._new_claim(),
        )

        async def once() -> ClaimOutcome | None:
            nonlocal new
            untried, new = new and not self._looks_first, False
            if untried and (mine := await self._take(None, wanted)):
                return mine
            return await self._claim_once(wanted)

        return await self._claiming(wanted, once)

    def now(self) -> datetime:
        """The time by which the receipts are written."""
        return self._wall()

    def still_mine(self, held: Held, *, after: float = 0.0) -> bool:
        """Whether the claim has time left to send, `after` seconds from now.

        Ask right before the POST.
        """
        claim = held.receipt.claim
        then = self._wall() + timedelta(seconds=after)
        return claim is not None and then < claim.until - self._margin

    async def renew(self, held: Held) -> Held:
        """The same claim with its whole lease before it, also when it was just over.

        Raises `ReceiptMoved` when somebody else has noticed that, and `StoreError`.
        """
        current = held

        async def once() -> Held | None:
            nonlocal current
            receipt = current.receipt
            if receipt.state != "intent" or receipt.claim is None:
                raise ReceiptMoved(f"{receipt.job} is {receipt.state}: its claim has ended.")
            claim = receipt.claim.model_copy(update={"until": self._wall() + self._lease})
            written = await self._replace(current, receipt.model_copy(update={"claim": claim}))
            if written is None:
                current = await self._same_attempt(held)
            return written

        return await patiently(str(held.receipt.job), once, sleep=self._sleep)

    async def submitted(self, held: Held, task_id: str) -> Held:
        """Save the id of the accepted job: tried for a quarter of an hour, for it is paid for.

        Raises `ReceiptNotSaved`, with the id in its message, when all that was in vain.
        """
        job = held.receipt.job
        try:
            now = await self._advance(held, "submitted", hard=True, task_id=task_id, error=None)
        except asyncio.CancelledError:
            self._not_saved(job, task_id, "this process is being stopped.")  # the log keeps it
            raise
        except Exception as error:  # whatever it is, the id of a paid job must not die with it
            why = error.message if isinstance(error, GlobalAIOPCError) else type(error).__name__
            raise self._not_saved(job, task_id, why) from error
        if now.receipt.task_id != task_id:
            raise self._not_saved(job, task_id, f"it says {now.receipt.task_id} already")
        return now

    async def completed(
        self,
        held: Held,
        *,
        amount: Decimal | None = None,
        actual_seconds: float | None = None,
        total_tokens: int | None = None,
        voice_id: str | None = None,
    ) -> Held:
        """The provider has made it. `amount` is what it charged, when it said so."""
        return await self._advance(
            held,
            "completed",
            amount=amount,
            actual_seconds=actual_seconds,
            total_tokens=total_tokens,
            voice_id=voice_id,
            error=None,
        )

    async def landed(self, held: Held, media: Landed) -> Held:
        """The media lies in the bucket, whole."""
        return await self._advance(held, "landed", media=media, error=None)

    async def failed(self, held: Held, error: ErrorInfo) -> Held:
        """The job will not be made. With `charged: no` it may be claimed again."""
        return await self._advance(held, "failed", error=scrubbed(error))

    async def unknown(self, held: Held, error: ErrorInfo) -> Held:
        """Sent, or perhaps sent, and no answer: held until a person decides."""
        return await self._advance(held, "unknown", error=scrubbed(error))

    async def expire(self, held: Held) -> Held:
        """The receipt as it stands, an intent whose holder had its time being `unknown` now."""
        receipt = held.receipt
        if receipt.state != "intent" or not self._over(receipt):
            return held
        return await self._advance(held, "unknown", error=rules.expired_error(receipt))

    async def abandon(self, held: Held, by: str) -> Held:
        """Give an unknown job up, on `by`'s word. A late answer of its holder is still noted."""
        rules.need_unknown(held.receipt, "abandoned")
        decision = Decision(what="abandon", by=by, at=self._wall())
        return await self._advance(
            held,
            "failed",
            error=rules.abandoned_error(by),
            decisions=(*held.receipt.decisions, decision),
        )

    async def resubmit(self, held: Held, by: str, *, key_hash: str) -> Held:
        """Claim an unknown job once more, on `by`'s word: the caller may send one POST.

        `key_hash` is of the key that it will be sent with: only that key's account will know it.

        Raises `ReceiptMoved` when the receipt is not `unknown` (any more).
        """
        rules.need_unknown(held.receipt, "sent again")
        decision = Decision(what="resubmit", by=by, at=self._wall())
        wanted = held.receipt.model_copy(
            update={
                "key_hash": key_hash,
                "claim": self._new_claim(),
                "decisions": (*held.receipt.decisions, decision),
            }
        )

        async def once() -> Mine | None:
            if mine := await self._take(held, wanted):
                return mine
            seen = await self.look(held.receipt.job)
            if seen is None or seen.receipt.nonce != wanted.nonce:
                raise ReceiptMoved(f"{held.receipt.job} was decided by someone else meanwhile.")
            return Mine(seen)

        return (await self._claiming(wanted, once)).held

    async def scan(
        self,
        prefix: str = "",
        *,
        wanted: Callable[[str], bool] = is_receipt,
        unreadable: Callable[[ReceiptUnreadable], None] | None = None,
    ) -> AsyncIterator[Held]:
        """Every receipt whose key starts with `prefix` (one batch: `"{batch_id}/"`).

        `wanted` tells by the key which are read; `unreadable` is told of receipts that cannot be
        read, of which without it the first one is raised.
        """
        keys = [key async for key in self._store.iter_keys(prefix) if wanted(key)]
        async for held in read_all(self._read, keys, unreadable):
            yield held

    async def _claim_once(self, wanted: Receipt) -> ClaimOutcome | None:
        """One try; None when another process moved the receipt under our hands."""
        held = await self.look(wanted.job)
        if held is None:
            return await self._take(None, wanted)
        receipt = held.receipt
        ours = receipt.state == "intent" and receipt.nonce == wanted.nonce
        if ours and self.still_mine(held):
            return Mine(held)  # our own write, whose answer was lost
        if rules.may_claim_again(receipt, wanted.fingerprint):
            return await self._take(held, wanted)
        rules.check_same(receipt, wanted.endpoint, wanted.model, wanted.asked)
        if self._never_sent(held, wanted):
            return await self._take(held, wanted)
        return await self._follow(held)

    async def _follow(self, held: Held) -> Theirs | Known | None:
        receipt = held.receipt
        if receipt.state != "intent":
            return Known(held)
        if not self._over(receipt):
            return Theirs(held)
        error = rules.expired_error(receipt)
        unknown = await self._replace(held, receipt.moved("unknown", self._wall(), error=error))
        return Known(unknown) if unknown else None

    def _never_sent(self, held: Held, wanted: Receipt) -> bool:
        ours = {*self._unsent, wanted.nonce}
        return held.receipt.state in ("intent", "unknown") and held.receipt.nonce in ours

    async def _take(self, held: Held | None, wanted: Receipt) -> Mine | None:
        """Write our intent over nothing or over `held`; None when that is not what was there."""
        now = self._wall()
        claim = wanted.claim and wanted.claim.model_copy(update={"until": now + self._lease})
        if held is None:
            new = wanted.moved("intent", now, claim=claim)
            etag = await self._store.put_if_absent(
                new.job.receipt_key, new.to_json(), content_type=JSON
            )
            return Mine(Held(new, etag)) if etag else None
        old = held.receipt
        fresh = self._never_sent(held, wanted)
        new = wanted.model_copy(
            update={
                "claim": claim,
                "state": "intent",
                "error": None,
                "attempts": old.attempts if fresh else old.attempts + 1,
                "decisions": wanted.decisions or old.decisions,
                "times": {"intent": now},
            }
        )
        taken = await self._replace(held, new)
        return Mine(taken) if taken else None

    async def _claiming(self, wanted: Receipt, once: Callable[[], Awaitable[T | None]]) -> T:
        try:
            return await patiently(str(wanted.job), once, sleep=self._sleep)
        except (StoreError, asyncio.CancelledError):
            self._unsent.add(wanted.nonce)
            raise

    async def _advance(
        self, held: Held, state: State, *, hard: bool = False, **changes: object
    ) -> Held:
        """Bring this attempt's receipt to `state`, or find that it knows as much already."""
        current = held

        async def once() -> Held | None:
            nonlocal current
            if not rules.may_become(current.receipt, state):
                if rules.says_already(current.receipt, state):
                    return current
                raise ReceiptMoved(
                    f"{held.receipt.job} is {current.receipt.state} and cannot become {state}."
                )
            written = await self._replace(
                current, current.receipt.moved(state, self._wall(), **changes)
            )
            if written is not None:
                return written
            current = await self._same_attempt(held)
            return current if rules.says_already(current.receipt, state) else None

        return await patiently(told(held, changes), once, sleep=self._sleep, hard=hard)

    async def _same_attempt(self, held: Held) -> Held:
        seen = await self.look(held.receipt.job)
        if seen is None:
            raise ReceiptMoved(f"The receipt of {held.receipt.job} is gone from the bucket.")
        if seen.receipt.nonce != held.receipt.nonce:
            holder = seen.receipt.claim.holder if seen.receipt.claim else "someone else"
            raise ReceiptMoved(f"{held.receipt.job} was claimed anew by {holder}.")
        return seen

    async def _read(self, key: str) -> Held | None:
        stored = await self._store.get(key)
        if stored is None:
            return None
        return Held(Receipt.from_json(stored.body, self._store.uri(key)), stored.etag)

    async def _replace(self, held: Held, new: Receipt) -> Held | None:
        etag = await self._store.put_if_match(
            new.job.receipt_key, new.to_json(), held.etag, content_type=JSON
        )
        return self._landed.keep(Held(new, etag)) if etag else None

    def _new_claim(self) -> Claim:
        return Claim(
            holder=self.holder, nonce=secrets.token_hex(8), until=self._wall() + self._lease
        )

    def _over(self, receipt: Receipt) -> bool:
        return rules.lease_over(receipt, self._wall(), self._margin)

    @staticmethod
    def _not_saved(job: JobKey, task_id: str, why: str) -> ReceiptNotSaved:
        message = f"{job} was accepted as job {task_id}, and its receipt could not be saved: {why}"
        log.error("%s", message)
        return ReceiptNotSaved(message, task_id=task_id)
