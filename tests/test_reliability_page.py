"""docs/reliability.md has all 37; that the tests exist, tests/test_named_tests.py says."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def test_all_of_the_list_are_there() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)] == list(
        range(1, 38)
    )
