"""What `make compat` tries and says, without an hour of trying it."""

import re
import tomllib
from pathlib import Path

import pytest

from release import compat
from release.combinations import PYTHONS, Combination, Libraries, combinations, interpreters
from release.compat import CHECKED, PAGE, TOOLS, Broken, Tried, table
from release.locks import TESTS, pins
from tests.conftest import ROOT

HERE = Path("python")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_python_meets_the_oldest_and_the_newest() -> None:
    names = [one.name for one in combinations({"3.11": HERE, "3.13": HERE})]
    assert names == [
        *("3.11 oldest", "3.11 newest", "3.13 oldest", "3.13 newest"),
        "3.13 newest Prefect",
    ]
    classifiers = " ".join(PROJECT["project"]["classifiers"])
    assert all(f"Python :: {python}" in classifiers for python in PYTHONS)


def test_this_machine_has_a_python_that_is_supported() -> None:
    assert set(interpreters()) <= set(PYTHONS)


def test_without_a_python_it_fails_and_says_which_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compat, "interpreters", dict)
    assert compat.main([]) == 1
    said = capsys.readouterr().err
    assert all(f"Python {python} is not on this machine" in said for python in PYTHONS)


def test_a_combination_that_fails_is_in_the_table_and_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compat, "interpreters", lambda: {"3.12": HERE})
    monkeypatch.setattr(compat, "copy_of_the_tree", lambda folder: None)
    monkeypatch.setattr(compat, "install", lambda one, folder: {"prefect": "3.8.0"})

    def run(one: Combination, folder: Path) -> int:
        if one.libraries.name == "oldest":
            raise Broken("2 of 300 tests failed: see .compat/3.12-oldest/tests.log")
        return 300

    monkeypatch.setattr(compat, "run_tests", run)
    assert compat.main([]) == 1
    said = capsys.readouterr().out
    assert "| 3.12 oldest | 3.8.0 |" in said
    assert "2 of 300 tests failed" in said
    assert said.count("300 passed") == 2
    assert compat.main(["--only", "3.12 newest"]) == 0
    assert compat.main(["--only", "3.12 newset"]) == 1


def test_what_it_runs_and_installs_is_there() -> None:
    for path, _, name in (one.partition("::") for one in CHECKED):
        assert name in (ROOT / path).read_text("utf-8")
    assert {*TOOLS} <= {pin.name for pin in pins(TESTS)}


def test_the_bounds_on_the_page_are_those_of_the_project() -> None:
    required = [line.replace(" ", "") for line in PROJECT["project"]["dependencies"]]
    told = re.findall(r"^\| `([a-z0-9]+)([<>]=?)([\d.]+)` \|", PAGE.read_text("utf-8"), re.M)
    assert len(told) >= 5
    for name, sign, version in told:
        (line,) = (one for one in required if re.match(rf"{name}[<>=]", one))
        assert f"{sign}{version}" in re.findall(r"[<>]=?[\d.]+", line), name


def test_the_table_shows_what_was_installed() -> None:
    one = Combination("3.12", HERE, Libraries("oldest", "lowest-direct"))
    shown = table([Tried(one, {"prefect": "3.8.0", "boto3": "1.39.0"}, 12)])
    assert shown.splitlines()[2].startswith("| 3.12 oldest | 3.8.0 |")
    assert shown.endswith("| 12 passed |")
