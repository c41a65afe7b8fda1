"""`python -m release.compat [--only NAME ...] [--write]`: the oldest and newest that work.

For each Python found here and each choice of libraries: a fresh environment of what
pyproject.toml allows, and in it tests of every package, briefs through all real parts among them.
The table goes to standard output and with `--write` into docs/compatibility.md. Exit code 1 when a
combination fails, or when there is no Python at all; a Python that is missing is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from benchmarks.say import say
from benchmarks.table import written
from release import ROOT
from release.combinations import (
    PYTHONS,
    SHOWN,
    Combination,
    combinations,
    interpreters,
)
from release.locks import TESTS, pins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOME = ROOT / ".compat"
PAGE = ROOT / "docs" / "compatibility.md"
FIGURE, COMMAND = "compatibility", "make compat"
HOUR = 3600.0

TOOLS = ("editables", "hatchling", "hypothesis", "pytest", "pytest-asyncio", "pytest-xdist")
"""Installed as the locks say in every combination: they are not what is tried."""

CHECKED = (
    *(f"tests/globalaiopc/test_{name}.py" for name in ("client", "catalogue")),
    *(f"tests/ledger/test_{name}.py" for name in ("store", "ledger")),
    *(f"tests/blocks/test_{name}.py" for name in ("blocks", "saving", "targets")),
    "tests/tasks/test_paid.py",
    *(f"tests/landing/test_{name}.py" for name in ("land_media", "landing_verify")),
    "tests/landing/test_landing_poster.py",
    "tests/sandbox/test_media.py",
    *(f"tests/flows/test_{name}.py" for name in ("briefs", "parquet", "run_forms", "single_run")),
    "tests/deploy/test_schedules.py::test_a_schedule_that_is_switched_on_has_runs_to_come",
)
"""What touches the libraries most; `single_run` takes briefs through all real parts."""


class Broken(Exception):
    """A step of a combination failed; the message ends with what the program said last."""


@dataclass(frozen=True)
class Tried:
    """What became of a combination; `problem` is None when every test passed."""

    combination: Combination
    versions: Mapping[str, str] = field(default_factory=dict)
    tests: int = 0
    problem: str | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    found = interpreters()
    for python in PYTHONS:
        if python not in found:
            say(f"Python {python} is not on this machine: not tried.")
    wanted = [one for one in combinations(found) if not options.only or one.name in options.only]
    if not wanted:
        say("There is nothing to try it with.")
        return 1
    copy_of_the_tree(HOME / "source")
    tried = [try_one(combination) for combination in wanted]
    shown = table(tried)
    print(shown)
    if options.write:
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        page = written(PAGE.read_text("utf-8"), FIGURE, f"{shown}\n\n{day}.", COMMAND)
        PAGE.write_text(page, encoding="utf-8")
    return 1 if any(one.problem for one in tried) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m release.compat", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", help='such as "3.12 oldest"')
    parser.add_argument("--write", action="store_true", help="into docs/compatibility.md")
    return parser


def copy_of_the_tree(folder: Path) -> None:
    """What git knows of the tree, as it is now: edits during an hour of tests do not count."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    shutil.rmtree(folder, ignore_errors=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def try_one(combination: Combination) -> Tried:
    """Install and test it; what fails is said and kept for the table."""
    say(f"{combination.name}: installing")
    versions: dict[str, str] = {}
    try:
        versions = install(combination, HOME / combination.folder)
        say(f"{combination.name}: testing with Prefect {versions['prefect']}")
        tests = run_tests(combination, HOME / combination.folder)
    except (Broken, subprocess.TimeoutExpired) as failure:
        say(f"{combination.name}: {failure}")
        return Tried(combination, versions, problem=str(failure).splitlines()[0])
    say(f"{combination.name}: {tests} tests passed")
    return Tried(combination, versions, tests)


def install(combination: Combination, folder: Path) -> dict[str, str]:
    """Make the environment anew; the versions that were chosen, by name."""
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--quiet", "--python", str(combination.interpreter), str(folder / "venv"))
    python = str(folder / "venv" / "bin" / "python")
    libraries = combination.libraries
    (folder / "beside.in").write_text("\n".join(libraries.beside), encoding="utf-8")
    (folder / "overrides.in").write_text("\n".join(libraries.overrides), encoding="utf-8")
    chosen = folder / "chosen.txt"
    _uv(
        *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", python),
        *(
            "--all-extras",
            "--resolution",
            libraries.resolution,
            "--override",
            str(folder / "overrides.in"),
        ),
        *("--output-file", str(chosen), "pyproject.toml", str(folder / "beside.in")),
    )
    locked = {pin.name: pin.version for pin in pins(TESTS)}
    tools = [f"{name}=={locked[name]}" for name in TOOLS]
    into = ("pip", "install", "--quiet", "--python", python)
    # All of it was chosen already; to resolve it again would ignore what was overridden.
    _uv(*into, "--compile-bytecode", "--no-deps", "-r", str(chosen))
    _uv(*into, *tools)
    _uv(*into, "--no-deps", "--no-build-isolation", "--editable", ".")
    return {pin.name: pin.version for pin in pins((chosen,))}


def _uv(*arguments: str) -> None:
    uv = [str(ROOT / ".venv" / "bin" / "uv"), "--no-python-downloads", *arguments]
    done = subprocess.run(
        uv, cwd=HOME / "source", capture_output=True, text=True, check=False, timeout=HOUR
    )
    if done.returncode:
        raise Broken(f"uv {' '.join(arguments[:2])} failed\n{done.stderr.strip()}")


def run_tests(combination: Combination, folder: Path) -> int:
    """How many tests passed; `Broken` when one did not."""
    report = folder / "report.xml"
    # Old libraries warn on new Pythons of what is no fault of ours; `make test` has no warnings.
    options = ["-W", "default", "--disable-warnings", "--tb=short", "-p", "no:cacheprovider"]
    command = [str(folder / "venv" / "bin" / "python"), "-m", "pytest", "-q", "-n", "2"]
    command += ["--dist", "loadfile", "-m", "not exhaustive", *options, f"--junit-xml={report}"]
    said = (folder / "tests.log").relative_to(ROOT)
    with (ROOT / said).open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [*command, *CHECKED],
            cwd=HOME / "source",
            env={**os.environ, "VIRTUAL_ENV": str(folder / "venv")},
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=HOUR,
        )
    if not report.exists():
        raise Broken(f"the tests did not start: see {said}")
    suite = next(ElementTree.parse(report).iter("testsuite"))
    count = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    if done.returncode:
        failed = count["failures"] + count["errors"]
        raise Broken(f"{failed} of {count['tests']} tests failed: see {said}")
    return count["tests"] - count["skipped"]


def table(tried: Sequence[Tried]) -> str:
    """Markdown; names are those that `--only` takes."""
    head = ["combination", *SHOWN, "tests"]
    rows = [
        [
            one.combination.name,
            *(one.versions.get(name, "") for name in SHOWN),
            one.problem or f"{one.tests} passed",
        ]
        for one in tried
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    sys.exit(main())
