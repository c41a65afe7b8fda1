"""What a rescue found: one row for each job that was not settled, and the sentence above them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict

from flows.cells import cell, money
from flows.report import Cost
from flows.spending import AmountIs, worth
from globalaiopc import ErrorInfo
from ledger import PriceBook, Receipt

Fate = Literal[
    "unknown", "gone", "failed", "stuck", "running", "sent again", "abandoned", "recovered"
]
FATES: tuple[Fate, ...] = get_args(Fate)
"""Money at risk first, what went well last."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class RescuedJob(_Kept):
    """One job. `amount_is` says how far to trust `amount`; `job` is what `resubmit` takes."""

    job: str
    fate: Fate
    model: str
    task_id: str | None = None
    key: str | None = None
    amount: Cost | None = None
    amount_is: AmountIs = "not known"
    age_seconds: float | None = None
    message: str = ""
    advice: str = ""

    @classmethod
    def of(
        cls,
        receipt: Receipt,
        fate: Fate,
        *,
        prices: PriceBook,
        now: datetime,
        message: str = "",
        error: ErrorInfo | None = None,
    ) -> Self:
        """How a job stands by its receipt, or by the `error` of this very run."""
        amount, amount_is = worth(receipt, prices)
        since = receipt.times.get("submitted") or receipt.times.get("intent")
        said = error or (receipt.error if fate in ("unknown", "gone", "failed") else None)
        advice = said.advice if said else ""
        if fate == "unknown":
            advice = (
                "Ask the provider whether it was charged. Then run rescue with "
                f'resubmit ["{receipt.job}"] (pays again if it was) or abandon ["{receipt.job}"].'
            )
        return cls(
            job=str(receipt.job),
            fate=fate,
            model=receipt.model,
            task_id=receipt.task_id or (receipt.error.task_id if receipt.error else None),
            key=receipt.media.key if receipt.media else None,
            amount=amount,
            amount_is=amount_is,
            age_seconds=(now - since).total_seconds() if since else None,
            message=message or (said.message if said else ""),
            advice=advice,
        )


class RescueReport(_Kept):
    """`sums` adds up what is known of each fate's amounts; `unreadable` lists receipts."""

    batch_id: str | None
    counts: dict[Fate, int]
    sums: dict[Fate, Cost]
    jobs: tuple[RescuedJob, ...]
    unreadable: tuple[str, ...]

    @classmethod
    def of(
        cls, batch_id: str | None, jobs: Iterable[RescuedJob], unreadable: Iterable[str]
    ) -> Self:
        ranked = tuple(sorted(jobs, key=lambda job: (FATES.index(job.fate), job.job)))
        counts = dict.fromkeys(FATES, 0)
        sums: dict[Fate, Decimal] = dict.fromkeys(FATES, Decimal(0))
        for job in ranked:
            counts[job.fate] += 1
            sums[job.fate] += job.amount or 0
        return cls(
            batch_id=batch_id,
            counts=counts,
            sums=sums,
            jobs=ranked,
            unreadable=tuple(unreadable),
        )


def name_of(report: RescueReport) -> str:
    """What the run's state is called; an automation can wait for `NeedsDecision`."""
    counts = report.counts
    if counts["unknown"]:
        return "NeedsDecision"
    if report.unreadable:
        return "ReceiptsUnreadable"
    if counts["gone"] or counts["failed"]:
        return "SomeLost"
    if counts["stuck"]:
        return "NotAllRecovered"
    if counts["running"] or counts["sent again"]:
        return "StillRunning"
    return "Rescued" if report.jobs else "NothingToRescue"


def sentence(report: RescueReport) -> str:
    """What happened and what to do, in one line."""
    where = f"batch {report.batch_id}" if report.batch_id else "the whole ledger"
    if not report.jobs and not report.unreadable:
        return f"Nothing to rescue in {where}: every job is settled."
    counts, sums = report.counts, report.sums
    said = [f"In {where}: {_counted(report)}."]
    if counts["recovered"]:
        said.append(f"Recovered media is worth {_sum(report, 'recovered')}.")
    if counts["unknown"]:
        said.append(
            f"Money at risk: {_sum(report, 'unknown')}. Decide about each unknown job: run rescue "
            "with its name under resubmit (pays again if the first try was charged) or abandon."
        )
    if sums["gone"] or counts["gone"]:
        said.append(f"Gone for {_sum(report, 'gone')}.")
    if counts["running"] or counts["stuck"] or counts["sent again"]:
        said.append("Run rescue again later for what is not done.")
    return " ".join(said)


def table_rows(report: RescueReport, *, limit: int = 200) -> list[dict[str, str]]:
    """Rows for a table artifact; beyond `limit` one row says how many more there are."""
    rows = [
        {
            "job": job.job,
            "state": job.fate,
            "amount": _amount(job),
            "age": age(job.age_seconds),
            "what happened": cell(_happened(job), 300),
            "what to do": cell(job.advice, 300),
        }
        for job in report.jobs[:limit]
    ]
    empty = dict.fromkeys(("job", "state", "amount", "age", "what happened", "what to do"), "")
    if (hidden := len(report.jobs) - limit) > 0:
        rows.append({**empty, "job": f"and {hidden} more in this run's result"})
    for unreadable in report.unreadable[:limit]:
        rows.append({**empty, "state": "unreadable", "what happened": cell(unreadable, 300)})
    return rows or [{**empty, "state": "nothing to rescue"}]


def age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    span = timedelta(seconds=int(seconds))
    hours, minutes = span.seconds // 3600, span.seconds // 60 % 60
    if span.days:
        return f"{span.days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _happened(job: RescuedJob) -> str:
    lost = job.fate in ("unknown", "gone", "failed") and job.task_id
    return f"{job.message} Job id: {job.task_id}." if lost else job.message


def _amount(job: RescuedJob) -> str:
    if job.amount is None:
        return "not known"
    return money(job.amount) + ("" if job.amount_is == "charged" else f" ({job.amount_is})")


def _counted(report: RescueReport) -> str:
    told = [f"{count} {fate}" for fate, count in report.counts.items() if count]
    if report.unreadable:
        told.append(f"{len(report.unreadable)} unreadable receipts")
    return ", ".join(told)


def _sum(report: RescueReport, fate: Fate) -> str:
    unpriced = sum(job.fate == fate and job.amount is None for job in report.jobs)
    known = report.counts[fate] - unpriced
    if not known:
        return "an amount that nobody knows"
    return money(report.sums[fate]) + (f" and {unpriced} of unknown cost" if unpriced else "")
