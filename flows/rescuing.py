"""Bringing one job that was left behind to where it can come: a look, the note of it, the landing.

A live run may be waiting for the same job. That is harmless: looks and landings are free, both
write the same, and a receipt that has moved on is believed.
"""

from datetime import datetime

from prefect.logging import get_run_logger

from flows.errors import defect
from flows.orchestration import orchestrated
from flows.rescue_report import Fate, RescuedJob
from globalaiopc import (
    ApiVersion,
    DeadlinePassed,
    ErrorInfo,
    GlobalAIOPCError,
    JobFailed,
    PollFailed,
    TaskGone,
    TaskView,
)
from ledger import Held, JobKey, PriceBook, ReceiptMoved
from tasks import Bought, Studio, land
from tasks.land import land_again
from tasks.landing import MediaGone
from tasks.paid import KEPT, in_bucket, need_voice_id, note_completed, note_failed, note_gone
from tasks.private import private
from tasks.provenance import prompts_of

GONE_PATIENCE = 300.0
"""Seconds in which a job that the provider does not know has to be denied several times."""

DEFECT_ADVICE = "Report the log of this run; running it again costs nothing."


class Rescuer:
    """Brings jobs in one at a time; `now` is the time of the run."""

    def __init__(self, studio: Studio, prices: PriceBook, now: datetime) -> None:
        self._studio = studio
        self._prices = prices
        self._now = now

    async def rescue(self, job: JobKey) -> RescuedJob | None:
        """How the job stands after all that can be done now; None when it is settled already.

        Raises nothing: what goes wrong with one job stops no other.
        """
        held: Held | None = None
        try:
            held = await self._studio.ledger.look(job)
            if held is None:
                return None
            with private(prompts_of(held.receipt), when=bool(held.receipt.private)):
                return await self._rescued(held)
        except GlobalAIOPCError as error:
            return self._stuck(job, held, error.info())
        except Exception as error:  # a defect of ours must not stop the other jobs
            get_run_logger().exception("%s: a defect in the rescue", job)
            return self._stuck(job, held, defect(error, "The rescue", DEFECT_ADVICE))

    async def _rescued(self, held: Held) -> RescuedJob | None:
        held = await self._expired(held)
        match held.receipt.state:
            case "unknown":
                return self.row(held, "unknown")
            case "intent":
                claim = held.receipt.claim
                return self.row(
                    held, "running", f"It is just being sent by {claim.holder if claim else '?'}."
                )
            case "submitted" | "completed":
                return await self._fetched(held)
            case "landed":
                return await self._put_back(held)
            case _:
                return None

    async def _expired(self, held: Held) -> Held:
        try:
            return await self._studio.ledger.expire(held)
        except ReceiptMoved:
            return await self._studio.ledger.look(held.receipt.job) or held

    async def _fetched(self, held: Held) -> RescuedJob:
        if await in_bucket(self._studio, held.receipt) is not None:
            return await self._landed(held, None)
        try:
            view = await seen_once(self._studio, held)
        except TaskGone as error:
            held, gone = await note_gone(self._studio, held, error)
            # Not known to this key: that says nothing about the account which bought it.
            ours = self._studio.keys.knows(held.receipt.key_hash)
            return self.row(held, "gone" if ours else "stuck", error=gone.info())
        except JobFailed as error:
            held = await note_failed(self._studio, held, error)
            return self.row(held, "failed")
        if view is None:
            return self.row(held, "running", "The provider is still making it.")
        need_voice_id(held.receipt, view)
        held = await note_completed(self._studio, held, view)
        return await self._landed(held, view)

    async def _landed(self, held: Held, view: TaskView | None) -> RescuedJob:
        bought = Bought(held)
        if view is not None:
            bought = Bought(held, media_url=view.media_url, subtitle_url=view.subtitle_url)
        try:
            media = await orchestrated(land, self._studio, bought)
        except MediaGone as error:
            times = held.receipt.times
            if self._now > times.get("completed", self._now) + KEPT:
                held = await note_failed(self._studio, held, error)
            return self.row(held, "gone", error=error.info())
        held = await self._studio.ledger.look(held.receipt.job) or held
        return self.row(held, "recovered", f"It lies at {self._studio.store.uri(media.key)}.")

    async def _put_back(self, held: Held) -> RescuedJob | None:
        """What had landed and is gone from the bucket; None when it is there, whatever it is."""
        media, store = held.receipt.media, self._studio.store
        if media is None or await store.head(media.key) is not None:
            return None
        try:
            view = await seen_once(self._studio, held)
        except TaskGone as error:
            return self.row(held, "gone", error=error.info())
        if view is None or not view.media_url:
            return self.row(held, "stuck", "The provider does not say where its file is.")
        again = await land_again(self._studio, held, view.media_url)
        where = f"It was gone, and lies again at {store.uri(again.key)}"
        if again.sha256 == media.sha256:
            return self.row(held, "recovered", f"{where}.")
        return self.row(held, "stuck", f"{where}, but is not the same file as before.")

    def row(
        self, held: Held, fate: Fate, message: str = "", *, error: ErrorInfo | None = None
    ) -> RescuedJob:
        return RescuedJob.of(
            held.receipt,
            fate,
            prices=self._prices,
            now=self._now,
            message=message,
            error=error,
        )

    def _stuck(self, job: JobKey, held: Held | None, error: ErrorInfo) -> RescuedJob:
        if held is not None:
            return self.row(held, "stuck", error=error)
        return RescuedJob(
            job=str(job), fate="stuck", model="", message=error.message, advice=error.advice
        )


async def seen_once(studio: Studio, held: Held) -> TaskView | None:
    """One look: the finished job with a fresh URL, or None while it is being made.

    A job that the provider does not know is looked at several times more, at the usual pace.
    Raises `JobFailed`, `TaskGone`, `CompletedWithoutMedia`, or what looking itself raises.
    """
    receipt = held.receipt
    task_id = receipt.task_id or ""
    api: ApiVersion = "v2" if receipt.api == "v2" else "v1"
    patience = 0.0
    try:
        view = await studio.keys.look(receipt, lambda client: client.result(task_id, api=api))
    except PollFailed as error:
        if error.code != "task_unknown":
            raise
        patience = GONE_PATIENCE
    else:
        if not view.final:
            return None
        if view.status == "completed" and view.media_url:
            return view
    try:
        return await studio.keys.look(
            receipt,
            lambda client: client.wait(
                task_id, model=receipt.model, api=api, deadline_seconds=patience
            ),
        )
    except DeadlinePassed:
        return None
