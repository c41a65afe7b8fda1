"""Texts and amounts in tables that people read."""

import re
from decimal import Decimal

_CELL = 160
_PARAGRAPH = 4_000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Spreadsheets run a cell that begins so, also in the full width of Chinese keyboards."""
_MARKS = re.compile(r"([\\`*_\[\]|~#!>@$])")
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, marks of writing direction, halves of characters, tags."""


def spell(seconds: float) -> str:
    """A time as people say it: "4.2 s", "48 s", "12 min", "3 h 5 min"."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def money(cost: Decimal) -> str:
    return f"{cost:,.4f}".rstrip("0").rstrip(".")


def printable(text: str) -> str:
    """Text from outside without what moves a terminal's cursor, hides, or turns what is read.

    Line breaks stay, and so do the joiners of emoji and of Persian and Indian scripts.
    """
    return UNSEEN.sub("\N{BULLET}", text)


def cell(text: str, limit: int = _CELL) -> str:
    """Text from outside as a cell: one line, no address's query, nothing a spreadsheet runs."""
    public = re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", _line(text))
    cut = public if len(public) <= limit else public[: limit - 1] + "…"
    return f"'{cut}" if cut.startswith(_FORMULA) else cut


def shown_as_markdown(text: str) -> str:
    """A cell for Prefect's tables, whose cells are markdown in one of its UIs and text in another.

    So only what would fetch, link or be HTML is taken apart; what else reads oddly stays plain.
    """
    told = re.sub(r"(\\(?=[^\w\s])|[\[<])", r"\\\1", text)
    return _unlinked(told)


def escaped(text: str) -> str:
    """Text from outside in markdown, as it stands, on one line; the UI renders it to HTML."""
    line = _line(text)
    cut = line if len(line) <= _PARAGRAPH else line[: _PARAGRAPH - 1] + "…"
    plain = _MARKS.sub(r"\\\1", cut.replace("&", "&amp;").replace("<", "&lt;"))
    # What would be a list or a heading at the beginning of a line.
    return re.sub(r"^(\d*)([.)]|[-+=]+)(?=\s|$)", r"\1\\\2", _unlinked(plain))


def _line(text: str) -> str:
    return " ".join(printable(" ".join(text.split())).split())


def _unlinked(text: str) -> str:
    """Without what becomes a link by itself."""
    return re.sub(r"(?i)\b(www)\.", r"\1\\.", re.sub(r"(?i)\b(https?|ftp)://", r"\1\://", text))
