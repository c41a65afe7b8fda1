"""One line of the table: ours, beside a peer or a bound, and whether what is promised holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

Verdict = Literal["holds", "short", "shown"]


@dataclass(frozen=True)
class Amount:
    """A number and its unit, written with as many digits as mean something."""

    number: float
    unit: str = ""

    def __str__(self) -> str:
        size = abs(self.number)
        digits = 0 if size >= 100 or self.number == int(self.number) else 1 if size >= 10 else 2
        return f"{self.number:,.{3 if 0 < size < 0.1 else digits}f} {self.unit}".rstrip()


@dataclass(frozen=True)
class Result:
    """`measured` is what was measured, `other_name` who or what `other` belongs to.

    `ratio` is what `threshold` is about. A result without a threshold is only `shown`.
    """

    figure: str
    measured: str
    ours: Amount
    other_name: str
    other: Amount
    ratio: float
    threshold: str
    verdict: Verdict

    @classmethod
    def at_most(
        cls,
        figure: str,
        measured: str,
        ours: Amount,
        other: Amount,
        *,
        other_name: str = "limit",
        most: float = 1.0,
    ) -> Self:
        """Holds while ours is at most so many times the other."""
        ratio = quotient(ours.number, other.number)
        verdict: Verdict = "holds" if ratio <= most else "short"
        return cls(figure, measured, ours, other_name, other, ratio, f"<= {most:g}", verdict)

    @classmethod
    def at_least(
        cls,
        figure: str,
        measured: str,
        ours: Amount,
        other: Amount,
        *,
        other_name: str,
        least: float,
    ) -> Self:
        """For times: holds while the other divided by ours, our efficiency, is at least this."""
        ratio = quotient(other.number, ours.number)
        verdict: Verdict = "holds" if ratio >= least else "short"
        return cls(figure, measured, ours, other_name, other, ratio, f">= {least:g}", verdict)

    @classmethod
    def equal(
        cls, figure: str, measured: str, ours: Amount, other: Amount, *, other_name: str
    ) -> Self:
        """Holds when the two are the same count."""
        ratio = quotient(ours.number, other.number)
        verdict: Verdict = "holds" if ours.number == other.number else "short"
        return cls(figure, measured, ours, other_name, other, ratio, "= 1", verdict)

    @classmethod
    def shown(
        cls, figure: str, measured: str, ours: Amount, other: Amount, *, other_name: str
    ) -> Self:
        """Nothing is promised of it. The ratio is the other divided by ours."""
        ratio = quotient(other.number, ours.number)
        return cls(figure, measured, ours, other_name, other, ratio, "", "shown")


def quotient(one: float, other: float) -> float:
    """Infinite when there is something to nothing; nothing to nothing is the same."""
    if other == 0:
        return 1.0 if one == 0 else float("inf")
    return one / other


def exit_code(results: tuple[Result, ...]) -> int:
    """1 when anything falls short."""
    return int(any(result.verdict == "short" for result in results))
