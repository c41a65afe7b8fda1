"""The hashed locks, which name everything that is ever installed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from release import ROOT

RUNS = (ROOT / "requirements.lock", ROOT / "deploy" / "requirements.lock")
"""What a user of the pipelines installs, and what the production image holds."""

TESTS = (ROOT / "requirements-setup.lock", ROOT / "requirements-dev.lock")
"""What sets up and tests; the second holds what runs as well."""

RELEASES = (ROOT / "requirements-release.lock",)
"""What audits and builds, beside all of that."""

ALL = RUNS + TESTS + RELEASES

_PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>\S+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Pin:
    """A package at the one version that is installed."""

    name: str
    version: str


def pins(locks: tuple[Path, ...]) -> frozenset[Pin]:
    """What the locks name, whatever machine and Python it is for."""
    return frozenset(
        Pin(found["name"], found["version"])
        for lock in locks
        for found in _PINNED.finditer(lock.read_text("utf-8"))
    )
