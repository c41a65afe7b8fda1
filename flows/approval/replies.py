"""The language in which a person answers a sheet. Nothing here talks to anyone.

    all                           make every video of the sheet
    none                          make none of them
    1,4,7-9                       make these; the others are declined
    best 20 under 50              at most 20, which together cost less than 50
    again 3: a red bicycle        another take of picture 3 with this prompt; a line for each

One of the first four, any number of the last, each on a line of its own; upper and lower case are
the same. With `again` alone the whole sheet comes back. Beside a choice, that choice is carried out
for the others, and the sheet comes back with the pictures that were made again.

`best` goes through the sheet in the order of the briefs' `stars:4` or `score:8.5` tags, the highest
first; briefs without one follow, and those that are alike stay in the batch's order. It takes each
video that fits into what is left of the money; one that does not, or whose cost is not known, is
passed over. That another video is cheaper never brings it forward.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn, Protocol

from flows.briefs import unsendable
from flows.errors import ReplyRefused, shown

ALLOWED = (
    "all, none, numbers such as 1,4,7-9, best 20 under 50; and lines such as "
    "again 3: a red bicycle at dusk"
)
MOST_CHARACTERS = 100_000

_WORDS: Mapping[str, Literal["all", "none"]] = {"all": "all", "none": "none"}
_AGAIN = re.compile(r"again\b", re.IGNORECASE)
_AGAIN_LINE = re.compile(r"again\s+#?(\d{1,7})\s*[:：]", re.IGNORECASE)
_BEST = re.compile(r"best\s+(\d{1,7})\s+under\s+(\d{1,12}(?:\.\d{1,6})?)", re.IGNORECASE)
_PART = re.compile(r"[^,，、]+")
# A phone writes a dash of its own between two numbers.
_RANGE = re.compile(r"#?(\d{1,7})(?:\s*[-–—]\s*#?(\d{1,7}))?")


class Judged(Protocol):
    """What a reply is about: one video of a sheet. `cost` None: nobody knows it."""

    @property
    def number(self) -> int: ...
    @property
    def cost(self) -> Decimal | None: ...
    @property
    def score(self) -> float | None: ...


@dataclass(frozen=True)
class Place:
    """Where in a reply, both from 1."""

    line: int
    character: int

    def refuse(self, problem: str, allowed: str = ALLOWED) -> NoReturn:
        where = f"Line {self.line}, character {self.character}"
        raise ReplyRefused(f"{where}: {problem}. Allowed: {allowed}.", allowed=allowed)


@dataclass(frozen=True)
class Span:
    """`first` to `last`; the same for a single number."""

    first: int
    last: int
    place: Place


@dataclass(frozen=True)
class Best:
    count: int
    under: Decimal


@dataclass(frozen=True)
class Again:
    number: int
    prompt: str
    place: Place


@dataclass(frozen=True)
class Reply:
    """A reply that could be read. `choice` None: it only asks for pictures again."""

    choice: Literal["all", "none"] | tuple[Span, ...] | Best | None
    again: tuple[Again, ...]

    @classmethod
    def parse(cls, text: str) -> "Reply":
        """Raises `ReplyRefused`, naming the line and the character."""
        choice: Literal["all", "none"] | tuple[Span, ...] | Best | None = None
        again: list[Again] = []
        if len(text) > MOST_CHARACTERS:
            Place(1, 1).refuse(f"the reply has more than {MOST_CHARACTERS:,} characters")
        if why := unsendable(text):  # nor can it be kept
            Place(1, 1).refuse(why.rstrip("."))
        for number, line in enumerate(text.splitlines(), start=1):
            start = len(line) - len(line.lstrip())
            place, said = Place(number, start + 1), line.strip()
            if not said:
                continue
            if _AGAIN.match(said):
                again.append(_again(said, place))
            elif choice is not None:
                place.refuse(f"{shown(said)} is a second choice; a reply makes one")
            else:
                choice = _choice(said, place)
        if choice is None and not again:
            Place(1, 1).refuse("the reply is empty")
        return cls(choice, tuple(again))

    def numbers(self) -> Iterator[Span]:
        """Every number that the reply names."""
        if isinstance(self.choice, tuple):
            yield from self.choice
        for one in self.again:
            yield Span(one.number, one.number, one.place)


@dataclass(frozen=True)
class Verdict:
    """What a reply means for a sheet, by its numbers. Those in neither stay undecided."""

    approved: tuple[int, ...]
    declined: tuple[int, ...]
    again: Mapping[int, str]


def judge(reply: Reply, sheet: Sequence[Judged]) -> Verdict:
    """Raises `ReplyRefused` for a number that is not on the sheet, or is named for two things."""
    known = {row.number: row for row in sheet}
    _check_numbers(reply, known)
    again = {one.number: one.prompt for one in reply.again}
    others = [row for row in sheet if row.number not in again]
    match reply.choice:
        case None:
            return Verdict((), (), again)
        case "all":
            chosen = {row.number for row in others}
        case "none":
            chosen = set()
        case Best(count, under):
            chosen = set(best(others, count, under))
        case spans:
            chosen = {
                number for span in spans for number in known if span.first <= number <= span.last
            }
    numbers = [row.number for row in others]
    return Verdict(
        tuple(number for number in numbers if number in chosen),
        tuple(number for number in numbers if number not in chosen),
        again,
    )


def best(sheet: Iterable[Judged], count: int, under: Decimal) -> Iterator[int]:
    """The numbers that `best {count} under {under}` takes; see the module."""
    left = under
    ranked = sorted(sheet, key=lambda row: (row.score is None, -(row.score or 0.0), row.number))
    for row in ranked:
        if count and row.cost is not None and row.cost < left:
            count -= 1
            left -= row.cost
            yield row.number


def spelt(numbers: Iterable[int]) -> str:
    """1, 2, 3, 5 as "1-3, 5"."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in runs)


