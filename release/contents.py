"""What sdist and wheel may hold."""

from __future__ import annotations

import re
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from release import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRET = re.compile(
    rb"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|\bsk-[A-Za-z0-9]{32,}"
    rb"|X-Amz-Signature=[0-9a-f]{64}"
)
_SDIST_NEEDS = ("LICENSE", "README.md", "PKG-INFO", "prefect.yaml", "pyproject.toml")


class Refused(Exception):
    """Something that a release must not be like; the message says what."""


def tracked(root: Path, packages: Iterable[str]) -> frozenset[str]:
    """The files of the packages that git knows, by their path in the project."""
    command = ["git", "ls-files", "-z", "--", *packages]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return frozenset(name for name in done.stdout.split("\0") if name)


def check_archives(sdist: Path, wheel: Path, expected: frozenset[str]) -> None:
    """`Refused` when a file is missing from one of them, or should not be there."""
    in_wheel = of_wheel(wheel)
    check_wheel(in_wheel, expected)
    in_sdist = of_sdist(sdist)
    for name in (*_SDIST_NEEDS, *expected):
        if name not in in_sdist:
            raise Refused(f"{sdist.name} lacks {name}.")
    for archive, files in ((wheel, in_wheel), (sdist, in_sdist)):
        for name, content in files.items():
            if problem := tells_too_much(content):
                raise Refused(f"{archive.name} holds {problem} in {name}.")


def check_wheel(files: Mapping[str, bytes], expected: frozenset[str]) -> None:
    """The packages as git knows them, and the metadata with the licence; no more."""
    held = {name for name in files if ".dist-info/" not in name}
    if missing := sorted(expected - held):
        raise Refused(f"The wheel lacks {', '.join(missing)}.")
    if more := sorted(held - expected):
        raise Refused(f"The wheel holds what git does not know: {', '.join(more)}.")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in files):
        raise Refused("The wheel lacks the LICENSE.")


def tells_too_much(content: bytes) -> str | None:
    """What a file says that is nobody's business: folders of this machine, something like a key."""
    for folder in (ROOT, Path.home()):
        if len(folder.parts) > 2 and bytes(folder) in content:
            return "a folder of this machine"
    return "what looks like a key" if _SECRET.search(content) else None


def of_wheel(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def of_sdist(path: Path) -> dict[str, bytes]:
    """By the path in the project, without the folder around all of it."""
    with tarfile.open(path) as archive:
        return {
            member.name.split("/", 1)[1]: opened.read()
            for member in archive
            if member.isfile() and (opened := archive.extractfile(member))
        }
