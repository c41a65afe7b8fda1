"""The one way in which this project spends money: claim, send once, remember, wait.

If the process dies on a line, the next run finds in the receipt:

    before the claim is written     nothing: it claims and sends
    claim written, nothing sent     an intent: unknown once its lease has ended, never sent again
    sent, answer not yet recorded   the same: it cannot be told apart from the line above
    `submitted` written             the provider's id: it waits for the same job
    `completed` written             the same id: it asks for a fresh URL and lands
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from globalaiopc import (
    ApiVersion,
    CompletedWithoutMedia,
    GlobalAIOPCClient,
    GlobalAIOPCError,
    JobFailed,
    NotSent,
    PollFailed,
    TaskGone,
    TaskView,
    Unauthorized,
)
from globalaiopc.requests import VoiceCloneRequest
from ledger import Held, JobUnknown, Known, Landed, Mine, Receipt, ReceiptMoved, StoreError, Theirs
from ledger.rules import check_same
from tasks import telemetry
from tasks.errors import KeptError
from tasks.landing import already_landed
from tasks.orders import BOUGHT, Bought, Order, media_stem
from tasks.private import is_private, withhold
from tasks.studio import Studio
from tasks.uninterrupted import uninterrupted

FOLLOW_SECONDS = 2.0
"""How often a job that another process is just sending is looked at (a read of the bucket)."""

KEPT = timedelta(hours=24)
"""How long the provider keeps a job and its file (docs). Before, "no such job" is not believed."""

log = logging.getLogger(__name__)


async def buy(studio: Studio, order: Order) -> Bought:
    """Bring one paid job to `completed`, paying for it at most once.

    Whatever an earlier run, another process or another machine has done for the same key is
    continued. Raises the API's own errors, `JobUnknown` for a job whose fate nobody knows,
    `RequestChanged` when the key was used for another request, and `BudgetReached`.
    """
    bought = await _bought(studio, order)
    await studio.purse.settle(bought.held.receipt)
    studio.timeline.paid(bought.held.receipt)
    return bought


async def _bought(studio: Studio, order: Order) -> Bought:
    held = await studio.ledger.look(order.key)
    if held is not None and held.receipt.state in BOUGHT:
        studio.timeline.bought_before(order.key.brief_id, order.key.stage)
        check_same(held.receipt, order.request.endpoint, order.model, order.asked)
        return await _finish(studio, held)
    order = await _renewed(studio, order)
    async with studio.place(order.key, model=order.model):
        sent = await _send_or_follow(studio, order, new=held is None)
        return await _finish(studio, sent)


async def send_again(studio: Studio, order: Order, held: Held, by: str) -> Held:
    """Send a job of unknown outcome once more, on `by`'s word: one POST, never retried.

    Returns the receipt as `submitted`; the job is waited for like any other. Raises `ReceiptMoved`
    when somebody else decided first, else the API's own errors.
    """

    async def claimed_and_sent(fresh: Order, client: GlobalAIOPCClient) -> Held:
        mine = await studio.ledger.resubmit(held, by, key_hash=client.key_hash)
        return await _send_once(studio, fresh, mine, client)

    async with studio.place(order.key, model=order.model):
        client = studio.client
        try:
            async with _turn(studio, order) as fresh:
                client = studio.client
                return await uninterrupted(claimed_and_sent(fresh, client))
        except Unauthorized:
            if not await studio.keys.renewed(client):
                raise
        return await _send_or_follow(studio, order)


async def _claim(
    studio: Studio, order: Order, client: GlobalAIOPCClient, *, new: bool
) -> Mine | Theirs | Known:
    request = order.request
    return await studio.ledger.claim(
        order.key,
        endpoint=request.endpoint,
        model=order.model,
        api=request.api,
        key_hash=client.key_hash,
        asked=order.asked,
        private=is_private(),
        new=new,
    )


async def _send_or_follow(studio: Studio, order: Order, *, new: bool = False) -> Held:
    """Send, or follow who does. `new`: there was no receipt yet.

    A key that was replaced meanwhile costs a second claim and no money: what was refused for its
    key is `failed`, not charged, and claimed anew for the new key.
    """
    while True:
        client = studio.client
        try:
            # Before the claim, which would run out in the queue.
            async with _turn(studio, order) as fresh:
                client = studio.client
                match await _claim(studio, fresh, client, new=new):
                    case Mine(held):
                        return await uninterrupted(_send_once(studio, fresh, held, client))
                    case Known(held):
                        return held
                    case Theirs():
                        order = fresh
        except Unauthorized:
            if not await studio.keys.renewed(client):
                raise
            continue
        await studio.client.clock.sleep(FOLLOW_SECONDS * studio.client.time_scale)


async def _renewed(studio: Studio, order: Order) -> Order:
    return await order.renewed(studio.client.clock.now(), studio.client.key_hash)


def _is_stale(studio: Studio, order: Order) -> bool:
    return order.is_stale(studio.client.clock.now(), studio.client.key_hash)


@asynccontextmanager
async def _turn(studio: Studio, order: Order) -> AsyncIterator[Order]:
    """One of the model's sends, and the order with media that the provider can still fetch.

    Thousands of briefs wait for a place, and a pause may last for hours: URLs age meanwhile. They
    are renewed before the claim, which would run out while an asset is reviewed, and out of the
    turn, which others wait for.
    """
    while True:
        if _is_stale(studio, order):
            order = await _renewed(studio, order)
        async with studio.turn(order.key.brief_id, order.key.stage, order.model):
            if not _is_stale(studio, order):
                yield order
                return


async def _send_once(studio: Studio, order: Order, held: Held, client: GlobalAIOPCClient) -> Held:
    """`client` has the key that the claim names."""
    ledger = studio.ledger

    def before_send() -> None:
        # Checked last of all: a machine may have slept since the claim was written.
        if not ledger.still_mine(held):
            raise NotSent("The claim ran out before the request could be sent.")

    try:
        await studio.purse.reserve(held)
        if not ledger.still_mine(held, after=client.cooldown.remaining):
            raise NotSent("The provider asked for a pause that outlasts the claim.")
        with studio.timeline.span(order.key.brief_id, order.key.stage, "send"):
            submission = await client.create(order.request, before_send=before_send)
    except GlobalAIOPCError as error:
        withhold(error)
        await studio.purse.release(held.receipt, error)
        await _note_not_submitted(studio, held, error)
        raise
    studio.limits.sends(order.model).accepted()
    return await ledger.submitted(held, submission.task_id)


async def _note_not_submitted(studio: Studio, held: Held, error: GlobalAIOPCError) -> None:
    if error.charged == "no":
        await studio.ledger.failed(held, error.info())
        return
    telemetry.unknown(held.receipt, error.code)
    try:
        await studio.ledger.unknown(held, error.info())
    except StoreError as away:
        # The intent becomes `unknown` by itself; a bucket's "not charged" must not hide this error.
        log.warning("%s: %s is not noted: %s", held.receipt.job, error.code, away.message)


async def _finish(studio: Studio, held: Held) -> Bought:
    receipt = held.receipt
    match receipt.state:
        case "landed":
            return Bought(held)
        case "completed" | "submitted":
            return await _wait(studio, held)
        case "failed" if receipt.error is not None:
            raise KeptError(receipt.error)
        case _:
            raise JobUnknown(receipt)


async def _wait(studio: Studio, held: Held) -> Bought:
    if await in_bucket(studio, held.receipt) is not None:
        return Bought(held)
    try:
        job = held.receipt.job
        span = studio.timeline.span(job.brief_id, job.stage, "wait", job=held.receipt.task_id)
        with span as looks:
            view = await seen_completed(studio, held.receipt, looks.saw)
    except JobFailed as error:
        await note_failed(studio, held, error)
        raise
    except TaskGone as error:
        _, gone = await note_gone(studio, held, error)
        raise gone from error
    now = await note_completed(studio, held, view)
    return Bought(
        now,
        media_url=view.media_url,
        subtitle_url=view.subtitle_url,
        just_done=held.receipt.state == "submitted",
    )


async def in_bucket(studio: Studio, receipt: Receipt) -> Landed | None:
    """The medium of a job whose process died between the upload and its note."""
    if receipt.state != "completed" or receipt.task_id is None:
        return None
    stem = media_stem(receipt.job)
    return await already_landed(studio.store, stem, task_id=receipt.task_id, room=studio.room)


async def seen_completed(
    studio: Studio, receipt: Receipt, on_look: Callable[[TaskView], None] | None = None
) -> TaskView:
    """The provider's view of a job that is done, with a URL as fresh as can be had."""
    task_id = receipt.task_id or ""
    api: ApiVersion = "v2" if receipt.api == "v2" else "v1"
    if receipt.state == "completed":
        try:
            view = await studio.keys.look(receipt, lambda client: client.result(task_id, api=api))
        except PollFailed as error:
            if error.code != "task_unknown":
                raise
        else:
            if view.status == "completed" and view.media_url:
                return view
    watch = studio.times.watch(receipt.model, _since_submitted(studio, receipt))

    def looked(view: TaskView) -> None:
        watch.on_look(view)
        if on_look is not None:
            on_look(view)

    view = await studio.keys.look(
        receipt,
        lambda client: client.wait(
            task_id, model=receipt.model, api=api, on_look=looked, cadence=watch.looks
        ),
    )
    await studio.times.save_some()
    need_voice_id(receipt, view)
    return view


