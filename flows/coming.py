"""Which briefs of a batch will be done next, and when: a table of a few, however many there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flows.eta import Eta

SHOWN = 5


def coming(begun: Mapping[str, Eta], now: datetime) -> str:
    """Markdown; nothing where nothing is being made."""
    soonest = sorted(begun.items(), key=lambda one: one[1].likely)[:SHOWN]
    if not soonest:
        return ""
    lines = [
        f"| `{brief}` | {_at(now, eta.likely)} | {_at(now, eta.low)} | {_at(now, eta.high)} |"
        for brief, eta in soonest
    ]
    head = "| done next | at about, UTC | not before | not after |\n| --- | --- | --- | --- |"
    return "\n".join([head, *lines])


def _at(now: datetime, seconds: float) -> str:
    return f"{now + timedelta(seconds=seconds):%H:%M:%S}"
