"""docs/failures.md speaks of states, codes and exit codes that there are, and leaves none out."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import get_args

from flows.cli.exits import MEANING
from flows.report import State
from globalaiopc.errors import GlobalAIOPCError
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "failures.md").read_text("utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
FLOWS = "".join(path.read_text("utf-8") for path in sorted((ROOT / "flows").rglob("*.py")))


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    part = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_exit_codes_are_those_of_the_terminal() -> None:
    told = {int(code): meaning.replace("`", "") for code, meaning in rows("A command ended with")}
    assert told == {int(code): meaning.replace("`", "") for code, meaning in MEANING.items()}


def test_every_state_of_a_brief_is_told() -> None:
    assert {row[0] for row in rows("A brief is")} == set(get_args(State))


def test_every_state_of_a_run_is_one_that_flows_end_in() -> None:
    prefects = {"Completed", "Failed", "Crashed"}
    told = {state for row in rows("A run of a batch ended as") for state in named(row[0])}
    assert {"PartlyLanded", "NothingLanded", "Refused", "NotReady", "AwaitingApproval"} <= told
    for state in told - prefects:
        assert f'"{state}"' in FLOWS, state


def test_the_common_codes_are_explained_among_all_errors() -> None:
    codes = [code for row in rows("The common errors") for code in named(row[0])]
    assert len(codes) > 10
    for code in codes:
        assert f"`{code}`" in ERRORS, code


INSIDE = {"error", "configuration", "poll_failed", "nothing_landed", "not_as_landed"}
"""Classes of errors, and what stands for a whole run or a look: no person meets these words."""


def test_every_error_is_told() -> None:
    for package in ("globalaiopc", "blocks", "ledger", "tasks", "flows"):
        folder = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(folder, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    codes = {kind.code for kind in below(GlobalAIOPCError)} - INSIDE
    assert len(codes) > 40
    assert not [code for code in sorted(codes) if f"`{code}`" not in ERRORS]


def below(kind: type[GlobalAIOPCError]) -> Iterator[type[GlobalAIOPCError]]:
    yield kind
    for other in kind.__subclasses__():
        if not other.__module__.startswith("tests."):
            yield from below(other)
