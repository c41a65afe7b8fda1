"""`rescue`: the flow in this process; whatever would be paid for again is asked about first."""

import asyncio
import shlex
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console
from rich.prompt import Confirm
from rich.text import Text

from flows.cells import money
from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.runs import ended, open_store, without_outcome
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.decisions import named_jobs
from flows.rescue import rescue as rescue_flow
from flows.rescue_report import RescueReport, name_of, sentence, table_rows
from flows.spending import worth
from globalaiopc import InvalidRequest
from ledger import JobKey, Ledger, ObjectStore
from tasks.prices import kept_prices

_EXITS: Mapping[str, Exit] = {
    "NeedsDecision": Exit.DECIDE,
    "ReceiptsUnreadable": Exit.FAILED,
    "SomeLost": Exit.PARTLY,
    "NotAllRecovered": Exit.PARTLY,
    "StillRunning": Exit.PARTLY,
    "Rescued": Exit.DONE,
    "NothingToRescue": Exit.DONE,
}


@dataclass(frozen=True)
class Rescue:
    """What was asked for."""

    batch_id: str | None
    resubmit: tuple[str, ...]
    abandon: tuple[str, ...]
    prices: str | None
    connection: str
    bucket: str


async def rescue(screen: Screen, wanted: Rescue, *, ask: bool) -> Answer:
    """Raises `InvalidRequest` when a job's name is none, or nobody can be asked."""
    named = named_jobs(wanted.resubmit, wanted.abandon)
    again = [job for what, job in named if what == "resubmit"]
    if again and ask and not await _agreed(screen, again, wanted):
        return Answer(Exit.REFUSED, "Refused", "Nothing was sent: you did not agree.")
    run = await ended(
        screen,
        rescue_flow,
        batch_id=wanted.batch_id,
        resubmit=list(wanted.resubmit),
        abandon=list(wanted.abandon),
        prices=wanted.prices,
        connection=wanted.connection,
        bucket=wanted.bucket,
    )
    if run.outcome is None:
        return without_outcome(run)
    report = RescueReport.model_validate(run.outcome)
    return Answer(
        _EXITS[name_of(report)],
        name_of(report),
        sentence(report),
        result=run.outcome,
        shown=(Rows(table_rows(report)),) if report.jobs or report.unreadable else (),
        next=tuple(_decisions(report)),
    )


async def _agreed(screen: Screen, jobs: list[JobKey], wanted: Rescue) -> bool:
    """Whether the person at the terminal wants to pay for them, perhaps a second time."""
    if not (sys.stdin.isatty() and screen.console.is_terminal):
        raise InvalidRequest(
            "Sending a job again may pay for it a second time, and nobody can be asked here.",
            field="resubmit",
            advice="Add --yes to agree beforehand.",
        )
    store = await open_store(screen, wanted.bucket)
    rows = [await _row(store, job) for job in jobs]
    screen.leave()
    screen.console.print(Rows(rows))
    question = "Send it again?" if len(jobs) == 1 else f"Send these {len(jobs)} again?"
    text = Text(f"{question} Each is paid a second time if its first try was charged.")
    return await _asked(screen.console, text)


async def _asked(console: Console, question: Text) -> bool:
    """Wait for the answer in a thread that does not keep the process when Ctrl-C is pressed."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()

    def ask() -> None:
        try:
            answer = Confirm.ask(question, console=console, default=False)
        except EOFError:
            answer = False
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(answered.set_result, answer)

    threading.Thread(target=ask, daemon=True).start()
    return await answered


async def _row(store: ObjectStore, job: JobKey) -> dict[str, str]:
    held = await Ledger(store).look(job)
    if held is None:
        raise InvalidRequest(f"{job} is not in the ledger.", field="resubmit")
    amount, amount_is = worth(held.receipt, await kept_prices(store, job.batch_id))
    return {
        "job": str(job),
        "model": held.receipt.model,
        "state": held.receipt.state,
        "amount": "not known" if amount is None else f"{money(amount)} ({amount_is})",
    }


def _decisions(report: RescueReport) -> list[str]:
    """The two commands that decide about the first unknown job."""
    job = next((one.job for one in report.jobs if one.fate == "unknown"), None)
    if job is None:
        return []
    batch = [report.batch_id] if report.batch_id else []
    return [
        shlex.join(["python", "-m", "flows", "rescue", *batch, f"--{what}", job])
        for what in ("abandon", "resubmit")
    ]
