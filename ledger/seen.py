"""What jobs cost before, kept beside the ledger in `prices-seen.json`.

The provider publishes no prices, but says of most finished jobs what it charged. This is a memory
for quotes, not an account: receipts are the account.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from globalaiopc.errors import GlobalAIOPCError
from ledger.learnt import bring_up_to_date
from ledger.receipt import Receipt
from ledger.store import ObjectStore, Stored

log = logging.getLogger("ledger")

SEEN_KEY = "prices-seen.json"

N = TypeVar("N", int, Decimal)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one finished job cost; `seconds` and `resolution` as they were asked for."""

    model: str
    seconds: int | None
    resolution: str | None
    amount: Decimal | None
    tokens: int | None

    @classmethod
    def of(cls, receipt: Receipt) -> Self | None:
        """What a receipt teaches about prices; None when it says neither amount nor tokens."""
        if receipt.amount is None and receipt.total_tokens is None:
            return None
        seconds, resolution = receipt.asked.get("seconds"), receipt.asked.get("resolution")
        return cls(
            model=receipt.model,
            seconds=seconds if isinstance(seconds, int) else None,
            resolution=resolution if isinstance(resolution, str) else None,
            amount=receipt.amount,
            tokens=receipt.total_tokens,
        )


class Span(BaseModel, Generic[N]):
    """How often something was seen, its least, its most, and the last."""

    model_config = ConfigDict(frozen=True)

    count: int = Field(ge=1)
    min: N
    max: N
    last: N


class Amounts(BaseModel):
    """What was seen of one model at one length and resolution."""

    model_config = ConfigDict(frozen=True)

    model: str
    seconds: int | None = None
    resolution: str | None = None
    amounts: Span[Decimal] | None = None
    tokens: Span[int] | None = None

    def plus(self, one: Observation) -> Self:
        return self.model_copy(
            update={
                "amounts": _widened(self.amounts, one.amount),
                "tokens": _widened(self.tokens, one.tokens),
            }
        )


class SeenPrices(BaseModel):
    """The whole of `prices-seen.json`: a row for each model, length and resolution."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    rows: tuple[Amounts, ...] = ()

    def of(self, model: str, seconds: int | None, resolution: str | None) -> Amounts | None:
        wanted = (model, seconds, resolution)
        return next(
            (row for row in self.rows if (row.model, row.seconds, row.resolution) == wanted), None
        )

    def plus(self, observations: Iterable[Observation]) -> Self:
        rows = {(row.model, row.seconds, row.resolution): row for row in self.rows}
        for one in observations:
            place = one.model, one.seconds, one.resolution
            new = Amounts(model=one.model, seconds=one.seconds, resolution=one.resolution)
            rows[place] = rows.get(place, new).plus(one)
        return self.model_copy(update={"rows": tuple(rows.values())})

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1, exclude_none=True).encode()


async def load_seen(store: ObjectStore) -> SeenPrices:
    """What was seen so far under this prefix. A file that cannot be read teaches nothing."""
    stored = await store.get(SEEN_KEY)
    seen = _parsed(stored)
    if seen is None:
        log.warning("%s cannot be read; no prices are guessed from it.", store.uri(SEEN_KEY))
    return seen or SeenPrices()


async def remember(store: ObjectStore, observations: Iterable[Observation]) -> None:
    """Add to what was seen. Never fails a run: the money is spent and its receipts are whole."""
    new = tuple(observations)
    if not new:
        return
    try:
        if not await _add(store, new):
            log.warning("%s could not be brought up to date.", store.uri(SEEN_KEY))
    except GlobalAIOPCError as error:
        log.warning("What %d jobs cost was not noted for later quotes: %s", len(new), error.message)


async def _add(store: ObjectStore, new: tuple[Observation, ...]) -> bool:
    def changed(stored: Stored | None) -> bytes | None:
        seen = _parsed(stored)
        return None if seen is None else seen.plus(new).to_json()

    return await bring_up_to_date(store, SEEN_KEY, changed)


def _parsed(stored: Stored | None) -> SeenPrices | None:
    if stored is None:
        return SeenPrices()
    try:
        return SeenPrices.model_validate_json(stored.body)
    except ValidationError:
        return None


def _widened(span: Span[N] | None, value: N | None) -> Span[N] | None:
    if value is None:
        return span
    if span is None:
        return Span(count=1, min=value, max=value, last=value)
    return Span(
        count=span.count + 1,
        min=min(span.min, value),
        max=max(span.max, value),
        last=value,
    )
