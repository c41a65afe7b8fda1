"""A batch's money: which jobs a brief pays for, the purse that pays them, what the report says."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal

from flows.briefs import Makes, resolution_for
from flows.making import video_seconds
from flows.report import BudgetFacts, ReportItem
from flows.work import Work
from globalaiopc import InvalidRequest
from globalaiopc.catalogue import Catalogue
from ledger import Account, BudgetReached, PriceBook, Receipt
from tasks import Studio
from tasks.prices import open_prices
from tasks.purse import CappedPurse, Purse, Wanted, refuse_unpriced

AmountIs = Literal["charged", "listed", "a guess", "not known"]


def paid_jobs(work: Work, makes: Makes, catalogue: Catalogue) -> tuple[Wanted, ...]:
    """The jobs that a brief pays for. The script is not among them: a text call is no job."""
    brief = work.brief
    jobs: list[Wanted] = []
    if not brief.image:
        resolution = resolution_for(brief, catalogue.model(brief.image_model))
        jobs.append(Wanted(work.job("image"), brief.image_model, None, resolution))
    if makes == "video":
        seconds = video_seconds(brief, catalogue.model(brief.video_model))
        jobs.append(Wanted(work.job("video"), brief.video_model, seconds, None))
    return tuple(jobs)


async def open_purse(
    studio: Studio, works: Sequence[Work], budget: float | None, prices: str | None
) -> Purse:
    """The purse of a batch, whose briefs all have the same `batch_id`; `prices` names its file.

    Raises `Unpriced` naming every model without a price, `InvalidRequest` for a budget that is no
    amount, `ConfigurationError` for a wrong price file; nothing has been sent then.
    """
    if budget is None or not works:
        return Purse()
    limit = budget_limit(budget)
    book = await open_prices(studio, prices)
    catalogue = studio.client.catalogue
    refuse_unpriced(book, (job for work in works for job in paid_jobs(work, "video", catalogue)))
    return await CappedPurse.open(studio.ledger, studio.store, works[0].batch_id, limit, book)


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
    wanted = Wanted.by(receipt)
    quote = prices.quote(wanted.model, seconds=wanted.seconds, resolution=wanted.resolution)
    if quote.amount is None:
        return None, "not known"
    return quote.amount, "a guess" if quote.is_guess else "listed"