def need_voice_id(receipt: Receipt, view: TaskView) -> None:
    """Raise `CompletedWithoutMedia` for a cloned voice whose id nobody has told yet.

    A receipt that is `completed` without it would never ask for it again.
    """
    if receipt.endpoint == VoiceCloneRequest.endpoint and not (view.voice_id or receipt.voice_id):
        raise CompletedWithoutMedia(
            "The voice is cloned, and the answer does not say its id.", task_id=receipt.task_id
        )


def _since_submitted(studio: Studio, receipt: Receipt) -> float:
    """Seconds; by the clocks of two machines, where another one has sent it."""
    now = studio.ledger.now()
    return (now - receipt.times.get("submitted", now)).total_seconds()


async def note_completed(studio: Studio, held: Held, view: TaskView) -> Held:
    """Write down that a job was seen done, if the receipt does not say so yet."""
    if held.receipt.state != "submitted":
        return held
    write = studio.ledger.completed(
        held,
        amount=view.amount,
        actual_seconds=view.actual_seconds,
        total_tokens=view.total_tokens,
        voice_id=view.voice_id,
    )
    now = await _or_follow(studio, held, write)
    telemetry.charged(now.receipt, studio.purse.currency)
    return now


async def note_failed(studio: Studio, held: Held, error: GlobalAIOPCError) -> Held:
    """Write down that nothing will come of a job."""
    withhold(error)
    await studio.purse.release(held.receipt, error)
    return await _or_follow(studio, held, studio.ledger.failed(held, error.info()))


async def note_gone(studio: Studio, held: Held, error: TaskGone) -> tuple[Held, TaskGone]:
    """The provider denies a job. The receipt is closed only where that can be true.

    Another account's key knows no job of ours, and a gateway in trouble may deny all of them for a
    minute: while the provider should still have it, the receipt stays, and looking again is free.
    """
    receipt = held.receipt
    if not studio.keys.knows(receipt.key_hash):
        return held, TaskGone(
            f"{error.message} It was bought with another key (hash {receipt.key_hash}).",
            task_id=error.task_id,
            advice=(
                "Run this again with the connection that holds that key. If it was revoked, ask "
                "the provider's support with the job id."
            ),
        )
    since = receipt.times.get("completed") or receipt.times.get("submitted")
    if since is not None and studio.ledger.now() < since + KEPT:
        return held, error
    return await note_failed(studio, held, error), error


async def _or_follow(studio: Studio, held: Held, write: Awaitable[Held]) -> Held:
    """Write, or take what another process wrote meanwhile: both saw the same job end."""
    try:
        return await write
    except ReceiptMoved:
        moved = await studio.ledger.look(held.receipt.job)
        if moved is None:
            raise
        return moved