def _check_numbers(reply: Reply, known: Mapping[int, Judged]) -> None:
    for span in reply.numbers():
        for number in (span.first, span.last):
            if number not in known:
                span.place.refuse(f"{number} is not on this sheet", f"the numbers {spelt(known)}")
    seen: set[int] = set()
    for one in reply.again:
        if one.number in seen:
            one.place.refuse(f"{one.number} is asked for again twice")
        seen.add(one.number)
        for span in reply.choice if isinstance(reply.choice, tuple) else ():
            if span.first == span.last == one.number:
                one.place.refuse(f"{one.number} is approved in line {span.place.line}: one of both")


def _again(said: str, place: Place) -> Again:
    head = _AGAIN_LINE.match(said)
    if head is None:
        place.refuse(f"{shown(said)} says not which picture", "again NUMBER: the new prompt")
    prompt = said[head.end() :].strip()
    if not prompt:
        after = Place(place.line, place.character + head.end())
        after.refuse("the new prompt is missing", "again NUMBER: the new prompt")
    return Again(int(head[1]), prompt, place)


def _choice(said: str, place: Place) -> Literal["all", "none"] | tuple[Span, ...] | Best:
    word = said.lower()
    if word in _WORDS:
        return _WORDS[word]
    if word.startswith("best"):
        hit = _BEST.fullmatch(said)
        if hit is None:
            place.refuse(
                f"{shown(said)} cannot be read", "best COUNT under MONEY: best 20 under 50"
            )
        if not int(hit[1]):
            place.refuse("the best 0 are none", "best COUNT under MONEY, or none")
        return Best(int(hit[1]), Decimal(hit[2]))
    return tuple(_spans(said, place))


def _spans(said: str, place: Place) -> Iterator[Span]:
    if said[0] in ",，、" or said[-1] in ",，、":
        at = 0 if said[0] in ",，、" else len(said) - 1
        Place(place.line, place.character + at).refuse("there is no number beside the comma")
    for part in _PART.finditer(said):
        text = part[0].strip()
        here = Place(
            place.line,
            place.character + part.start() + len(part[0]) - len(part[0].lstrip()),
        )
        hit = _RANGE.fullmatch(text)
        if hit is None:
            here.refuse(f"{shown(text)} is neither a number nor a word that is known here")
        first, last = int(hit[1]), int(hit[2] or hit[1])
        if last < first:
            here.refuse(f"{text} runs backwards", f"{last}-{first}")
        yield Span(first, last, here)
