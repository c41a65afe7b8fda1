"""Several models for one stage, asked in turn: the next one only when nothing was bought.

All of them share the stage's one receipt. It goes over to another model only by a claim, and a
claim takes a receipt over only where it says that the job failed and cost nothing. So however many
processes go through the list at the same time, and wherever one of them dies, at most one job is
bought:

    refused, and the next not claimed yet    the receipt is free: the list begins anew
    the next one claimed, or bought          the receipt names that model: everyone follows it
"""

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from typing import TypeVar

from prefect.logging import get_run_logger

from flows.orchestration import orchestrated
from globalaiopc import GlobalAIOPCError, JobFailed, Refused, Unauthorized
from ledger import JobKey, Receipt, RequestChanged
from tasks import PAID, Bought, KeptError, Order, Studio

T = TypeVar("T")

FOLLOW_SECONDS = 2.0

_ABOUT_THE_KEY = frozenset({"unauthorized", "login_failed"})


@dataclass(frozen=True)
class Candidate:
    """One model of a stage: its name in receipts, its endpoint, and what would be asked of it."""

    model: str
    endpoint: str
    order: Callable[[], Order]


async def first_to_sell(studio: Studio, job: JobKey, candidates: Sequence[Candidate]) -> Bought:
    """Buy the job from the first of the models that does not refuse it; continue what is bought."""

    async def buy(at: int) -> Bought:
        chosen = candidates[at]
        return await orchestrated(PAID[chosen.endpoint], studio, chosen.order())

    return await in_turn(studio, job, [one.model for one in candidates], buy)


async def in_turn(
    studio: Studio, job: JobKey, models: Sequence[str], ask: Callable[[int], Awaitable[T]]
) -> T:
    """What `ask` returns for the first of the models that does not refuse.

    Raises what the last model refused with, or any error that is no refusal free of charge.
    """
    refused: set[str] = set()
    while True:
        # A stage with one model has one turn, whatever its receipt says: no need to read it.
        held = await studio.ledger.look(job) if len(models) > 1 else None
        at = turn(held.receipt if held else None, models, refused)
        if at is None:  # another process asks one that has refused us: its answer decides
            if held is not None:
                await studio.ledger.expire(held)
            await studio.client.clock.sleep(FOLLOW_SECONDS * studio.client.time_scale)
            continue
        try:
            return await ask(at)
        except RequestChanged:
            held = await studio.ledger.look(job)
            if held is None or held.receipt.model not in {*models} - {models[at]}:
                raise
        except GlobalAIOPCError as error:
            refused.add(models[at])
            if not lets_another_try(error) or len(refused) == len(models):
                raise
            get_run_logger().warning(
                "%s: %s refuses and nothing was charged: %s", job, models[at], error.message
            )


def turn(receipt: Receipt | None, models: Sequence[str], refused: Container[str]) -> int | None:
    """Whose turn it is: an index into `models`; None to wait for another process.

    The model that a receipt names, if it may still be bought, is or was; else the first that has
    not refused yet.
    """
    named = models.index(receipt.model) if receipt and receipt.model in models else None
    if receipt is not None and not costs_nothing(receipt):
        waits = receipt.state == "intent" and named is not None and receipt.model in refused
        return None if waits else named or 0
    return next((at for at, model in enumerate(models) if model not in refused), 0)


def costs_nothing(receipt: Receipt) -> bool:
    """Whether nothing was bought under this receipt, for certain."""
    error = receipt.error
    return receipt.state == "failed" and error is not None and error.charged == "no"


def lets_another_try(error: GlobalAIOPCError) -> bool:
    """Whether another model may be asked: this one said no, for nothing, and would again.

    What heals by itself (a 429, a request that did not leave) is for a free retry, and what no
    model would accept (a wrong key, no budget, a wrong request) for a person.
    """
    said_no = isinstance(error, Refused | JobFailed | KeptError)
    for_all = isinstance(error, Unauthorized) or error.code in _ABOUT_THE_KEY
    return said_no and not for_all and error.charged == "no" and not error.retry_is_free
