"""`make demo`. Without a terminal, or with DEMO_EXIT=1, it ends by itself and the exit code tells.

0: everything that could land has landed. 1: something has not, or a part failed. 130: Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import httpx
from rich.console import Console

from examples.demo import outcome
from examples.demo.progress import NotFinished, follow
from examples.demo.runs import DeploymentRun
from examples.demo.stack import ROOT, AlreadyRunning, Stack
from sandbox.processes import ServiceFailed

if TYPE_CHECKING:
    from types import FrameType

HOME = ROOT / ".demo"
BRIEFS = ROOT / "examples" / "briefs.csv"
DEPLOYMENT = "content-batch/batch-of-videos"


def main() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    console = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 160)
    try:
        with Stack(HOME) as stack:
            try:
                return _show(console, stack)
            finally:
                console.print("Stopping everything.")
    except (AlreadyRunning, NotFinished, ServiceFailed, httpx.HTTPError) as failure:
        console.print(f"The demo failed. {failure}", style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130


def _show(console: Console, stack: Stack) -> int:
    started = time.monotonic()
    with console.status("Starting a Prefect server, an S3 server and a stand-in of the API"):
        stack.start_servers()
    console.print(f"Prefect, S3 and the stand-in API are up ({time.monotonic() - started:.0f} s).")
    console.print(f"Watch it in Prefect's UI: {stack.prefect.ui_url}/runs")
    with console.status("Saving the blocks, deploying the flows, starting a worker"):
        stack.set_up()
    console.print(f"Flows deployed, a worker waits ({time.monotonic() - started:.0f} s).")

    expected = outcome.expectations(BRIEFS)
    batch_id = f"demo-{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}"
    run = DeploymentRun.start(
        stack.prefect.api_url,
        DEPLOYMENT,
        parameters={"briefs": str(BRIEFS.relative_to(ROOT)), "batch_id": batch_id},
        name=batch_id,
    )
    follow(console, stack, run, batch_id, tuple(expected))
    report = outcome.fetch_report(stack.s3.access, batch_id, HOME / "report.json")
    if report is None:
        raise ServiceFailed(f"The flow run ended {run.state} without a report. {run.message}")
    console.print(outcome.table(report))
    wrong = outcome.complaints(report, expected, stack.s3.access)
    for line in wrong:
        console.print(line, style="red", markup=False)
    if not wrong:
        refused = ", ".join(brief for brief, can_land in expected.items() if not can_land)
        console.print(f"All that could land has landed; {refused} shows what a refusal looks like.")
    _addresses(console, stack, run, batch_id)
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("DEMO_EXIT") != "1":
        _stay(console, stack)
    return 1 if wrong else 0


def _addresses(console: Console, stack: Stack, run: DeploymentRun, batch_id: str) -> None:
    access = stack.s3.access
    for name, value in (
        ("Run", f"{stack.prefect.ui_url}/runs/flow-run/{run.id}"),
        ("Bucket", f"s3://{access.bucket}/{batch_id}/ at {access.endpoint}"),
        ("Browse", f"{stack.s3.browse_url}/{batch_id}/"),
        ("Report", str((HOME / "report.json").relative_to(ROOT))),
        ("Shell", ". .demo/env   (in a second terminal: the settings of all of this)"),
    ):
        console.print(f"{name:8}{value}", highlight=False, soft_wrap=True)


def _stay(console: Console, stack: Stack) -> None:
    console.print("It stays up for you to look around. Ctrl-C stops everything.")
    try:
        while True:
            stack.check()
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print()


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """Leave through every `with`, as Ctrl-C does."""
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
