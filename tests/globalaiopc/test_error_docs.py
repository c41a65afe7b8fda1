"""The table of outcomes in docs/errors.md is the one that the tests drive, row by row.

`python -m tests.globalaiopc.test_error_docs` writes it anew.
"""

import sys
from http import HTTPStatus
from pathlib import Path

import httpx

from globalaiopc import errors
from tests.globalaiopc.test_error_truth import TABLE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
BEGIN, END = "<!-- outcomes: begin -->\n", "<!-- outcomes: end -->\n"
OUTCOMES = {errors.NotSent: "not sent", errors.OutcomeUnknown: "unknown"}


def _event(event: httpx.Response | Exception) -> str:
    if not isinstance(event, httpx.Response):
        cause = f" ({type(event.__cause__).__name__})" if event.__cause__ else ""
        return f"`{type(event).__name__}`{cause}"
    body = event.content.decode("utf-8", "replace").strip()
    status = HTTPStatus(event.status_code) if event.status_code != 499 else None
    name = f"HTTP {event.status_code} {status.phrase if status else ''}".strip()
    return f"{name}, `{body}`" if body else name


def table() -> str:
    lines = [
        "| what came | outcome | error | charged | retried |",
        "| --- | --- | --- | --- | --- |",
    ]
    for event, kind, charged, free in TABLE:
        outcome = OUTCOMES.get(kind, "refused")
        retried = "yes" if free else "no"
        lines.append(f"| {_event(event)} | {outcome} | `{kind.__name__}` | {charged} | {retried} |")
    return "\n".join(lines) + "\n"


def test_the_page_shows_the_table_that_is_driven():
    text = PAGE.read_text("utf-8")
    assert text.split(BEGIN)[1].split(END)[0] == table()


if __name__ == "__main__":
    before, rest = PAGE.read_text("utf-8").split(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.split(END)[1], "utf-8")
    sys.exit(0)
