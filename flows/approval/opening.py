"""How a batch's run gets its gate, and how it ends at one that is closed."""

from dataclasses import dataclass
from typing import Literal

from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.approval.desk import Given, form_of_this_run
from flows.approval.gate import Gate
from flows.approval.records import Records, folder, was_asked
from flows.approval.words import count
from flows.artifacts import artifact_key
from flows.ending import Outcome, end_of_batch
from flows.errors import Declined
from flows.report import BatchReport, sentence
from flows.work import Work
from globalaiopc import InvalidRequest
from tasks import Studio
from tasks.orders import BOUGHT
from tasks.prices import open_prices

Approve = Literal["images"]

MOST_PICTURES = 200
"""On one sheet: more are no longer looked at, and their thumbnails no longer to be seen."""


@dataclass(frozen=True)
class Approval:
    """What a run was asked for: `approve` what is approved, `reply` its own answer."""

    approve: Approve | None
    reply: str | None
    wave: int

    async def wanted(self, studio: Studio, batch_id: str) -> bool:
        """Whether videos wait for approval. Once they did, they do in every run of the batch."""
        if self.approve or (self.reply or "").strip():
            return True
        return await was_asked(studio.store, batch_id)

    async def gate(
        self, studio: Studio, works: list[Work], prices: str | None, *, alone: bool
    ) -> Gate | None:
        """The gate of a batch; None where its videos need nobody's word. `alone`: not in shards.

        Raises `InvalidRequest` for what cannot be, before anything is sent.
        """
        if not works or not await self.wanted(studio, works[0].batch_id):
            return None
        if not alone:
            raise InvalidRequest(
                "Approval and shards do not go together: one run shows the pictures of the batch.",
                field="shards",
                allowed="1 for a batch that waits for approval",
                advice="Run it with shards=1; an approved wave is made at once all the same.",
            )
        if not 1 <= self.wave <= MOST_PICTURES:
            raise InvalidRequest(
                f"A sheet cannot have {self.wave} pictures.",
                field="wave",
                allowed=f"1 to {MOST_PICTURES}",
            )
        given = self.reply.strip() if self.reply else ""
        return Gate(
            studio=studio,
            prices=await open_prices(studio, prices, works[0].batch_id),
            batch_id=works[0].batch_id,
            wave=self.wave,
            given=Given.parse(given, len(works)) if given else None,
            form=form_of_this_run(),
        )

    async def planned(
        self, studio: Studio, works: list[Work], plan: State[Outcome]
    ) -> State[Outcome]:
        """The plan's state, which also says what a run would ask a person."""
        if not works or not await self.wanted(studio, works[0].batch_id):
            return plan
        known = await Records(studio.store, works[0].batch_id).load()
        answered = [one.answer for one in known if one.answer is not None]
        approved = sum(len(one.approved) for one in answered)
        waiting = f" Sheet {len(known)} waits for an answer." if len(answered) < len(known) else ""
        said = (
            f"No video is made without approval: {count(approved, 'video')} of "
            f"{count(len(works), 'brief')} approved so far.{waiting} A run makes the pictures of "
            f"{self.wave} at a time and asks; its cost above is what it is with all approved."
        )
        return plan.model_copy(update={"message": f"{plan.message} {said}"})


async def refuse_unasked(studio: Studio, work: Work) -> None:
    """Raise `InvalidRequest` for a video that only its batch may buy, with a person's word.

    A video that is bought already needs nobody's word: it is brought in.
    """
    batch_id = work.batch_id
    if not await was_asked(studio.store, batch_id):
        return
    known = await studio.ledger.look(work.job("video"))
    if known is not None and known.receipt.state in (*BOUGHT, "unknown"):
        return
    sheet = len(await Records(studio.store, batch_id).load())
    page = studio.store.uri(f"{folder(batch_id)}/sheet-{sheet}.html")
    raise InvalidRequest(
        f"Batch {batch_id} makes no video that nobody has approved, and a run of one brief asks "
        "nobody. Nothing was sent.",
        field="batch_id",
        allowed="a batch that does not wait for approval",
        advice=(
            f"Its sheet: artifact {artifact_key('sheet', batch_id)}, or {page}. Answer it there, "
            "or run content_batch as this batch; or give this brief another batch_id."
        ),
    )


async def end_at_gate(gate: Gate, report: BatchReport) -> State[Outcome]:
    """How a run ends that went through its gate. Suspends it where somebody can be asked.

    `AwaitingApproval` (of the type Completed) where nobody can. What a person declined is no
    failure: a batch in which all that was approved has landed is Completed.
    """
    data: Outcome = report.model_dump(mode="json")
    if gate.waiting is not None:
        message = gate.message()
        await gate.ask()
        return Completed(name="AwaitingApproval", message=message, data=data)
    missing = [item.error for item in report.items if item.state != "landed"]
    if all(error is not None and error.code == Declined.code for error in missing):
        return Completed(message=sentence(report), data=data)
    return end_of_batch(report)
