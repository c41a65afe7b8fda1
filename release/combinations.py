"""With what `make compat` tries the pipelines: Pythons of this machine, libraries of the bounds."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13")
SHOWN = ("prefect", "prefect-aws", "boto3", "fastapi", "pydantic", "sqlalchemy", "httpx", "av")
"""The libraries whose versions the table shows."""


@dataclass(frozen=True)
class Libraries:
    """One way to choose among the versions that pyproject.toml allows.

    `beside` are requirements of its own, `overrides` replace what libraries ask of each other.
    """

    name: str
    resolution: str
    beside: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


# prefect-aws ties boto3 to aiobotocore: with the newest of that, no boto3 but a new one resolves.
OLDEST = Libraries("oldest", "lowest-direct", beside=("aiobotocore>=2",))
NEWEST = Libraries("newest", "highest")
# Prefect 3.9 asks for a certifi of its own month, which a mirror may not have yet; without that
# floor the newest Prefect is tried wherever this runs.
AHEAD = Libraries("newest Prefect", "highest", overrides=("certifi",))


@dataclass(frozen=True)
class Combination:
    """A Python and the libraries that are installed into a fresh environment of it."""

    python: str
    interpreter: Path
    libraries: Libraries

    @property
    def name(self) -> str:
        return f"{self.python} {self.libraries.name}"

    @property
    def folder(self) -> str:
        return self.name.replace(" ", "-")


def combinations(found: dict[str, Path]) -> list[Combination]:
    """Oldest and newest on each Python, and the newest Prefect on the newest Python."""
    made = [
        Combination(python, interpreter, libraries)
        for python, interpreter in found.items()
        for libraries in (OLDEST, NEWEST)
    ]
    if found:
        last = max(found, key=PYTHONS.index)
        made.append(Combination(last, found[last], AHEAD))
    return made


@cache
def interpreters() -> dict[str, Path]:
    """The Pythons on the PATH and among pyenv's, by version; what is missing is left out."""
    found = {}
    for python in PYTHONS:
        pyenvs = sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python"))
        named = shutil.which(f"python{python}")
        for candidate in [*pyenvs, *([Path(named)] if named else [])]:
            if _version(candidate) == python:
                found[python] = candidate
                break
    return found


def _version(interpreter: Path) -> str:
    """Asked of it: a shim of pyenv is there also for Pythons that are not switched on."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run(
        [interpreter, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip()
