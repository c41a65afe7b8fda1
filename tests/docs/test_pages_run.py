"""A newcomer's pages, typed from top to bottom on the real parts, say what they promise to say."""

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import blocks.__main__ as blocks_main
from flows.cli.commands import app
from tests.conftest import ROOT
from tests.docs.commands import DOCS, Command, Fence, fences, parsed
from tests.pipeline import Pipeline

pytestmark = pytest.mark.stack

ELSEWHERE = ("make ", "pip ", "prefect ", ". ", "export ", "python -m venv ")
"""The stack is what they would have made; test_commands.py tells which test runs them."""

DEAR = "python -m flows run examples/briefs.csv --batch-id first --budget 5 --prices prices.toml"
"""Five videos more, for what the tutorial has shown: that a batch goes on."""

# Addresses, hashes and times are other ones in each run.
_CHANGES = re.compile(r"://|hash is|\d\d:\d\d")


@pytest.fixture
def folder(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder to type in, with the variables that the reader has exported."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    for name, value in {**pipeline.environment, "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("page", ["tutorial.md", "going-live.md"])
def test_a_page_typed_from_top_to_bottom(
    folder: Path, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = list(fences((DOCS / page).read_text("utf-8")))
    typed = 0
    for fence, following in itertools.zip_longest(found, found[1:]):
        if fence.title:
            (folder / fence.title).write_text(fence.text, "utf-8")
        for command in here(fence, page):
            typed += 1
            assert done(command) == 0, str(command)
            said = plain(capsys.readouterr().out)
            if following is not None and following.language == "text":
                for line in following.text.splitlines():
                    assert _CHANGES.search(line) or plain(line) in said, line
    assert typed >= 4


def here(fence: Fence, page: str) -> Iterator[Command]:
    for command in parsed(fence.shell, f"{page}:{fence.line}"):
        words = shlex.join(command.words)
        if not words.startswith((*ELSEWHERE, DEAR)):
            yield command


def done(command: Command) -> int:
    """Carry it out in this process, as Prefect takes seconds to import; its exit code."""
    program, *rest = command.words
    if program == "cp":
        Path(rest[1]).write_bytes(Path(rest[0]).read_bytes())
        return 0
    if rest[:2] == ["-m", "blocks"]:
        return blocks_main.main(rest[2:])
    assert rest[:2] == ["-m", "flows"], f"{command}: this test has no way to do it"
    with pytest.raises(SystemExit) as left:
        app(rest[2:])
    return int(left.value.code or 0)


def plain(text: str) -> str:
    """Words alone: how wide a table is drawn says nothing."""
    return " ".join(re.sub(r"[\u2500-\u257f]+", " ", text).split())
