"""What was paid for and left behind is brought home; what nobody knows is shown to a person."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.artifacts import show_table
from flows.cells import escaped
from flows.decisions import Decision, carry_out, named_jobs, prepare
from flows.ending import Outcome, stopped
from flows.parameters import BatchId, Bucket, Connection, Prices, Texts
from flows.rescue_report import Fate, RescuedJob, RescueReport, age, name_of, sentence, table_rows
from flows.rescuing import Rescuer
from flows.run_names import this_batch
from flows.spending import batch_purse
from flows.writing import STAGE as SCRIPT
from globalaiopc import GlobalAIOPCError, InvalidRequest
from ledger import JobKey, Receipt, ReceiptUnreadable
from tasks import Studio, open_studio
from tasks.paid import KEPT
from tasks.prices import open_prices
from tasks.purse import Purse, Wanted

AT_ONCE = 32
"""Jobs looked at at the same time; how many land at once is the connection's own limit."""


@flow(description="Brings in what was paid for and left behind, and shows what needs a decision.")
async def rescue(
    batch_id: BatchId = None,
    *,
    resubmit: Annotated[
        Texts, Field(json_schema_extra={"title": "Send again (pays again)"})
    ] = None,
    abandon: Annotated[Texts, Field(json_schema_extra={"title": "Give up"})] = None,
    prices: Prices = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Go through the receipts, look at every job that is not settled, and land what is done.

    Spends nothing, except for the jobs named under resubmit. May run at any time, also beside a
    batch that is under way.

    Args:
        batch_id: Only this batch, such as `spring-launch`. Empty: all of them.
        resubmit: Jobs with an unknown outcome to send once more, as the table of an earlier run
            prints them, such as `daily-2026-01-02/fox/video`. Pays again if the first try was
            charged. Empty: spends nothing.
        abandon: Jobs with an unknown outcome to give up, named likewise.
        prices: A price file (TOML), for the worth of jobs whose cost is not known: a path on the
            worker, or `s3://bucket/key`. Empty: what such jobs cost earlier.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        counts and sums by state, a row for each job, and the receipts that cannot be read. The
        state is NeedsDecision when the outcome of a job is unknown, else ReceiptsUnreadable,
        SomeLost, NotAllRecovered, StillRunning, Rescued or NothingToRescue.

    """
    try:
        named = named_jobs(resubmit or [], abandon or [])
        _no_schedule_decides(resubmit or [])
        async with open_studio(connection, bucket) as studio:
            batch = this_batch(batch_id) if batch_id else None
            rescuer = Rescuer(studio, await open_prices(studio, prices), datetime.now(UTC))
            by = f"rescue run {flow_run.get_name()} ({flow_run.get_id()})"
            decisions = await prepare(studio, named, by)
            purses = await _purses(studio, decisions, prices)
            decided = await _decide(studio, rescuer, decisions, purses, by)
            report = await _rescue_all(studio, rescuer, batch, decided)
    except GlobalAIOPCError as error:
        return stopped(error)
    await show_table("rescue", batch, table_rows(report), escaped(sentence(report)))
    data: Outcome = report.model_dump(mode="json")
    return Completed(name=name_of(report), message=sentence(report), data=data)


def _no_schedule_decides(resubmit: Sequence[str]) -> None:
    if resubmit and "auto-scheduled" in flow_run.get_tags():
        raise InvalidRequest(
            "A schedule cannot decide that a job is paid for again.",
            field="resubmit",
            advice="Take resubmit out of the schedule's parameters and start such a run by hand.",
        )


async def _purses(
    studio: Studio, decisions: Sequence[Decision], prices: str | None
) -> dict[str, Purse]:
    """What pays in each batch: one that has a budget keeps to it. Raises as `batch_purse`."""
    jobs: dict[str, list[Wanted]] = {}
    for decision in decisions:
        if decision.order is not None:
            receipt = decision.held.receipt
            jobs.setdefault(receipt.job.batch_id, []).append(Wanted.by(receipt))
    return {
        batch: await batch_purse(studio, batch, wanted, prices=prices)
        for batch, wanted in jobs.items()
    }


async def _decide(
    studio: Studio,
    rescuer: Rescuer,
    decisions: Sequence[Decision],
    purses: Mapping[str, Purse],
    by: str,
) -> dict[str, RescuedJob]:
    """Carry the decisions out; the rows of the jobs that they were about."""
    rows: dict[str, RescuedJob] = {}
    for decision in decisions:
        studio.purse = purses.get(decision.held.receipt.job.batch_id, Purse())
        held, error = await carry_out(studio, decision, by)
        if error is None:
            done: Fate = "sent again" if decision.order else "abandoned"
            row = rescuer.row(held, done, f"As decided by {by}.")
        else:
            state = held.receipt.state
            fate: Fate = state if state in ("unknown", "failed") else "stuck"
            row = rescuer.row(held, fate, error=error.info())
        rows[row.job] = row
        _tell(row)
    studio.purse = Purse()  # what follows is of any batch, and buys nothing
    return rows


async def _rescue_all(
    studio: Studio, rescuer: Rescuer, batch_id: str | None, decided: dict[str, RescuedJob]
) -> RescueReport:
    unreadable: list[str] = []

    def note(error: ReceiptUnreadable) -> None:
        unreadable.append(error.message)
        get_run_logger().error("%s %s", error.message, error.advice)

    prefix = f"{batch_id}/" if batch_id else ""
    since = datetime.now(UTC) - KEPT
    waiting = [
        (_urgency(held.receipt), held.receipt.job)
        async for held in studio.ledger.scan(prefix, unreadable=note)
        if _of_interest(held.receipt, since) and str(held.receipt.job) not in decided
    ]
    places = asyncio.Semaphore(AT_ONCE)

    async def one(job: JobKey) -> RescuedJob | None:
        async with places:
            row = await rescuer.rescue(job)
        if row is not None:
            _tell(row)
        return row

    ordered = [job for _, job in sorted(waiting, key=lambda pair: pair[0])]
    rows = await asyncio.gather(*(one(job) for job in ordered))
    found = [row for row in rows if row is not None]
    return RescueReport.of(batch_id, [*decided.values(), *found], unreadable)


def _of_interest(receipt: Receipt, since: datetime) -> bool:
    # A text call is no job: it leaves nothing to fetch, and its batch asks again by itself.
    if receipt.job.stage == SCRIPT or receipt.state == "failed":
        return False
    # What has landed may have been deleted: the provider still has what it made `since`.
    return receipt.state != "landed" or receipt.times.get("completed", since) > since


def _urgency(receipt: Receipt) -> tuple[bool, datetime]:
    """The nearest expiry of a URL first. A job not seen done may have been done right away."""
    made = receipt.times.get("completed") or receipt.times.get("submitted")
    if made is None:
        return True, datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    return False, made + KEPT


def _tell(row: RescuedJob) -> None:
    """One line of the run's log for one job."""
    logger = get_run_logger()
    level = logger.info if row.fate in ("recovered", "running", "sent again") else logger.warning
    old = f", {age(row.age_seconds)} old" if row.age_seconds is not None else ""
    level("%s: %s%s. %s", row.job, row.fate, old, row.message)
