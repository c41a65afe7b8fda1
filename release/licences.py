"""`python -m release.licences` writes docs/licences.md anew; exit code 1 when one is not allowed.

The packages are those of the locks, their licences what the installed packages' metadata says, and
where that is vague what `licences.toml` says.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from release import ROOT
from release.locks import RUNS, TESTS, Pin, pins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = ROOT / "docs" / "licences.md"
COMMAND = "python -m release.licences"
UNKNOWN = "unknown"

_HEAD = f"""# Licences

This project is under the [Apache License 2.0](../LICENSE). What it stands on, at the versions of
the locks; written by `{COMMAND}`. A test fails when it is old, or when a licence
is not among those that [licences.toml](../release/licences.toml) allows. Left out are the tools of
`make audit` and `make dist`, which are in nobody's environment but the releaser's.
"""
_OF_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_CLASSIFIER = "License :: OSI Approved :: "


class Judgement(BaseModel):
    """`licences.toml`: the licences that are allowed, and what people have read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed: frozenset[str]
    stated: dict[str, str]
    brings: dict[str, str]

    @classmethod
    def load(cls) -> Judgement:
        text = (ROOT / "release" / "licences.toml").read_text("utf-8")
        return cls.model_validate(tomllib.loads(text))

    def licence(self, package: str) -> str:
        """An SPDX expression, or `UNKNOWN`."""
        if package in self.stated:
            return self.stated[package]
        try:
            return declared(distribution(package), self.allowed)
        except PackageNotFoundError:
            return UNKNOWN

    def allows(self, licence: str) -> bool:
        """Whether an expression can be kept to with allowed licences alone.

        It is an AND of parts, each a licence, or in parentheses an OR of some; what is written in
        another way is not understood, and so not allowed.
        """
        parts = licence.split(" AND ")
        bare = [part.strip("()") for part in parts]
        if len(parts) > 1 and any(
            " OR " in part and not (part.startswith("(") and part.endswith(")")) for part in parts
        ):
            return False
        return all(any(one in self.allowed for one in part.split(" OR ")) for part in bare)


def declared(package: Distribution, known: Iterable[str]) -> str:
    """What the metadata says: its expression, else its name if that is SPDX, else a classifier."""
    metadata = package.metadata
    if expression := metadata.get_all("License-Expression"):
        return str(expression[0])
    name = " ".join(metadata.get_all("License") or ())
    if name and all(word in {*known, "AND", "OR"} for word in name.split()):
        return name
    said = {
        _OF_CLASSIFIERS.get(line.removeprefix(_CLASSIFIER), UNKNOWN)
        for line in metadata.get_all("Classifier") or []
        if line.startswith(_CLASSIFIER)
    }
    return said.pop() if len(said) == 1 else UNKNOWN


def licences(judgement: Judgement) -> Mapping[Pin, str]:
    """Of every package of every lock."""
    return {pin: judgement.licence(pin.name) for pin in sorted(pins(RUNS + TESTS))}


def refused(judgement: Judgement) -> list[str]:
    """The packages whose licence is not allowed, or not known; each with its licence."""
    return [
        f"{pin.name} {pin.version}: {licence}"
        for pin, licence in licences(judgement).items()
        if not judgement.allows(licence)
    ]


def page(judgement: Judgement) -> str:
    runs = pins(RUNS)
    found = licences(judgement)
    return "\n".join(
        [
            _HEAD,
            "## What runs\n",
            *_table(judgement, {pin: one for pin, one in found.items() if pin in runs}),
            "",
            "## What only sets up and tests\n",
            *_table(judgement, {pin: one for pin, one in found.items() if pin not in runs}),
            "",
        ]
    )


def _table(judgement: Judgement, found: Mapping[Pin, str]) -> list[str]:
    rows = [
        f"| {pin.name} | {pin.version} | {licence} | {judgement.brings.get(pin.name, '')} |"
        for pin, licence in found.items()
    ]
    return ["| package | version | licence | |", "| --- | --- | --- | --- |", *rows]


def main() -> int:
    judgement = Judgement.load()
    PAGE.write_text(page(judgement), encoding="utf-8")
    for line in (wrong := refused(judgement)):
        print(f"{line} is not among the allowed licences", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
