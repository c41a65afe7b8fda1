"""Landing as a Prefect task: from the provider's URL into the bucket, whole or not at all."""

from ledger import Landed, Receipt, ReceiptMoved
from tasks.declare import api_task
from tasks.landing import land_media, land_poster
from tasks.landing.inspection import WantedKind
from tasks.landing.metadata import TASK_ID
from tasks.landing.stream import GUARD
from tasks.landing.subtitles import land_subtitles
from tasks.orders import MAKES, Bought, media_stem, poster_key
from tasks.paid import in_bucket, seen_completed
from tasks.studio import Studio


@api_task(
    name="land",
    run_name="{bought.label}",
    description="Stream the finished media into the bucket, prove that it is whole, note it.",
    tags=["landing"],
)
async def land(studio: Studio, bought: Bought) -> Landed:
    """Put one bought medium under its brief's folder; free, and repeatable at any time.

    What it has to be follows from the job's stage. A video gets a poster frame beside it, a speech
    its subtitles if there are any. Raises the landing's errors; the job stays `completed`, and the
    next run lands it with a fresh URL.
    """
    receipt = bought.held.receipt
    if receipt.media is not None:
        return receipt.media
    with studio.timeline.span(receipt.job.brief_id, receipt.job.stage, "land"):
        return await _landed_and_noted(studio, bought)


async def _landed_and_noted(studio: Studio, bought: Bought) -> Landed:
    receipt = bought.held.receipt
    media = await _repaired(studio, receipt) or await _landed(studio, bought)
    try:
        await studio.ledger.landed(bought.held, media)
    except ReceiptMoved:
        held = await studio.ledger.look(receipt.job)
        if held is None or held.receipt.media is None:
            raise
        return held.receipt.media
    return media


async def _repaired(studio: Studio, receipt: Receipt) -> Landed | None:
    """The medium that a process uploaded just before it died, without another download."""
    media = await in_bucket(studio, receipt)
    if media is not None and _kind(receipt) == "video":
        await land_poster(store=studio.store, video=media, poster_key=poster_key(receipt.job))
    return media


async def _landed(studio: Studio, bought: Bought) -> Landed:
    receipt = bought.held.receipt

    async def fresh_url() -> str:
        return (await seen_completed(studio, receipt)).media_url or ""

    kind = _kind(receipt)
    if bought.subtitle_url:  # first: once the medium is there, nobody asks for more
        await land_subtitles(
            store=studio.store,
            key_stem=media_stem(receipt.job),
            url=bought.subtitle_url,
            http=studio.media_http,
            guard=GUARD,
            wall=studio.client.clock.wall(),
        )
    return await land_media(
        store=studio.store,
        key_stem=media_stem(receipt.job),
        media_url=bought.media_url or await fresh_url(),
        kind=kind,
        http=studio.media_http,
        refresh=fresh_url,
        metadata={"model": receipt.model, TASK_ID: bought.task_id},
        poster_key=poster_key(receipt.job) if kind == "video" else None,
        room=studio.room,
        clock=studio.client.clock,
    )


def _kind(receipt: Receipt) -> WantedKind:
    return MAKES.get(receipt.job.stage, "image")
