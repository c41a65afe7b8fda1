"""A long list of briefs: checked as a stream by ours, or read whole as scripts do."""

from __future__ import annotations

import time
from collections import Counter
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks.arms.program import program
from benchmarks.machine import forget_peak, peak_bytes, resident_bytes
from flows.errors import BadBriefs
from flows.manifest import iter_briefs
from globalaiopc.catalogue import Catalogue


class Rows(BaseModel):
    model_config = ConfigDict(frozen=True)

    path: str
    way: Literal["stream", "whole"]


class Read(BaseModel):
    """`added` are bytes above what the process had before it began; pyarrow is among them."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    cpu: float
    added: int
    good: int
    bad: dict[str, int]


def work(asked: Rows) -> Read:
    catalogue = Catalogue.load()
    forget_peak()
    before, began, used = resident_bytes(), time.monotonic(), time.process_time()
    good, bad = _checked(asked.path, catalogue) if asked.way == "stream" else _whole(asked.path)
    seconds = time.monotonic() - began
    cpu = time.process_time() - used
    added = peak_bytes() - before
    return Read(seconds=seconds, cpu=cpu, added=added, good=good, bad=dict(bad))


def _checked(path: str, catalogue: Catalogue) -> tuple[int, Counter[str]]:
    """The problems by field; how many rows were right before the first of them."""
    good = 0
    try:
        for _ in iter_briefs(path, catalogue=catalogue):
            good += 1
    except BadBriefs as error:
        found = Counter(problem.field for problem in error.problems)
        for kind in error.others:
            found[kind.field] += kind.count
        return good, found
    return good, Counter()


def _whole(path: str) -> tuple[int, Counter[str]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - its memory is part of what is measured

    return len(pq.read_table(path).to_pylist()), Counter()


if __name__ == "__main__":
    program(Rows, work)
