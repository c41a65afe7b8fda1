"""What was shown and what was answered, in the bucket beside the batch: written once, then read.

    {batch_id}/approval/sheet-1.json     a sheet, as it was shown
    {batch_id}/approval/answer-1.json    what a person decided about it
    {batch_id}/approval/sheet-1.html     the sheet for the eye

Of two runs that write the same one the first wins, and both go by what lies there: so approving
twice, from two runs or after a crash, is approving once.
"""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from flows.errors import ApprovalUnreadable
from flows.report import Cost
from ledger import ObjectStore

JSON = "application/json"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Row(_Kept):
    """One video of a sheet. `number` is its brief's place in the batch's list, from 1.

    `image_prompt` and `video_prompt` are a person's, where the picture was made again with another
    prompt under `take`. `sha256` names the picture that was shown, None where there is none.
    `cost` is the video's, by the quote of `basis`. `note`: what a person should know besides.
    """

    number: int
    id: str
    take: int
    image_prompt: str | None = None
    video_prompt: str | None = None
    picture: str | None = None
    sha256: str | None = None
    prompt: str = ""
    motion: str = ""
    private: bool = False
    model: str
    seconds: int | None = None
    resolution: str | None = None
    cost: Cost | None = None
    basis: Literal["listed", "seen", "unknown"] = "unknown"
    score: float | None = None
    note: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What a sheet shows of the prompts."""
        return () if self.private else (self.prompt, self.motion)

    def as_approved(self, now: "Row") -> bool:
        """Whether `now` is the same picture, and the same request for its video."""
        same = ("id", "take", "sha256", "motion", "model", "seconds", "resolution")
        return all(getattr(self, name) == getattr(now, name) for name in same)


class Sheet(_Kept):
    """`repeats`: the sheet that this one shows again with other pictures, None for a new wave."""

    schema_version: Literal[1] = 1
    batch_id: str
    number: int
    made: AwareDatetime
    currency: str = ""
    repeats: int | None = None
    rows: tuple[Row, ...]

    @property
    def cost(self) -> Decimal:
        """Of all its videos, as far as it is known."""
        return sum((row.cost or Decimal(0) for row in self.rows), Decimal(0))


class Remade(_Kept):
    """A picture to be made again: the take that was free for it, and its prompts."""

    id: str
    take: int
    image_prompt: str
    video_prompt: str


class Answer(_Kept):
    """What was decided about a sheet. Rows that it does not name come again on the next sheet."""

    schema_version: Literal[1] = 1
    sheet: int
    reply: str
    by: str
    at: AwareDatetime
    approved: tuple[str, ...]
    declined: tuple[str, ...]
    again: tuple[Remade, ...] = ()

    def leaves(self, row: Row) -> bool:
        """Whether nothing is decided about the row yet."""
        return row.id not in self.approved and row.id not in self.declined


@dataclass(frozen=True)
class Answered:
    """A sheet and its answer; None while it waits."""

    sheet: Sheet
    answer: Answer | None


T = TypeVar("T", Sheet, Answer)


class Records:
    """The sheets and answers of one batch."""

    def __init__(self, store: ObjectStore, batch_id: str) -> None:
        self._store = store
        self._folder = folder(batch_id)

    async def load(self) -> list[Answered]:
        """All sheets so far, in order. Raises `ApprovalUnreadable` and `StoreError`."""
        found: list[Answered] = []
        while True:
            number = len(found) + 1
            sheet, answer = await asyncio.gather(
                self._read(self._sheet(number), Sheet), self._read(self._answer(number), Answer)
            )
            if sheet is None:
                return found
            found.append(Answered(sheet, answer))
            if answer is None:
                return found

    async def show(self, sheet: Sheet) -> Sheet:
        """Write it down, unless another run has written a sheet of this number: then that one."""
        return await self._first(self._sheet(sheet.number), sheet)

    async def decide(self, answer: Answer) -> Answer:
        """Write it down, unless the sheet was answered before: then what was answered then."""
        return await self._first(self._answer(answer.sheet), answer)

    async def _first(self, key: str, mine: T) -> T:
        body = mine.model_dump_json(indent=1, exclude_none=True).encode() + b"\n"
        if await self._store.put_if_absent(key, body, content_type=JSON) is not None:
            return mine
        theirs = await self._read(key, type(mine))
        if theirs is None:
            raise ApprovalUnreadable(f"{self._store.uri(key)} was there, and is gone.")
        return theirs

    async def _read(self, key: str, kind: type[T]) -> T | None:
        stored = await self._store.get(key)
        if stored is None:
            return None
        try:
            return kind.model_validate_json(stored.body)
        except ValidationError:
            raise ApprovalUnreadable(f"{self._store.uri(key)} cannot be read.") from None

    def _sheet(self, number: int) -> str:
        return f"{self._folder}/sheet-{number}.json"

    def _answer(self, number: int) -> str:
        return f"{self._folder}/answer-{number}.json"


def folder(batch_id: str) -> str:
    """Where a batch's sheets and answers lie."""
    return f"{batch_id}/approval"


async def was_asked(store: ObjectStore, batch_id: str) -> bool:
    """Whether a sheet of the batch was ever shown: then all its runs wait for approval."""
    return await store.head(f"{folder(batch_id)}/sheet-1.json") is not None
