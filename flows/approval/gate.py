"""The gate between a batch's pictures and its videos: no video is bought that nobody approved.

A batch goes through it in waves. While the videos of the sheets that are answered are made, so are
the pictures of the next one; at the first sheet without an answer the run stops. Whatever happens
between two lines, the next run reads the sheets and answers and goes on there.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.approval.desk import Form, Given
from flows.approval.pages import answered, html, markdown
from flows.approval.records import Answer, Answered, Records, Remade, Row, Sheet, folder
from flows.approval.replies import Place, Reply, judge
from flows.approval.rows import as_shown, covers, remade, row_of, with_earlier
from flows.approval.thumbs import thumbs_of
from flows.approval.words import Facts
from flows.artifacts import artifact_key, show_page
from flows.describing import made
from flows.errors import ApprovedOtherwise, AwaitingApproval, Declined
from flows.report import ReportItem
from flows.running import STAGES, end, run_brief, run_to_picture
from flows.work import Work
from globalaiopc import GlobalAIOPCError, InvalidRequest
from ledger import PriceBook
from tasks import Studio
from tasks.orders import BOUGHT

REPLIES = 'approval="all" (or "none", "1,3", "best 20 under 50")'


@dataclass
class Gate:
    """Makes a batch's briefs as far as they are approved. `wave`: pictures to a sheet.

    `given` is the run's own answer, `form` where a person is asked; None: there is none.
    """

    studio: Studio
    prices: PriceBook
    batch_id: str
    wave: int
    given: Given | None = None
    form: Form | None = None
    waiting: Facts | None = None
    """The sheet that waits for an answer once `make` is done."""
    _page: str = ""
    _works: dict[str, Work] = field(default_factory=dict)
    _number: dict[str, int] = field(default_factory=dict)
    _history: list[Answered] = field(default_factory=list)
    _decided_of: dict[str, tuple[Row, Answer]] = field(default_factory=dict)
    """By brief, its row on the last answered sheet that it is on."""
    _making: dict[str, asyncio.Task[ReportItem]] = field(default_factory=dict)
    _stuck: dict[str, ReportItem] = field(default_factory=dict)

    async def make(self, works: Sequence[Work]) -> Sequence[ReportItem]:
        """An item for each brief, in their order."""
        self._works = {work.brief.id: work for work in works}
        self._number = {work.brief.id: number for number, work in enumerate(works, start=1)}
        self._making, self._stuck, self._decided_of, self.waiting = {}, {}, {}, None
        records, began = Records(self.studio.store, self.batch_id), self.studio.client.clock.now()
        self._history = await records.load()
        try:
            await self._start_bought()
            for known in self._history:
                self._start(known)
            while (sheet := await self._next(records)) is not None:
                answer = await self._answer(records, sheet)
                if answer is None:
                    await self._shown(sheet)
                    break
                self._history.append(Answered(sheet, answer))
                self._start(self._history[-1])
            if self.form is not None and self.form.waited:
                self.studio.timeline.waited_for_person(self._works, self.form.waited, began)
            if self.waiting is None and self._history:
                await show_page("sheet", self.batch_id, answered(self.batch_id, self._history))
            return await self._items()
        finally:
            for task in self._making.values():
                task.cancel()

    async def ask(self) -> None:
        """Suspend the run until the waiting sheet is answered; raises Prefect's `Pause`.

        Returns where the run cannot be suspended.
        """
        if self.waiting is not None and self.form is not None:
            await self.form.ask(self.waiting.sheet, self.message(), self._page)

    def message(self) -> str:
        """What is waited for, and where to look and to answer, for the run's state."""
        if self.waiting is None:
            return ""
        sheet = self.waiting.sheet
        refused = f"The last reply was refused: {self.waiting.refusal} " if self.form else ""
        here = "Press Resume to answer it. " if self.form else ""
        said = "" if self.form else f"Run batch {self.batch_id} again with {REPLIES} to answer it. "
        return (
            f"{refused if self.waiting.refusal else ''}{self.waiting.waits} {here}{said}The sheet: "
            f"artifact {artifact_key('sheet', sheet.batch_id)}, or {self.waiting.page}"
        )

    # What is decided.

    def _is_here(self, row: Row) -> bool:
        work = self._works.get(row.id)
        return work is not None and covers(row, work.brief)

    def _approved(self) -> list[Row]:
        return [
            row
            for known in self._history
            for row in known.sheet.rows
            if known.answer and row.id in known.answer.approved
        ]

    # Making.

    async def _start_bought(self) -> None:
        """A video that is bought already needs nobody's word: it is brought in."""
        held = await asyncio.gather(
            *(self.studio.ledger.look(work.job("video")) for work in self._works.values())
        )
        for work, known in zip(self._works.values(), held, strict=True):
            if known is not None and known.receipt.state in (*BOUGHT, "unknown"):
                self._begin(work.brief.id, run_brief(self.studio, work, "video"))

    def _start(self, known: Answered) -> None:
        """Take in what a sheet's answer says, and begin the videos that it approves."""
        if known.answer is None:
            return
        for row in known.sheet.rows:
            if not self._is_here(row):
                continue
            self._decided_of[row.id] = row, known.answer
            if row.id in known.answer.approved and row.id not in self._making:
                self._begin(row.id, self._video(row))

    def _begin(self, brief_id: str, making: Coroutine[object, object, ReportItem]) -> None:
        self._making[brief_id] = asyncio.ensure_future(making)

    async def _video(self, row: Row) -> ReportItem:
        """The approved video, made from the picture that was approved and from no other."""
        work = as_shown(self._works[row.id], row)
        item = await run_to_picture(self.studio, work)
        if item.error is not None:
            end(self.studio, item)
            return item
        try:
            now = await row_of(self.studio, work, row.number, self.prices)
        except GlobalAIOPCError as error:  # one brief stops no other
            return await self._ended(work, error)
        if row.as_approved(now):
            return await run_brief(self.studio, work, "video")
        message = f"{row.id} is not what was approved: its picture or its video's request changed."
        return await self._ended(work, ApprovedOtherwise(message, field="briefs"))

    async def _ended(self, work: Work, error: GlobalAIOPCError) -> ReportItem:
        """Nothing more is done for it, and why; what it has so far is told."""

        async def stop() -> None:
            raise error

        item = await made(self.studio, work, STAGES, stop)
        end(self.studio, item)
        return item

    # Sheets.

    async def _next(self, records: Records) -> Sheet | None:
        """The sheet that waits, or a new one with its pictures made; None when all is decided."""
        if self._history and self._history[-1].answer is None:
            return self._history.pop().sheet
        if again := [known for one in self._works if (known := self._undecided(one))]:
            return await self._show(records, await self._remake(again), repeats=True)
        while wave := self._unseen():
            rows = await asyncio.gather(*(self._pictured(work) for work in wave))
            if found := [row for row in rows if row is not None]:
                return await self._show(records, found)
        return None

    def _undecided(self, brief_id: str) -> tuple[Row, Remade | None] | None:
        """A row that an answered sheet has left open, with what is to be made in its place."""
        known = self._decided_of.get(brief_id)
        if known is None or brief_id in self._making or not known[1].leaves(known[0]):
            return None
        row, answer = known
        return row, next((one for one in answer.again if one.id == brief_id), None)

    def _unseen(self) -> list[Work]:
        seen = self._making.keys() | self._stuck.keys() | self._decided_of.keys()
        unseen = (work for name, work in self._works.items() if name not in seen)
        return list(islice(unseen, self.wave))

    async def _pictured(self, work: Work) -> Row | None:
        """The brief's row, once its picture is made; None when there is none to look at."""
        item = await run_to_picture(self.studio, work)
        if item.error is None:
            try:
                return await row_of(self.studio, work, self._number[item.id], self.prices)
            except GlobalAIOPCError as error:
                item = await self._ended(work, error)
        end(self.studio, item)
        self._stuck[item.id] = item
        return None

    async def _remake(self, again: Sequence[tuple[Row, Remade | None]]) -> list[Row]:
        return await asyncio.gather(*(self._remade(row, wish) for row, wish in again))

    async def _remade(self, row: Row, wish: Remade | None) -> Row:
        """The row with its new picture; when that cannot be had, with the old one and a note."""
        if wish is None:
            return row
        asked = row.model_copy(update={**wish.model_dump(), "note": ""})
        work = as_shown(self._works[row.id], asked)
        item = await run_to_picture(self.studio, work)
        if item.error is not None:
            return row.model_copy(update={"note": f"Not made again: {item.error.message}"})
        try:
            fresh = await row_of(self.studio, work, row.number, self.prices)
        except GlobalAIOPCError as error:
            return row.model_copy(update={"note": f"Not made again: {error.message}"})
        prompts = {"image_prompt": wish.image_prompt, "video_prompt": wish.video_prompt}
        return fresh.model_copy(update={**prompts, "score": row.score})

    async def _show(self, records: Records, rows: Sequence[Row], *, repeats: bool = False) -> Sheet:
        number = len(self._history) + 1
        sheet = Sheet(
            batch_id=self.batch_id,
            number=number,
            made=datetime.now(UTC),
            currency=self.prices.currency,
            repeats=number - 1 if repeats else None,
            rows=tuple(rows),
        )
        return await records.show(sheet)

    async def _shown(self, sheet: Sheet) -> None:
        """Let people see the sheet that waits: while earlier videos are still being made."""
        store, key = self.studio.store, f"{folder(self.batch_id)}/sheet-{sheet.number}.html"
        await self.studio.purse.refresh()
        refusal = self.form.refusal if self.form else ""
        facts = Facts.of(sheet, self.studio.purse.account, store.uri(key), refusal)
        thumbs = await thumbs_of(store, sheet.rows)
        self.waiting, self._page = facts, markdown(facts, thumbs)
        await store.put(key, html(facts, thumbs).encode(), content_type="text/html; charset=utf-8")
        await show_page("sheet", self.batch_id, self._page)

    # Answers.

    async def _answer(self, records: Records, sheet: Sheet) -> Answer | None:
        """What was decided about a sheet by whoever came first; None while it waits."""

        async def decide(text: str, reply: Reply) -> Answer:
            return await self._decided(sheet, text, reply)

        mine: Answer | None = None
        if not any(self._is_here(row) for row in sheet.rows):
            mine = self._says(sheet, "", "a list without its briefs")
        if mine is None and self.given is not None:
            mine = await self.given.answer(sheet, decide, self._approved())
        if mine is None and self.form is not None:
            mine = await self.form.answer(sheet, decide)
        if mine is None:
            return None
        counts = await records.decide(mine)
        if counts.by != mine.by or counts.at != mine.at:
            get_run_logger().warning(
                "Sheet %d was answered already (%r): that counts.", sheet.number, counts.reply
            )
        return counts

    async def _decided(self, sheet: Sheet, text: str, reply: Reply) -> Answer:
        rows = {row.number: row for row in sheet.rows if self._is_here(row)}
        verdict = judge(reply, list(rows.values()))
        places = {one.number: one.place for one in reply.again}
        again = [
            await self._wish(rows[number], prompt, places[number])
            for number, prompt in verdict.again.items()
        ]
        said = self._says(sheet, text, str(flow_run.get_name() or "a run"))
        ids = {number: row.id for number, row in rows.items()}
        return said.model_copy(
            update={
                "approved": tuple(ids[number] for number in verdict.approved),
                "declined": tuple(ids[number] for number in verdict.declined),
                "again": tuple(again),
            }
        )

    async def _wish(self, row: Row, prompt: str, place: Place) -> Remade:
        try:
            return await remade(self.studio, self._works[row.id], row, prompt)
        except InvalidRequest as error:
            place.refuse(f"again {row.number}: {error.message}")

    @staticmethod
    def _says(sheet: Sheet, reply: str, by: str) -> Answer:
        return Answer(
            sheet=sheet.number, reply=reply, by=by, at=datetime.now(UTC), approved=(), declined=()
        )

    # The report.

    async def _items(self) -> list[ReportItem]:
        """How every brief stands, once what is approved is made."""
        return list(await asyncio.gather(*(self._item(one) for one in self._works)))

    async def _item(self, brief_id: str) -> ReportItem:
        if brief_id in self._making:
            item = await self._making[brief_id]
            known = self._decided_of.get(brief_id)
            work = self._works[brief_id]
            return await with_earlier(self.studio, work, known[0].take, item) if known else item
        if brief_id in self._stuck:
            return self._stuck[brief_id]
        work = self._works[brief_id]
        sheet = self.waiting.sheet if self.waiting else None
        for row in sheet.rows if sheet else ():
            if sheet and row.id == brief_id and self._is_here(row):
                return await self._ended(as_shown(work, row), waits(sheet))
        if known := self._decided_of.get(brief_id):
            row, answer = known
            if row.id in answer.declined:
                message = f"Declined on sheet {answer.sheet}: no video is made."
                return await self._ended(as_shown(work, row), Declined(message))
        item = ReportItem(
            id=brief_id,
            state="pending",
            take=work.brief.take,
            error=waits(sheet, after=True).info() if sheet else None,
        )
        end(self.studio, item)
        return item


def waits(sheet: Sheet, *, after: bool = False) -> AwaitingApproval:
    """For a brief whose sheet this is, or comes `after` it."""
    if after:
        told = f"Its picture is made once sheet {sheet.number} is answered."
    else:
        told = f"Its video waits for the answer to sheet {sheet.number}."
    return AwaitingApproval(
        told,
        advice=f"Answer sheet {sheet.number} of {sheet.batch_id}: resume its run, or run the batch "
        'again with approval="all" (or none, 1,3, best 20 under 50).',
    )
