"""Landing as a Prefect task: from the provider's URL into the bucket, whole or not at all."""

import logging

from globalaiopc import GlobalAIOPCError
from ledger import Held, Landed, Receipt, ReceiptMoved, StoreError
from tasks import telemetry
from tasks.declare import api_task
from tasks.landing import LandingFailed, land_media, land_poster
from tasks.landing.inspection import WantedKind
from tasks.landing.metadata import TASK_ID
from tasks.landing.stream import GUARD
from tasks.landing.subtitles import land_subtitles
from tasks.orders import MAKES, Bought, media_stem, poster_key
from tasks.paid import in_bucket, seen_completed
from tasks.provenance import complete_sidecar, label_of, write_sidecar
from tasks.studio import Studio

log = logging.getLogger(__name__)


@api_task(
    name="land",
    run_name="{bought.label}",
    description="Stream the finished media into the bucket, prove that it is whole, note it.",
)
async def land(studio: Studio, bought: Bought) -> Landed:
    """Put one bought medium under its brief's folder; free, and repeatable at any time.

    What it has to be follows from the job's stage. A video gets a poster frame beside it, a speech
    its subtitles if there are any, and each of them its sidecar. Raises the landing's errors; the
    job stays `completed`, and the next run lands it with a fresh URL.
    """
    receipt = bought.held.receipt
    if receipt.media is not None:
        await complete_sidecar(studio, receipt, receipt.media)
        return receipt.media
    job = receipt.job
    with studio.timeline.span(job.brief_id, job.stage, "land", job=receipt.task_id):
        return await _landed_and_noted(studio, bought)


async def land_again(studio: Studio, held: Held, media_url: str) -> Landed:
    """Bring a medium that had landed back to where it lay, from the provider, who still keeps it.

    Free. Its receipt stays as it is: the same file with the same label is the same object. Raises
    the landing's errors.
    """
    return await _medium(studio, Bought(held, media_url=media_url))


async def _landed_and_noted(studio: Studio, bought: Bought) -> Landed:
    receipt = bought.held.receipt
    media = None if bought.just_done else await in_bucket(studio, receipt)
    if media is None:
        media = await _landed(studio, bought)
    else:
        await _completed(studio, bought, media)
    # Before the note: whatever is noted as landed has a sidecar, unless that could not be written.
    await write_sidecar(studio, receipt, media)
    try:
        await studio.ledger.landed(bought.held, media)
    except ReceiptMoved:
        held = await studio.ledger.look(receipt.job)
        if held is None or held.receipt.media is None:
            raise
        return held.receipt.media
    telemetry.landed(receipt, media)
    return media


async def _completed(studio: Studio, bought: Bought, media: Landed) -> None:
    """Put beside a medium that a process uploaded just before it died what belongs there."""
    receipt = bought.held.receipt
    if _kind(receipt) == "video":
        await land_poster(store=studio.store, video=media, poster_key=poster_key(receipt.job))
    if receipt.job.stage == "speech" and (url := await _subtitle_url(studio, bought)):
        await _with_subtitles(studio, receipt, url)


async def _subtitle_url(studio: Studio, bought: Bought) -> str | None:
    """Where the subtitles are, if there are any; None also when nobody can say any more."""
    if bought.subtitle_url:
        return bought.subtitle_url
    try:
        return (await seen_completed(studio, bought.held.receipt)).subtitle_url
    except GlobalAIOPCError as error:
        if error.retry_is_free:
            raise
        log.warning("No subtitles for %s: %s", bought.held.receipt.job, error.message)
        return None


async def _with_subtitles(studio: Studio, receipt: Receipt, url: str) -> None:
    await land_subtitles(
        store=studio.store,
        key_stem=media_stem(receipt.job),
        url=url,
        http=studio.media_http,
        guard=GUARD,
        wall=studio.client.clock.wall(),
    )


async def _landed(studio: Studio, bought: Bought) -> Landed:
    receipt = bought.held.receipt
    late: LandingFailed | StoreError | None = None
    if bought.subtitle_url:
        try:
            await _with_subtitles(studio, receipt, bought.subtitle_url)
        except (LandingFailed, StoreError) as error:
            late = error  # the sound is not to be lost meanwhile
    media = await _medium(studio, bought)
    if late is not None:
        raise late
    return media


async def _medium(studio: Studio, bought: Bought) -> Landed:
    receipt = bought.held.receipt

    async def fresh_url() -> str:
        return (await seen_completed(studio, receipt)).media_url or ""

    kind = _kind(receipt)
    return await land_media(
        store=studio.store,
        key_stem=media_stem(receipt.job),
        media_url=bought.media_url or await fresh_url(),
        kind=kind,
        http=studio.media_http,
        refresh=fresh_url,
        metadata={"model": receipt.model, TASK_ID: bought.task_id},
        label=label_of(receipt),
        poster_key=poster_key(receipt.job) if kind == "video" else None,
        room=studio.room,
        clock=studio.client.clock,
    )


def _kind(receipt: Receipt) -> WantedKind:
    return MAKES.get(receipt.job.stage, "image")
