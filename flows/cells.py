"""Texts and amounts in tables that people read."""

import re
from decimal import Decimal

_CELL = 160


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


def cell(text: str, limit: int = _CELL) -> str:
    """Text from outside as a cell: one line, no address's query, nothing a spreadsheet runs."""
    flat = " ".join(text.split())
    public = re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", flat)
    cut = public if len(public) <= limit else public[: limit - 1] + "…"
    return f"'{cut}" if cut.startswith(("=", "+", "-", "@")) else cut


def escaped(text: str) -> str:
    """Text from outside in markdown, as it stands; the UI renders markdown to HTML."""
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
