"""What a sheet says in all of its forms: its title, its money, how to answer it."""

from dataclasses import dataclass
from decimal import Decimal

from flows.approval.records import Row, Sheet
from flows.approval.replies import spelt
from flows.cells import money
from ledger import Account


@dataclass(frozen=True)
class Facts:
    """A sheet with what is to be said beside its rows.

    `left` is what is free of the budget, None without one. `refusal`: why the last reply was
    refused. `page` is the s3:// address of the sheet's page.
    """

    sheet: Sheet
    left: Decimal | None
    page: str
    refusal: str = ""

    @classmethod
    def of(cls, sheet: Sheet, account: Account | None, page: str, refusal: str) -> "Facts":
        return cls(sheet, account.free if account else None, page, refusal)

    @property
    def title(self) -> str:
        again = " (again, with new pictures)" if self.sheet.repeats is not None else ""
        return f"Sheet {self.sheet.number} of batch {self.sheet.batch_id}{again}"

    @property
    def waits(self) -> str:
        """One sentence for a state's message."""
        rows = self.sheet.rows
        return (
            f"Sheet {self.sheet.number} waits for your word: {count(len(rows), 'video')}, "
            f"{self.total}. None of them is paid for until it is answered."
        )

    @property
    def total(self) -> str:
        rows = self.sheet.rows
        unknown = sum(row.cost is None for row in rows)
        guesses = sum(row.basis == "seen" for row in rows)
        if unknown == len(rows):
            return "at a price that nobody knows"
        said = f"together {self.amount(self.sheet.cost)}"
        if guesses:
            said += f" ({guesses} of {len(rows)} are guesses)"
        return said + (f", and {unknown} whose price nobody knows" if unknown else "")

    @property
    def budget(self) -> str:
        if self.left is None:
            return "The batch has no budget."
        said = f"Left of the budget: {self.amount(max(self.left, Decimal(0)))}."
        if self.sheet.cost > self.left:
            said += " That is not enough for all; approved videos beyond it are left out."
        return said

    @property
    def numbers(self) -> str:
        return spelt(row.number for row in self.sheet.rows)

    def amount(self, cost: Decimal) -> str:
        return f"{money(cost)} {self.sheet.currency}".strip()

    def cost(self, row: Row) -> str:
        if row.cost is None:
            return "not known"
        return self.amount(row.cost) + (" (a guess)" if row.basis == "seen" else "")

    def asked(self, row: Row) -> str:
        """The video that the row is about."""
        parts = [row.model, f"{row.seconds} s" if row.seconds else "", row.resolution or ""]
        return ", ".join(part for part in parts if part)


HOW = (
    ("all", "make every video of this sheet"),
    ("none", "make none of them"),
    ("1,4,7-9", "make these; the others are declined"),
    ("best 20 under 50", "at most 20, which together cost less than 50; by stars, then in order"),
    ("again 3: a red bicycle", "picture 3 anew with this prompt; a line for each"),
)
"""How a sheet may be answered, and what it means."""


def count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"
