"""What a batch is doing, read from the bucket while its flow run is on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table

from ledger import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from examples.demo.runs import DeploymentRun
    from examples.demo.stack import Stack
    from sandbox.services import S3Access

STAGES = ("script", "image", "video")
LOOK_EVERY = 0.5
LONGEST = 600.0
_COLOURS = {"landed": "green", "failed": "red", "unknown": "red", "": "dim"}


class NotFinished(RuntimeError):
    """The flow run was still going when our patience ended."""


@dataclass
class Seen:
    """The state of each (brief, stage) of one batch; `look` says what is new."""

    access: S3Access
    batch_id: str
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    _etags: dict[str, str] = field(default_factory=dict)

    def look(self) -> list[str]:
        client = self.access.client()
        pages = client.get_paginator("list_objects_v2").paginate(
            Bucket=self.access.bucket, Prefix=f"{self.batch_id}/"
        )
        news = []
        for found in (entry for page in pages for entry in page.get("Contents", [])):
            key, etag = found["Key"], found["ETag"]
            if "/receipts/" in key and self._etags.get(key) != etag:
                got = client.get_object(Bucket=self.access.bucket, Key=key)
                self._etags[key] = got["ETag"]  # it may have moved on since it was listed
                news.append(self._note(Receipt.from_json(got["Body"].read(), key)))
        return news

    def _note(self, receipt: Receipt) -> str:
        job = receipt.job
        self.states[job.brief_id, job.stage] = receipt.state
        return f"{job.brief_id}: {job.stage} {receipt.state}"


def follow(
    console: Console, stack: Stack, run: DeploymentRun, batch_id: str, briefs: Sequence[str]
) -> None:
    """Show the batch until its flow run has ended: a live table on a terminal, lines elsewhere."""
    seen = Seen(stack.s3.access, batch_id)
    if console.is_terminal:
        with Live(console=console, transient=True, auto_refresh=False) as live:
            for seconds in _looks(stack, run):
                seen.look()
                live.update(_table(run, briefs, seen, seconds), refresh=True)
        return
    said = ""
    for seconds in _looks(stack, run):
        news = seen.look()
        if run.state != said:
            said = run.state
            news.append(f"flow run {said}")
        for line in news:
            console.print(f"{seconds:6.1f} s  {line}", highlight=False)


def _looks(stack: Stack, run: DeploymentRun) -> Iterator[float]:
    """Seconds since the start, at every look; the last one comes after the run has ended."""
    started = time.monotonic()
    while True:
        stack.check()
        over = run.refresh().over
        seconds = time.monotonic() - started
        yield seconds
        if over:
            return
        if seconds > LONGEST:
            raise NotFinished(f"The flow run is still {run.state} after {seconds:.0f} s.")
        time.sleep(LOOK_EVERY)


def _table(run: DeploymentRun, briefs: Sequence[str], seen: Seen, seconds: float) -> Table:
    table = Table("brief", *STAGES, caption=f"flow run {run.state}, {seconds:.0f} s")
    for brief in briefs:
        states = [seen.states.get((brief, stage), "") for stage in STAGES]
        cells = [f"[{_COLOURS.get(state, 'yellow')}]{state or '·'}[/]" for state in states]
        table.add_row(brief, *cells)
    return table
