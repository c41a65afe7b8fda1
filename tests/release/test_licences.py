"""docs/licences.md is what the locks and the installed packages say, and all of it is allowed."""

import pytest

from release.licences import COMMAND, PAGE, Judgement, page, refused
from release.locks import RUNS, TESTS, pins

JUDGEMENT = Judgement.load()


def test_the_page_is_current() -> None:
    assert page(JUDGEMENT) == PAGE.read_text("utf-8"), f"old; after `make lock`: {COMMAND}"


def test_no_package_has_a_licence_that_is_not_allowed() -> None:
    assert refused(JUDGEMENT) == []


def test_a_package_with_another_licence_is_named() -> None:
    strict = JUDGEMENT.model_copy(update={"allowed": JUDGEMENT.allowed - {"MPL-2.0"}})
    assert any(line.startswith("certifi ") for line in refused(strict))


def test_what_people_have_read_is_of_packages_that_are_here() -> None:
    here = {pin.name for pin in pins(RUNS + TESTS)}
    assert {*JUDGEMENT.stated, *JUDGEMENT.brings} <= here


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Artistic-1.0-Perl OR GPL-2.0-or-later", True),
        ("GPL-3.0-or-later", False),
        ("MIT AND GPL-3.0-or-later", False),
        ("MIT AND (AGPL-3.0-only OR GPL-3.0-only)", False),
        ("MIT OR GPL-3.0-only AND AGPL-3.0-only", False),
        ("unknown", False),
    ],
)
def test_an_expression_is_allowed_when_it_can_be_kept_to(licence: str, allowed: bool) -> None:
    assert JUDGEMENT.allows(licence) is allowed
