"""sdist and wheel come out the same every time, with all that belongs into them and no more."""

import os
import subprocess
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from release.compat import copy_of_the_tree
from release.contents import Refused, check_archives, check_wheel, of_wheel, tells_too_much, tracked
from release.dist import PACKAGES, build, main, unpacked
from tests.conftest import ROOT

NAME = "globalaiopc-pipelines"


def known_to_git() -> frozenset[str]:
    try:
        return tracked(ROOT, PACKAGES)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout of git")


def test_two_builds_are_the_same_bytes_and_hold_what_they_should(tmp_path: Path) -> None:
    expected = known_to_git()
    copy_of_the_tree(tmp_path / "tree")
    built = build(tmp_path / "tree", tmp_path / "one", "1700000000")
    again = unpacked(built[0], tmp_path / "unpacked")
    for path in again.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (0, 0))
    for one, other in zip(built, build(again, tmp_path / "two", "1700000000"), strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes(), one.name
    check_archives(*built, expected)

    files = of_wheel(built[1])
    assert {name.split("/")[0] for name in files if ".dist-info" not in name} == {*PACKAGES}
    (metadata,) = (files[name] for name in files if name.endswith(".dist-info/METADATA"))
    said = message_from_bytes(metadata)
    assert said["Name"] == NAME
    assert said["License-Expression"] == "Apache-2.0"
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in (said.get_all("Classifier") or [])


def test_a_wheel_with_too_much_or_too_little_is_refused() -> None:
    good = {"flows/a.py": b"", "x.dist-info/licenses/LICENSE": b""}
    expected = frozenset({"flows/a.py"})
    check_wheel(good, expected)
    with pytest.raises(Refused, match=r"lacks flows/page\.css"):
        check_wheel(good, expected | {"flows/page.css"})
    with pytest.raises(Refused, match=r"git does not know: flows/\.env"):
        check_wheel({**good, "flows/.env": b""}, expected)
    with pytest.raises(Refused, match="LICENSE"):
        check_wheel({"flows/a.py": b""}, expected)


@pytest.mark.parametrize(
    "content",
    [
        f"home = '{ROOT}'".encode(),
        b"aws_access_key_id = AKIA" + b"ABCDEFGHIJKLMNOP",
        b"-----BEGIN RSA " + b"PRIVATE KEY-----",
        b"key = 'sk-" + b"a1" * 20 + b"'",
    ],
)
def test_keys_and_folders_of_the_machine_are_found(content: bytes) -> None:
    assert tells_too_much(content)
    assert not tells_too_much(b"GLOBALAIOPC_API_KEY=your-key")


def test_no_other_package_brings_one_of_our_names() -> None:
    brought = packages_distributions()
    for package in PACKAGES:
        assert {*brought.get(package, [NAME])} == {NAME}, package


@pytest.mark.exhaustive  # a minute: installs the wheel and takes a brief through it
def test_the_wheel_runs_where_nothing_else_is() -> None:
    known_to_git()
    assert main() == 0
