"""What a job will cost: by a price file, else by what was charged before, else nobody can say.

A price file is TOML, one row for each model (and for each resolution, where that matters):

    [[price]]
    model = "openAiSora2Plus"
    unit = "second"            # "call", "second" or "token"
    price = 0.10
    currency = "CNY"           # the same in all rows, and the unit of the provider's `amount`
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from globalaiopc.errors import ConfigurationError
from globalaiopc.faults import first_fault
from ledger.seen import Amounts, SeenPrices

Basis = Literal["listed", "seen", "unknown"]

_Variant = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Quote:
    """What one job will cost.

    `basis` says how far to trust it: "listed" is the price file's word, "seen" a guess from earlier
    jobs (the highest), "unknown" has no amount. `detail` says how it came about, for a person.
    `currency` is empty without a price file: the provider does not name the unit of its amounts.
    """

    amount: Decimal | None
    currency: str
    basis: Basis
    detail: str

    @property
    def is_guess(self) -> bool:
        return self.basis != "listed"


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number, such as 0.10, without quotes")  # noqa: TRY004 - pydantic's
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueError("must be a number of 0 or more")
    return number


class PriceRow(BaseModel):
    """One row of a price file. `resolution` limits it to jobs that ask for that one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    unit: Literal["call", "second", "token"]
    price: Annotated[Decimal, BeforeValidator(_number)]
    currency: str = Field(min_length=1, max_length=12)
    resolution: str | None = Field(default=None, min_length=1)


class PriceBook:
    """The rows of a price file, completed by the amounts that were seen before."""

    def __init__(
        self, rows: Iterable[PriceRow] = (), *, seen: SeenPrices | None = None, name: str = ""
    ) -> None:
        self._rows: dict[_Variant, PriceRow] = {(row.model, row.resolution): row for row in rows}
        self._seen = seen or SeenPrices()
        self.name = name
        self.currency = next((row.currency for row in self._rows.values()), "")

    @classmethod
    def parse(cls, text: str, name: str, *, seen: SeenPrices | None = None) -> Self:
        """Read a price file called `name`.

        Raises `ConfigurationError` naming the row and the field that are wrong.
        """
        return cls(_rows(text, name), seen=seen, name=name)

    def quote(self, model: str, *, seconds: int | None, resolution: str | None = None) -> Quote:
        """What one job of `model` will cost; `seconds` for a video, `resolution` if it is asked."""
        row = self._rows.get((model, resolution)) or self._rows.get((model, None))
        seen = self._seen.of(model, seconds, resolution)
        listed = self._listed(row, seconds, seen) if row else None
        if listed is not None:
            return listed
        if seen is not None and seen.amounts is not None:
            return Quote(seen.amounts.max, self.currency, "seen", _guess(seen))
        return Quote(None, self.currency, "unknown", self._why_unknown(row))

    def _listed(self, row: PriceRow, seconds: int | None, seen: Amounts | None) -> Quote | None:
        each = f"{_plain(row.price)} {row.currency}"
        match row.unit:
            case "call":
                return Quote(row.price, row.currency, "listed", f"{each} per call (price file)")
            case "second" if seconds is not None:
                detail = f"{each} per second, {seconds} s (price file)"
                return Quote(row.price * seconds, row.currency, "listed", detail)
            case "token" if seen is not None and seen.tokens is not None:
                tokens = seen.tokens.max
                detail = (
                    f"a guess: {each} per token, {tokens:,} tokens, the most of "
                    f"{_jobs(seen.tokens.count)}"
                )
                return Quote(row.price * tokens, row.currency, "seen", detail)
        return None

    def _why_unknown(self, row: PriceRow | None) -> str:
        if row is None:
            where = f"no row in {self.name}" if self.name else "no price file"
            return f"{where}, and no amount seen before"
        if row.unit == "token":
            return "priced per token, and how many it takes has not been seen yet"
        return "priced per second, and its length is not known"


def _guess(seen: Amounts) -> str:
    amounts = seen.amounts
    if amounts is None:
        return ""
    span = _plain(amounts.max)
    if amounts.min != amounts.max:
        span = f"{_plain(amounts.min)} to {_plain(amounts.max)}, last {_plain(amounts.last)}"
    return f"a guess: the most that {_jobs(amounts.count)} cost before ({span})"


def _jobs(count: int) -> str:
    return "1 such job" if count == 1 else f"{count:,} such jobs"


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _rows(text: str, name: str) -> tuple[PriceRow, ...]:
    try:
        table = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        raise _bad(name, f"is not TOML: {exc}") from exc
    if strange := sorted(table.keys() - {"price"}):
        raise _bad(name, f"holds {strange[0]!r}; it may hold [[price]] rows and nothing else")
    entries = table.get("price", [])
    if not isinstance(entries, list) or not entries:
        raise _bad(name, "has no [[price]] rows")
    rows: dict[_Variant, tuple[int, PriceRow]] = {}
    for number, entry in enumerate(entries, start=1):
        row = _row(name, number, entry)
        _fits(name, number, row, rows)
        rows[row.model, row.resolution] = number, row
    return tuple(row for _, row in rows.values())


def _row(name: str, number: int, entry: object) -> PriceRow:
    model = entry.get("model") if isinstance(entry, dict) else None
    where = f"row {number}" + (f" ({model[:80]})" if isinstance(model, str) else "")
    try:
        return PriceRow.model_validate(entry)
    except ValidationError as exc:
        field, why = first_fault(exc, whole="row")
        raise _bad(name, f"{where}, {field}: {why}") from None


def _fits(
    name: str, number: int, row: PriceRow, rows: Mapping[_Variant, tuple[int, PriceRow]]
) -> None:
    where = f"row {number} ({row.model})"
    if twin := rows.get((row.model, row.resolution)):
        raise _bad(name, f"{where}, model: row {twin[0]} prices it already")
    first = next((one for _, one in rows.values()), row)
    if row.currency != first.currency:
        raise _bad(
            name, f"{where}, currency: {row.currency}, and row 1 has {first.currency}; use one"
        )


def _bad(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The price file {name}: {what}.",
        code="bad_prices",
        advice="Correct it; examples/prices.toml shows what a row may hold. Nothing was sent.",
    )
