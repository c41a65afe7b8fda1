"""A batch's money: which jobs a brief pays for, the purse that pays them, what the report says."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal

from flows.briefs import Makes
from flows.report import BudgetFacts, ReportItem
from flows.stages import Choice, Stages, stages_of
from flows.work import Work
from globalaiopc import InvalidRequest
from ledger import Account, Budget, BudgetReached, PriceBook, Receipt, Unpriced
from tasks import Studio
from tasks.prices import keep_prices, open_prices
from tasks.purse import CappedPurse, Purse, Wanted, refuse_unpriced

AmountIs = Literal["charged", "listed", "a guess", "not known"]


def paid_jobs(work: Work, stages: Stages) -> tuple[Wanted, ...]:
    """The jobs that a brief pays for, if each stage's first model does not refuse.

    The script is not among them: a text call is no job.
    """
    return tuple(
        wanted(work, stages, stage, chosen[0]) for stage, chosen in _to_buy(stages) if chosen
    )


def jobs_to_price(work: Work, stages: Stages) -> tuple[Wanted, ...]:
    """The jobs that a brief may come to pay for, those of the other models included."""
    return tuple(
        wanted(work, stages, stage, choice)
        for stage, chosen in _to_buy(stages)
        for choice in chosen
    )


def wanted(work: Work, stages: Stages, stage: str, choice: Choice) -> Wanted:
    """One job as it is priced."""
    seconds = stages.asked_seconds(choice) if stage == "video" else None
    return Wanted(work.job(stage), choice.name, seconds, stages.resolution(choice))


def _to_buy(stages: Stages) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    return (("image", stages.image), ("video", stages.video))


async def open_purse(
    studio: Studio, works: Sequence[Work], budget: float | None, prices: str | None
) -> Purse:
    """`batch_purse` of briefs that become videos, all of the same `batch_id`."""
    if not works:
        return Purse()
    return await batch_purse(studio, works[0].batch_id, all_jobs(studio, works), budget, prices)


async def batch_purse(
    studio: Studio,
    batch_id: str,
    jobs: Iterable[Wanted],
    budget: float | None = None,
    prices: str | None = None,
) -> Purse:
    """The purse that pays for `jobs` of a batch; `prices` names a price file.

    A budget takes the place of the batch's old one. Without one it is kept to that which the batch
    has, at the prices that it was set with: only a new budget changes a budget. Raises `Unpriced`
    naming every model without a price, `InvalidRequest` for a budget that is no amount,
    `ConfigurationError` for a wrong price file; nothing has been sent then.
    """
    limit = None if budget is None else budget_limit(budget)
    if limit is None and await Budget(studio.store, batch_id).peek() is None:
        return Purse()
    book = await open_prices(studio, prices, batch_id)
    try:
        refuse_unpriced(book, jobs)
    except Unpriced as error:
        if limit is None:
            error.advice = _KEPT_TO.format(batch_id)
        raise
    purse = await CappedPurse.open(studio.ledger, studio.store, batch_id, limit, book)
    if limit is not None and prices:
        await keep_prices(studio, prices, batch_id)
    return purse


_KEPT_TO = (
    "Nothing was sent. {0} has a budget, which this run keeps to: run content_batch as batch {0} "
    "with its budget and a price file that has them; that file is kept for all runs of the batch."
)


def all_jobs(studio: Studio, works: Iterable[Work], makes: Makes = "video") -> Iterator[Wanted]:
    """Every job that the briefs of a batch may come to pay for."""
    for work in works:
        yield from jobs_to_price(work, stages_of(work.brief, makes, studio.client.catalogue))


def budget_limit(budget: float) -> Decimal:
    """The budget as an exact amount. Raises `InvalidRequest` when it is none."""
    limit = Decimal(str(budget))
    if not limit.is_finite() or limit < 0:
        raise InvalidRequest(
            f"A budget cannot be {budget}.", field="budget", allowed="an amount of 0 or more"
        )
    return limit


def budget_facts(account: Account | None, items: Iterable[ReportItem]) -> BudgetFacts | None:
    """What the report says of the budget; None without one."""
    if account is None:
        return None
    left_out = [
        item.would_cost or Decimal(0)
        for item in items
        if item.error is not None and item.error.code == BudgetReached.code
    ]
    return BudgetFacts(
        limit=account.limit,
        currency=account.currency,
        spent=account.spent_total,
        reserved=account.reserved_total,
        left_out=len(left_out),
        left_out_cost=sum(left_out, Decimal(0)),
    )


def worth(receipt: Receipt, prices: PriceBook) -> tuple[Decimal | None, AmountIs]:
    """What a job cost, or may have cost."""
    if receipt.amount is not None:
        return receipt.amount, "charged"
    quote = Wanted.by(receipt).quote(prices)
    if quote.amount is None:
        return None, "not known"
    return quote.amount, "a guess" if quote.is_guess else "listed"
