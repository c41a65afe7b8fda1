"""A batch's plan: worked out, put beside the batch, shown in the UI."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.artifacts import show_table
from flows.cells import escaped
from flows.ending import Outcome
from flows.foreseeing import Foreseer
from flows.plan import Plan, PlannedBrief, sentence, table_rows
from flows.spending import all_jobs, budget_limit, worth
from flows.work import Work
from ledger import Budget, PriceBook, ReceiptUnreadable, Unpriced
from tasks import Studio
from tasks.prices import open_prices
from tasks.purse import refuse_unpriced
from tasks.standing import standing

AT_ONCE = 32


async def planned_batch(
    studio: Studio, works: Sequence[Work], budget: float | None, prices: str | None
) -> State[Outcome]:
    """Say what a run would do and cost; write `{batch_id}/plan.json` and nothing else."""
    batch_id = works[0].batch_id
    book = await open_prices(studio, prices, batch_id)
    foreseer = Foreseer(studio, book)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(work: Work) -> PlannedBrief:
        async with places:
            return await foreseer.brief(work)

    capped, refusal = await _capped(studio, works, budget, book)
    plan = Plan.of(
        batch_id,
        await asyncio.gather(*(one(work) for work in works)),
        currency=book.currency,
        budget=capped,
        refusal=refusal,
    )
    await studio.store.put(
        f"{batch_id}/plan.json", plan.to_bytes(), content_type="application/json"
    )
    await show_table("plan", batch_id, table_rows(plan), escaped(sentence(plan)))
    data: Outcome = plan.model_dump(mode="json")
    return Completed(name="Planned", message=sentence(plan), data=data)


async def _capped(
    studio: Studio, works: Sequence[Work], budget: float | None, prices: PriceBook
) -> tuple[tuple[Decimal, Decimal] | None, str]:
    """The limit with what is committed of it, and why a run with this budget would be refused."""
    if budget is not None:
        limit = budget_limit(budget)
    elif account := await Budget(studio.store, works[0].batch_id).peek():
        limit = account.limit
    else:
        return None, ""
    try:
        committed = await _committed(studio, works[0].batch_id, prices)
    except ReceiptUnreadable as error:
        return None, f"{error.message} {error.advice}"
    try:
        refuse_unpriced(prices, all_jobs(studio, works))
    except Unpriced as error:
        return (limit, committed), error.message
    return (limit, committed), ""


async def _committed(studio: Studio, batch_id: str, prices: PriceBook) -> Decimal:
    """What the batch's receipts say was spent, or may have been."""
    known = await standing(studio.ledger, batch_id, settled=())
    amounts = (worth(receipt, prices)[0] for receipt in (*known.spent, *known.sent))
    return sum((one or Decimal(0) for one in amounts), Decimal(0))
