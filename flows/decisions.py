"""What a person decides about unknown jobs: send again, or give up. By name, and once per run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from globalaiopc import GlobalAIOPCError, InvalidRequest
from ledger import Held, JobKey
from tasks import Order, Studio
from tasks.ordering import order_again
from tasks.paid import send_again

What = Literal["resubmit", "abandon"]

ALLOWED = "batch/brief/stage, and ' take 2' where there is one, as the table of rescue prints it"
_JOB = re.compile(r"([^/\s]+)/([^/\s]+)/([^/\s]+)(?: take ([1-9]\d{0,5}))?")


@dataclass(frozen=True)
class Decision:
    """One decision that can be carried out. `order` is what is sent again."""

    held: Held
    order: Order | None


def parse_job(text: str, field: str) -> JobKey:
    """Read a job's name as `str(JobKey)` writes it. Raises `InvalidRequest` naming `field`."""
    hit = _JOB.fullmatch(text.strip())
    if hit is None:
        raise InvalidRequest(f"{text!r} names no job.", field=field, allowed=ALLOWED)
    return JobKey(batch_id=hit[1], brief_id=hit[2], stage=hit[3], take=int(hit[4] or 1))


def named_jobs(resubmit: Sequence[str], abandon: Sequence[str]) -> tuple[tuple[What, JobKey], ...]:
    """The jobs that a run names, each once. Raises `InvalidRequest`."""
    again = dict.fromkeys(parse_job(text, "resubmit") for text in resubmit)
    given_up = dict.fromkeys(parse_job(text, "abandon") for text in abandon)
    if both := next((job for job in again if job in given_up), None):
        raise InvalidRequest(f"{both} is named under resubmit and under abandon.", field="abandon")
    named: list[tuple[What, JobKey]] = [("resubmit", job) for job in again]
    return (*named, *(("abandon", job) for job in given_up))


async def prepare(
    studio: Studio, named: Sequence[tuple[What, JobKey]], by: str
) -> tuple[Decision, ...]:
    """Make sure that every decision can be carried out, before the first one is.

    A decision that this same run (`by`) has carried out already is left out: a run that is started
    twice must not pay twice. Raises `InvalidRequest` naming all jobs that are not unknown.
    """
    ready: list[Decision] = []
    wrong: list[str] = []
    for what, job in named:
        held = await studio.ledger.look(job)
        if held is None:
            wrong.append(f"{job} is not in the ledger.")
            continue
        if any(done.by == by for done in held.receipt.decisions):
            continue
        held = await studio.ledger.expire(held)
        if held.receipt.state != "unknown":
            wrong.append(
                f"{job} is {held.receipt.state}; only an unknown job can be {_DONE[what]}."
            )
            continue
        order = await order_again(studio, held.receipt) if what == "resubmit" else None
        ready.append(Decision(held, order))
    if wrong:
        raise InvalidRequest(
            f"Nothing was done. {' '.join(wrong)}",
            field="resubmit, abandon",
            allowed=ALLOWED,
            advice="Take these out and run rescue again.",
        )
    return tuple(ready)


_DONE: dict[What, str] = {"resubmit": "sent again", "abandon": "abandoned"}


async def carry_out(
    studio: Studio, decision: Decision, by: str
) -> tuple[Held, GlobalAIOPCError | None]:
    """Abandon, or send one POST. The receipt as it stands then, and what went wrong with it."""
    held = decision.held
    try:
        if decision.order is None:
            return await studio.ledger.abandon(held, by), None
        await studio.purse.afford(held.receipt)
        return await send_again(studio, decision.order, held, by), None
    except GlobalAIOPCError as error:
        return await studio.ledger.look(held.receipt.job) or held, error
