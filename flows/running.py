"""One brief from beginning to end, and what the report says of it. One bad brief stops no other."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from prefect.logging import get_run_logger

from flows.briefs import Makes
from flows.checks import check_script
from flows.errors import defect
from flows.inputs import land_inputs
from flows.making import Maker
from flows.report import Job, ReportItem, State
from flows.spending import paid_jobs
from flows.stages import stages_of
from flows.work import Work
from flows.writing import make_script
from globalaiopc import DeadlinePassed, ErrorInfo, GlobalAIOPCError, InvalidRequest, OutcomeUnknown
from ledger import BudgetReached, JobUnknown, Receipt, RequestChanged
from tasks import Studio, poster_key

STAGES = ("image", "video")
DEFECT_ADVICE = "Run the batch again: what was bought is continued. Report the log of this run."


@dataclass(frozen=True)
class _Ending:
    state: State
    error: ErrorInfo | None = None
    would_cost: Decimal | None = None


async def run_brief(studio: Studio, work: Work, makes: Makes) -> ReportItem:
    """Make one brief, or as much of it as can be made, and say how it went. Raises nothing."""
    item = await _described(studio, work, await _make(studio, work, makes))
    _tell(item)
    return item


async def _make(studio: Studio, work: Work, makes: Makes) -> _Ending:
    try:
        stages = stages_of(work.brief, makes, studio.client.catalogue)
        async with studio.purse.brief(paid_jobs(work, stages)):
            inputs = await land_inputs(studio, work, stages)
            script = await make_script(studio, work, stages)
            check_script(stages, script)
            maker = Maker(studio, work, stages)
            picture = await maker.image(script, inputs)
            if stages.video:
                await maker.video(script, inputs, picture)
    except BudgetReached as error:
        return _Ending("blocked", error.info(), would_cost=error.needed)
    except GlobalAIOPCError as error:
        return _Ending(_state_after(error), error.info())
    except Exception as error:  # a defect of ours must not stop the other briefs
        get_run_logger().exception("%s: a defect in the pipeline", work.brief.id)
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


async def _described(studio: Studio, work: Work, ending: _Ending) -> ReportItem:
    """The brief as its receipts tell it, also what was paid before something failed."""
    try:
        receipts = {
            stage: held.receipt
            for stage in STAGES
            if (held := await studio.ledger.look(work.job(stage))) is not None
        }
        script = work.script_key if await studio.store.head(work.script_key) else None
        poster = poster_key(work.job("video"))
        has_poster = "video" in receipts and await studio.store.head(poster) is not None
    except GlobalAIOPCError as unreadable:
        error = ending.error or unreadable.info()
        return ReportItem(id=work.brief.id, state=ending.state, take=work.brief.take, error=error)
    landed = {stage: one.media for stage, one in receipts.items() if one.media is not None}
    video = landed.get("video")
    return ReportItem(
        id=work.brief.id,
        state=ending.state,
        take=work.brief.take,
        script=script,
        image=landed["image"].key if "image" in landed else None,
        video=video.key if video else None,
        poster=poster if has_poster else None,
        seconds=video.seconds if video else None,
        cost=_cost(receipts.values()),
        would_cost=ending.would_cost,
        error=ending.error,
        jobs=tuple(_job(receipt) for receipt in receipts.values()),
    )


def _cost(receipts: Iterable[Receipt]) -> Decimal | None:
    amounts = [receipt.amount for receipt in receipts if receipt.amount is not None]
    return sum(amounts, Decimal(0)) if amounts else None


def _job(receipt: Receipt) -> Job:
    media = receipt.media
    return Job(
        stage=receipt.job.stage,
        model=receipt.model,
        prompt=str(receipt.asked.get("prompt", "")),
        task_id=receipt.task_id,
        key=media.key if media else None,
        sha256=media.sha256 if media else None,
        size=media.size if media else None,
        cost=receipt.amount,
        submitted=receipt.times.get("submitted"),
        landed=receipt.times.get("landed"),
    )


def _tell(item: ReportItem) -> None:
    """One line of the run's log for one brief."""
    logger = get_run_logger()
    if item.error is None:
        logger.info("%s: landed %s, cost %s", item.id, item.video or item.image, item.cost)
    else:
        logger.warning("%s: %s. %s", item.id, item.state, item.error.message)
