"""docs/reliability.md names only tests that exist, and all 37."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 37
    for path, name in named:
        source = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^(async def|def|class) {name}\b|^{name} = ", source, re.MULTILINE), name


def test_all_of_the_list_are_there() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)] == list(
        range(1, 38)
    )
