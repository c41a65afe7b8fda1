"""`python -m benchmarks [--quick] [--only NAME ...]`: exit code 1 when a promise is not kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from benchmarks import (
    efficiency,
    gallery,
    growth,
    in_flight,
    landing,
    many_workers,
    parquet_rows,
    poll_lag,
    prefect_share,
    table,
)
from benchmarks.machine import busy, description
from benchmarks.results import Result, exit_code
from benchmarks.say import say


class Figure(Protocol):
    """A module that measures."""

    def __call__(self, *, quick: bool) -> tuple[Result, ...]: ...


FIGURES: Mapping[str, Figure] = {
    efficiency.NAME: efficiency.measure,
    in_flight.NAME: in_flight.measure,
    landing.NAME: landing.measure,
    prefect_share.NAME: prefect_share.measure,
    poll_lag.NAME: poll_lag.measure,
    gallery.NAME: gallery.measure,
    growth.NAME: growth.measure,
    many_workers.NAME: many_workers.measure,
    parquet_rows.NAME: parquet_rows.measure,
}
SLOW = (growth.NAME, many_workers.NAME, parquet_rows.NAME)
"""Their small form says nothing, or takes minutes: `--quick` leaves them out unless asked for."""


def main(arguments: Sequence[str] | None = None, figures: Mapping[str, Figure] = FIGURES) -> int:
    options = _parser(figures).parse_args(arguments)
    quick: bool = options.quick
    asked = options.only or [name for name in figures if not (quick and name in SLOW)]
    if (load := busy()) > 0.3:
        say(f"The machine is busy ({load:.1f} of each core): what is measured now says little.")
    results: tuple[Result, ...] = ()
    for name in asked:
        say(name)
        found = figures[name](quick=quick)
        results += found
        if not quick:
            _write(name, found)
    print(description())
    print(table.plain(results))
    for line in table.shortfalls(results):
        print(line, file=sys.stderr)
    return exit_code(results)


def _write(figure: str, found: Sequence[Result]) -> None:
    """At once: the figures after it may take an hour, and may be interrupted."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    page = table.PAGE.read_text(encoding="utf-8")
    made = table.written(page, figure, table.markdown(found, description(), day))
    table.PAGE.write_text(made, encoding="utf-8")


def _parser(figures: Mapping[str, Figure]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small forms, nothing is written")
    parser.add_argument("--only", nargs="+", choices=list(figures), metavar="NAME",
        help=f"one or more of {', '.join(figures)}")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
