"""Where a page names a test as the proof of what it says, there is such a test."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def named(page: str) -> list[tuple[str, str]]:
    return _NAMED.findall((ROOT / page).read_text("utf-8"))


@pytest.mark.parametrize(
    ("page", "least"),
    [("docs/reliability.md", 38), ("docs/security.md", 20), ("docs/operations.md", 1)],
)
def test_every_named_test_exists(page: str, least: int) -> None:
    found = named(page)
    assert len(found) >= least
    for path, name in found:
        source = (ROOT / path).read_text("utf-8")
        defined = rf"^(async def|def|class) {name}\b|^{name} = "
        assert re.search(defined, source, re.MULTILINE), f"{page}: {path}::{name}"


def test_every_threat_has_a_test() -> None:
    """Each row of the table in docs/security.md ends with one."""
    _, _, table = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## Threat, defence")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.startswith(("| threat |", "| --- |"))]
    assert len(threats) >= 15
    for row in threats:
        assert _NAMED.search(row.split(" | ")[-1]), row
