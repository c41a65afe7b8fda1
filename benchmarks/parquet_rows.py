"""A million briefs in one Parquet file: checked as a stream, every bad row listed.

One row in a thousand is bad, in one of five ways. Beside ours the ordinary way of a script, which
checks nothing: `pyarrow.parquet.read_table(...).to_pylist()`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.arms.read_rows import Read, Rows
from benchmarks.machine import MB
from benchmarks.parts import parts
from benchmarks.results import Amount, Result
from benchmarks.say import say

NAME = "parquet-rows"
MOST_MEMORY = 300.0
FULL, QUICK = 1_000_000, 50_000

_GROUP = 50_000
_EVERY = 1_000
_WAYS = ("topic", "seconds", "video_model", "id", "take")


def measure(*, quick: bool) -> tuple[Result, ...]:
    rows = QUICK if quick else FULL
    with parts(prefect=None) as running:
        path = running.home / "briefs.parquet"
        bad = _write(path, rows)
        ours = running.run("read_rows", Rows(path=str(path), way="stream"), Read)
        whole = running.run("read_rows", Rows(path=str(path), way="whole"), Read)
    say(
        f"{rows:,} rows, {sum(ours.bad.values()):,} bad: {rows / ours.seconds:,.0f} a second, "
        f"{rows / ours.cpu:,.0f} a second of CPU"
    )
    label, script = f"{rows:,} rows", "read_table, to_pylist"
    return (
        Result.at_most(
            NAME, f"{label}: added memory", Amount(ours.added / MB, "MB"), Amount(MOST_MEMORY, "MB")
        ),
        *(
            Result.equal(
                NAME,
                f"{label}: bad by {field}",
                Amount(ours.bad.get(field, 0)),
                Amount(bad[field]),
                other_name="made bad",
            )
            for field in _WAYS
        ),
        Result.shown(
            NAME,
            f"{label}: added memory",
            Amount(ours.added / MB, "MB"),
            Amount(whole.added / MB, "MB"),
            other_name=script,
        ),
        Result.shown(
            NAME,
            f"{label}: time, checked",
            Amount(ours.seconds, "s"),
            Amount(whole.seconds, "s"),
            other_name=f"{script}, unchecked",
        ),
    )


def _write(path: Path, rows: int) -> Counter[str]:
    """The file, and how many rows of it are bad in which field."""
    bad: Counter[str] = Counter()
    writer = None
    for first in range(0, rows, _GROUP):
        made = list(_rows(range(first, min(first + _GROUP, rows)), bad))
        table = pa.Table.from_pylist(made)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return bad


def _rows(numbers: range, bad: Counter[str]) -> Iterator[dict[str, object]]:
    for number in numbers:
        row: dict[str, object] = {
            "id": f"brief-{number:07}",
            "topic": f"Lighthouse number {number} on a cliff at dawn, waves below, gulls above",
            "video_model": "openAiSora2Plus",
            "seconds": (4, 8, 12)[number % 3],
            "ratio": ("16:9", "9:16")[number % 2],
            "take": 1,
            "tags": ["coast", f"series-{number % 100}"],
            "note": "a column that is no field of a brief",
        }
        if number % _EVERY == _EVERY - 1:
            field = _WAYS[number // _EVERY % len(_WAYS)]
            row[field] = _BAD[field]
            bad[field] += 1
        yield row


# The id is the one of the first row: there is one such row for each time that it comes again.
_BAD = {
    "topic": " ",
    "seconds": 5,
    "video_model": "openAiSora3",
    "id": "brief-0000000",
    "take": 0,
}
