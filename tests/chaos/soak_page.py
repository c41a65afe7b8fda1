"""What came of a soak, as docs/operations.md shows it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.machine import description
from tests.chaos.soak_meter import Trend
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "operations.md"
BEGIN = "<!-- soak: written by python -m tests.chaos.soak -->"
END = "<!-- soak: end -->"
UNITS = {"memory": "MB"}


@dataclass(frozen=True)
class Soak:
    """`wrong` has a line for every promise that was broken; `cores` is of all processes."""

    minutes: float
    trends: tuple[Trend, ...]
    counts: Counter[str]
    wrong: tuple[str, ...]
    cores: float


def markdown(soak: Soak) -> str:
    """Two tables: what the processes held, and what became of money and media."""
    held = "\n".join(_rows(soak.trends))
    counts = "\n".join(f"| {name} | {count:,} |" for name, count in soak.counts.items())
    told = (
        f"{soak.minutes:.0f} minutes, {soak.cores:.2f} cores in use on average; {description()}; "
        f"{datetime.now(UTC):%Y-%m-%d}."
    )
    return f"{held}\n\n| counted | |\n| --- | ---: |\n{counts}\n\n{told}"


def _rows(trends: Iterable[Trend]) -> Iterator[str]:
    yield "| process | held | after the warm-up | at the end | most | per hour | allowed | |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for trend in trends:
        unit = UNITS.get(trend.measure, "")
        cells = [
            trend.process,
            f"{trend.measure} {unit}".strip(),
            f"{trend.start:.1f}",
            f"{trend.end:.1f}",
            f"{trend.most:.0f}",
            f"{trend.rise_in_an_hour:+.1f}",
            "shown" if trend.allowed is None else f"+{trend.allowed:.1f}",
            "" if trend.allowed is None else "flat" if trend.flat else "**grows**",
        ]
        yield f"| {' | '.join(cells)} |"


def written(page: str, table: str) -> str:
    """The page with these tables between the markers. ValueError when they are not there."""
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"{PAGE.name} lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"
