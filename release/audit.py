"""`python -m release.audit [--osv-url URL]`: what is known to be vulnerable in the locks.

pip-audit asks the services for every package of every lock, by name and version, and nothing else
is sent. Exit codes:

0  every package was asked for, and nothing is known that `accepted.toml` does not accept
1  something is known: it is listed, with the version that mends it
2  `accepted.toml` cannot be read
3  no service answered for all of them. That is no all-clear: run it where one can be reached.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from release import ROOT
from release.locks import ALL

ACCEPTED = ROOT / "release" / "accepted.toml"
CLEAN, KNOWN, UNREADABLE, NOT_ASKED = 0, 1, 2, 3
SERVICES = (("-s", "pypi"), ("-s", "osv"))
"""Asked in turn until one knows every package. A mirror of PyPI often has no advisories."""


class Acceptance(BaseModel):
    """A known vulnerability that somebody has judged to be harmless here, up to a last day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    package: str = Field(min_length=1)
    why: str = Field(min_length=20)
    until: date


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    accepted: tuple[Acceptance, ...]


@dataclass(frozen=True)
class Outcome:
    """What one service said: an exit code, and the lines for people."""

    code: int
    said: tuple[str, ...]


def accepted(text: str, today: date) -> tuple[list[Acceptance], list[Acceptance]]:
    """The rows that hold today, and those whose last day is over; ValueError if it is not TOML."""
    rows = _File.model_validate(tomllib.loads(text)).accepted
    return [row for row in rows if row.until >= today], [row for row in rows if row.until < today]


def ask(service: Sequence[str], locks: Sequence[Path], accept: Sequence[Acceptance]) -> Outcome:
    """Run pip-audit, which ends with 1 both for what it found and for what it could not ask."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        command = [sys.executable, "-m", "pip_audit", *service, "--progress-spinner", "off"]
        # Strict: a package of which the service knows nothing has not been looked at. By itself
        # pip-audit says "No known vulnerabilities found" of that, and exits with 0.
        command += ["--strict", "--require-hashes", "--disable-pip"]
        command += ["--format", "json", "--output", str(found)]
        command += [word for lock in locks for word in ("-r", str(lock))]
        command += [word for row in accept for word in ("--ignore-vuln", row.id)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        written = found.read_text("utf-8") if found.exists() else ""
    return outcome(done.returncode, written, done.stderr)


def outcome(code: int, written: str, stderr: str) -> Outcome:
    """Tell apart what pip-audit's exit code does not: it writes its file only when it has asked."""
    if code == 0:
        return Outcome(CLEAN, ())
    known = [
        f"{package['name']} {package['version']}: {found['id']} {_mended(found['fix_versions'])}"
        for package in (json.loads(written)["dependencies"] if written.strip() else ())
        for found in package.get("vulns", ())
    ]
    if known:
        return Outcome(KNOWN, tuple(known))
    last = [line for line in stderr.splitlines() if line.strip()][-1:]
    return Outcome(NOT_ASKED, tuple(last))


def _mended(versions: Sequence[str]) -> str:
    return f"(mended in {', '.join(versions)})" if versions else "(no version mends it yet)"


def main(arguments: Sequence[str] | None = None, locks: Sequence[Path] = ALL) -> int:
    parser = argparse.ArgumentParser(prog="python -m release.audit", description=__doc__)
    parser.add_argument("--osv-url", metavar="URL", help="an OSV service of your own, asked alone")
    url: str | None = parser.parse_args(arguments).osv_url
    try:
        hold, over = accepted(ACCEPTED.read_text("utf-8"), datetime.now(UTC).date())
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        print(f"{ACCEPTED.name} is not as it should be. {error}", file=sys.stderr)
        return UNREADABLE
    for row in over:
        print(f"{row.id} ({row.package}) was accepted until {row.until}: judge it anew.")
    for service in (("-s", "osv", "--osv-url", url),) if url else SERVICES:
        found = ask(service, locks, hold)
        if found.code != NOT_ASKED:
            return _told(found, hold)
        print(f"The service {service[1]} did not answer for all of it. {' '.join(found.said)}")
    print("NOT AUDITED: no advisory service could be asked. This says nothing about the packages.")
    return NOT_ASKED


def _told(found: Outcome, hold: Sequence[Acceptance]) -> int:
    for line in found.said:
        print(line)
    if found.code == CLEAN:
        print(f"No known vulnerability in the locks, {len(hold)} accepted.")
    else:
        print("Raise what can be raised (make lock); else see docs/supply-chain.md on accepting.")
    return found.code


if __name__ == "__main__":
    sys.exit(main())
