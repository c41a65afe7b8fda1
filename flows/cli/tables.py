"""Rows as a table; on a narrow terminal as a few lines for each row, which stay readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from flows.cells import printable

NARROW = 72
_RIGHT = frozenset({"briefs", "cost", "amount", "row", "line", "jobs", "age", "seconds"})
_WHOLE = frozenset({*_RIGHT, "state", "plan", "charged", "who acts"})
_COLOURS = {
    "landed": "green",
    "recovered": "green",
    "reuse": "green",
    "failed": "red",
    "gone": "red",
    "blocked": "red",
    "changed": "red",
    "unknown": "bold red",
}


@dataclass(frozen=True)
class Rows:
    """Rows that all have the same columns; a column in which nothing stands is left out."""

    rows: Sequence[Mapping[str, str]]
    title: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.rows:
            return
        names = [name for name in self.rows[0] if any(row[name] for row in self.rows)]
        if self.title:
            yield Text(self.title, style="bold")
        if options.max_width < NARROW:
            for row in self.rows:
                yield Text("")
                for name in names:
                    if row[name]:
                        yield Text(f"{name}: ", style="dim") + _cell(row[name])
            return
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
        for name in names:
            table.add_column(
                name,
                justify="right" if name in _RIGHT else "left",
                no_wrap=name in _WHOLE,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*(_cell(row[name]) for name in names))
        yield table


def _cell(text: str) -> Text:
    return Text(printable(text), style=_COLOURS.get(text, ""))
