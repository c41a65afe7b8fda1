"""How a brief ended, as its receipts tell it. One bad brief stops no other."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.errors import defect
from flows.failures import trouble_of
from flows.given import as_given
from flows.report import Job, ReportItem, State
from flows.work import Place
from globalaiopc import DeadlinePassed, ErrorInfo, GlobalAIOPCError, InvalidRequest, OutcomeUnknown
from ledger import BudgetReached, JobUnknown, Receipt, RequestChanged
from tasks import Studio, poster_key
from tasks.correlation import correlated
from tasks.lineage import inputs_of, keys_among
from tasks.private import is_private, withhold

DEFECT_ADVICE = "Run the batch again: what was bought is continued. Report the log of this run."


@dataclass(frozen=True)
class _Ending:
    state: State
    error: ErrorInfo | None = None
    would_cost: Decimal | None = None


async def made(
    studio: Studio, place: Place, stages: Sequence[str], make: Callable[[], Awaitable[None]]
) -> ReportItem:
    """Run `make`, and say how the brief stands then by the receipts of its stages.

    Raises nothing: one bad brief stops no other.
    """
    run = flow_run.get_id()
    with correlated(batch_id=place.batch_id, brief_id=place.brief.id, flow_run_id=run):
        item = await _described(studio, place, stages, await _ending(place, make))
        studio.timeline.troubled(item.id, trouble_of(item))
        _tell(item)
    return item


async def _ending(place: Place, make: Callable[[], Awaitable[None]]) -> _Ending:
    try:
        await make()
    except BudgetReached as error:
        return _Ending("blocked", error.info(), would_cost=error.needed)
    except GlobalAIOPCError as error:
        withhold(error)
        return _Ending(_state_after(error), error.info())
    except Exception as error:  # a defect of ours must not stop the other briefs
        trace = None if is_private() else error
        get_run_logger().error("%s: a defect in the pipeline", place.brief.id, exc_info=trace)
        return _Ending("failed", defect(error, "The pipeline", DEFECT_ADVICE))
    return _Ending("landed")


def _state_after(error: GlobalAIOPCError) -> State:
    match error:
        case OutcomeUnknown() | JobUnknown():
            return "unknown"
        case RequestChanged() | InvalidRequest():
            return "blocked"
        case DeadlinePassed():
            return "pending"
        case _:
            return "failed"


async def _described(
    studio: Studio, place: Place, stages: Sequence[str], ending: _Ending
) -> ReportItem:
    """The brief as its receipts tell it, also what was paid before something failed."""
    try:
        receipts = {
            stage: held.receipt
            for stage in stages
            if (held := await studio.ledger.look(place.job(stage))) is not None
        }
        lying = {key async for key in studio.store.iter_keys(f"{place.folder}/")}
    except GlobalAIOPCError as unreadable:
        error = ending.error or unreadable.info()
        return ReportItem(
            id=place.brief.id,
            state=ending.state,
            take=place.brief.take,
            error=error,
            brief=as_given(place.brief),
        )
    lie_at = keys_among(lying, receipts.values())
    poster = poster_key(place.job("video"))
    landed = {stage: one.media for stage, one in receipts.items() if one.media is not None}
    timed = landed.get("video") or landed.get("speech")
    keys = {stage: media.key for stage, media in landed.items() if stage != "voice"}
    voice = receipts.get("voice")
    return ReportItem(
        id=place.brief.id,
        state=ending.state,
        take=place.brief.take,
        script=place.script_key if place.script_key in lying else None,
        image=keys.get("image"),
        video=keys.get("video"),
        poster=poster if "video" in receipts and poster in lying else None,
        speech=keys.get("speech"),
        voice=voice.voice_id if voice else None,
        seconds=timed.seconds if timed else None,
        cost=_cost(receipts.values()),
        would_cost=ending.would_cost,
        error=ending.error,
        jobs=tuple(job_of(receipt, lie_at) for receipt in receipts.values()),
        brief=as_given(place.brief),
    )


def _cost(receipts: Iterable[Receipt]) -> Decimal | None:
    amounts = [receipt.amount for receipt in receipts if receipt.amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def job_of(receipt: Receipt, lie_at: Mapping[str, str]) -> Job:
    """A job as its receipt tells it; `lie_at` are the keys of its inputs, by their hash."""
    media, seed = receipt.media, receipt.asked.get("seed")
    return Job(
        stage=receipt.job.stage,
        model=receipt.model,
        prompt=_prompt(receipt),
        task_id=receipt.task_id,
        key=media.key if media else None,
        sha256=media.sha256 if media else None,
        size=media.size if media else None,
        cost=receipt.amount,
        submitted=receipt.times.get("submitted"),
        landed=receipt.times.get("landed"),
        take=receipt.job.take,
        endpoint=receipt.endpoint,
        seed=seed if isinstance(seed, int) else None,
        content_type=media.content_type if media else None,
        width=media.width if media else None,
        height=media.height if media else None,
        seconds=media.seconds if media else None,
        completed=receipt.times.get("completed"),
        inputs=inputs_of(receipt, lie_at),
    )


def _prompt(receipt: Receipt) -> str:
    said = receipt.asked.get("prompt") or receipt.asked.get("text") or ""
    return "" if receipt.private else str(said)


def _tell(item: ReportItem) -> None:
    """One line of the run's log for one brief."""
    logger = get_run_logger()
    if item.error is None:
        logger.info("%s: landed %s, cost %s", item.id, item.made, item.cost)
    else:
        named = f" Request {item.error.request_id}." if item.error.request_id else ""
        logger.warning("%s: %s. %s%s", item.id, item.state, item.error.message, named)
