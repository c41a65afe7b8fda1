"""The results as a table on the terminal, and as the one in docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.results import Result

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
_HEADS = ("figure", "measured", "ours", "peer or bound", "", "ratio", "promised", "verdict")


def plain(results: Sequence[Result]) -> str:
    """Columns of equal width."""
    rows = [_HEADS, *map(_cells, results)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEADS))]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def markdown(results: Sequence[Result], machine: str, day: str) -> str:
    """One figure's table for the page; its name stands in the heading above it."""
    rows = [_HEADS, ("---",) * len(_HEADS), *map(_cells, results)]
    table = "\n".join(f"| {' | '.join(row[1:])} |" for row in rows)
    return f"{table}\n\n{machine}; {day}."


def written(page: str, figure: str, table: str, by: str = "python -m benchmarks") -> str:
    """The page with this table between the figure's markers. ValueError when they are not there."""
    begin, end = markers(figure, by)
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The page lacks the markers {begin} and {end}")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def markers(figure: str, by: str = "python -m benchmarks") -> tuple[str, str]:
    return f"<!-- {figure}: written by {by} -->", f"<!-- {figure}: end -->"


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.figure,
        result.measured,
        str(result.ours),
        result.other_name,
        str(result.other),
        f"{result.ratio:.2f}",
        result.threshold,
        result.verdict,
    )


def shortfalls(results: Iterable[Result]) -> list[str]:
    """A line for each promise that is not kept."""
    return [
        f"{one.figure}: {one.measured}: {one.ours} against {one.other} ({one.other_name}), "
        f"{one.ratio:.2f} where {one.threshold} is promised"
        for one in results
        if one.verdict == "short"
    ]
