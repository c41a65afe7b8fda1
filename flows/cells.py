"""Texts and amounts in tables that people read."""

import re
from decimal import Decimal

_CELL = 160


def money(cost: Decimal) -> str:
    return f"{cost:,.4f}".rstrip("0").rstrip(".")


def cell(text: str, limit: int = _CELL) -> str:
    """Text from outside as a cell: one line, no address's query, nothing a spreadsheet runs."""
    flat = " ".join(text.split())
    public = re.sub(r"(https?://[^\s?]+)\?\S*", r"\1", flat)
    cut = public if len(public) <= limit else public[: limit - 1] + "…"
    return f"'{cut}" if cut.startswith(("=", "+", "-", "@")) else cut
