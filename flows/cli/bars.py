"""A batch on the screen: a bar for each stage, the briefs by state, money and time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flows.cells import money, spell
from flows.cli.screen import Screen
from flows.cli.tables import NARROW
from flows.progress import Progress

NAMES = {"script": "text"}
_STATES = ("landed", "failed", "unknown", "left out", "blocked", "pending")


class Bars:
    """Draws the progress of the batch that runs in this process; remembers which one it is."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.batch_id = ""

    @asynccontextmanager
    async def look_on(self, progress: Progress) -> AsyncIterator[None]:
        """`flows.following.Onlooker`."""
        self.batch_id = progress.name
        width = self._screen.console.width
        async with self._screen.drawing(lambda: picture(progress, width), lambda: line(progress)):
            yield


def picture(progress: Progress, width: int) -> RenderableType:
    """For a terminal of so many columns."""
    narrow = width < NARROW
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    if not narrow:
        table.add_column(no_wrap=True, min_width=18)
    for stage in progress.stages():
        whole = stage.through == stage.briefs
        cells: list[RenderableType] = [
            Text(NAMES.get(stage.stage, stage.stage)),
            ProgressBar(
                total=stage.briefs,
                completed=stage.through,
                complete_style="green" if whole else "cyan",
                finished_style="green",
            ),
            Text(f"{stage.through}/{stage.briefs}"),
        ]
        here = [f"{stage.here} now" if stage.here else "", f"{stage.over} not" * bool(stage.over)]
        said = Text(", ".join(part for part in here if part), style="red" if stage.over else "")
        table.add_row(*cells, *([] if narrow else [said]))
    heading = Text(f"Batch {progress.name}", style="bold", overflow="ellipsis", no_wrap=True)
    return Group(heading, table, Text(line(progress)))


def line(progress: Progress) -> str:
    """The same in words."""
    counts = progress.counts()
    states = [f"{counts[state]} {state}" for state in _STATES if counts[state]]
    under_way = sum(counts.values()) - sum(counts[state] for state in _STATES)
    if under_way:
        states.append(f"{under_way} to go")
    return " · ".join([", ".join(states), _money(progress), _time(progress)])


def _money(progress: Progress) -> str:
    account = progress.account
    if account is None:
        return f"cost {money(progress.cost())}"
    unit = f" {account.currency}" if account.currency else ""
    return (
        f"cost {money(progress.cost())}, budget {money(account.limit)}{unit}: "
        f"{money(account.spent_total)} spent, {money(account.reserved_total)} reserved"
    )


def _time(progress: Progress) -> str:
    elapsed = spell(progress.elapsed())
    if progress.over:
        return f"took {elapsed}"
    eta = progress.eta()
    if not eta.high:
        return elapsed
    return f"{elapsed}, done in about {spell(eta.likely)} ({spell(eta.low)} to {spell(eta.high)})"
