"""The terminal's commands without the real parts: parsing, exit codes, documents, what is drawn."""

import inspect
import io
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import get_args

import httpx
import pytest
from rich.console import Console

from flows.cells import printable
from flows.cli import batches, rescuing, verifies, watching
from flows.cli.answers import Answer, Document
from flows.cli.bars import line, picture
from flows.cli.batches import ran
from flows.cli.carrying import carry_out, show
from flows.cli.commands import app
from flows.cli.exits import MEANING, Exit
from flows.cli.screen import Screen
from flows.cli.source import given, pairs
from flows.cli.tables import Rows
from flows.cli.wanted import Wanted
from flows.ending import end_of_batch
from flows.errors import ScriptUnanswered
from flows.progress import Progress
from flows.report import ReportItem
from flows.rescue_report import name_of
from flows.status import Stands
from flows.verify_report import name_of as name_of_check
from globalaiopc import InvalidRequest, NotSent
from tasks import StudioNotReady
from tests.conftest import ROOT
from tests.flows.test_progress import works
from tests.flows.test_report import landed, report, troubled
from tests.tasks.doubles import Provider, studio_for

DONE = Answer(Exit.DONE, "Completed", "All well.")


def called(arguments: list[str]) -> int:
    """The exit code of `python -m flows ARGUMENTS`."""
    with pytest.raises(SystemExit) as left:
        app(arguments)
    return int(left.value.code or 0)


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """What `plan` and `run` are asked for, instead of doing it."""
    seen: list[Wanted] = []

    async def note(_: Screen, what: Wanted) -> Answer:
        seen.append(what)
        return DONE

    monkeypatch.setattr(batches, "run", note)
    monkeypatch.setattr(batches, "plan", note)
    return seen


def test_every_option_arrives(wanted: list[Wanted], capsys: pytest.CaptureFixture[str]) -> None:
    options = "--batch-id d-{date} --columns Prompt=topic --columns A=id --limit 3 --budget 9.5"
    more = "--prices p.toml --timezone Asia/Tokyo --approve images --approval 1,3 --wave 9"
    blocks = "--connection c --bucket b --json"
    assert called(["run", "x.csv", *f"{options} {more} {blocks}".split()]) == 0
    assert wanted == [
        Wanted(
            briefs="x.csv",
            batch_id="d-{date}",
            columns=("Prompt=topic", "A=id"),
            limit=3,
            budget=9.5,
            prices="p.toml",
            timezone="Asia/Tokyo",
            approve="images",
            approval="1,3",
            wave=9,
            connection="c",
            bucket="b",
        )
    ]
    assert json.loads(capsys.readouterr().out)["state"] == "Completed"
    again = wanted[0].command("run", "d-2026-03-01").split()[3:]
    assert called(again) == 0
    assert wanted[1].batch_id == "d-2026-03-01", "the very batch, whatever day it is"
    assert (wanted[1].columns, wanted[1].budget) == (wanted[0].columns, 9.5)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run", "x.csv", "--bugdet", "3"], "Did you mean --budget?"),
        (["run", "x.csv", "--limit", "few"], "--limit"),
        (["run", "x.csv", "--approve", "videos"], "images"),
        (["status"], "BATCH"),
        (["dance"], "dance"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert told in shown.err


def test_standard_input_is_read_and_help_tells_the_codes(
    wanted: list[Wanted], capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(["plan", "-"]) == 0
    assert wanted[0].briefs == "-"
    capsys.readouterr()
    assert called(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"{code:>3}  " in text for code in Exit)
    assert set(MEANING) == set(Exit)


def test_help_does_not_wait_for_prefect() -> None:
    code = "import sys, flows.cli.commands; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def answer_to(*items: ReportItem, state: str = "") -> Answer:
    made = report(*items)
    end = end_of_batch(made)
    return ran(made, Wanted(briefs="x.csv"), state or end.name or "", end.message or "")


def unanswered(name: str) -> ReportItem:
    return troubled(name, "unknown", ScriptUnanswered.code)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([landed("a")], Exit.DONE),
        ([landed("a"), troubled("b", "failed", "moderated")], Exit.PARTLY),
        ([troubled("b", "failed", "moderated")], Exit.FAILED),
        ([landed("a"), troubled("b", "unknown", "outcome_unknown")], Exit.DECIDE),
        ([landed("a"), unanswered("b")], Exit.PARTLY),
    ],
)
def test_a_batch_ends_with_its_code(items: list[ReportItem], expected: Exit) -> None:
    answer = answer_to(*items)
    assert answer.exit is expected
    assert answer.result == report(*items).model_dump(mode="json")
    assert any("rescue b" in one for one in answer.next) == (expected is Exit.DECIDE)
    if expected is not Exit.DONE:
        assert "python -m flows run x.csv --batch-id b" in answer.next


def test_what_waits_for_approval_has_a_code_of_its_own() -> None:
    waiting = troubled("a", "pending", "awaiting_approval")
    answer = answer_to(waiting, state=batches.AWAITS)
    assert answer.exit is Exit.APPROVE
    assert "python -m flows run x.csv --batch-id b --approval all" in answer.next


def test_failures_are_grouped_with_money_at_risk_first() -> None:
    items = [troubled(f"m{n}", "failed", "moderated") for n in range(40)]
    shown = drawn(answer_to(*items, troubled("lost", "unknown", "outcome_unknown")))
    assert shown.index("outcome_unknown") < shown.index("moderated ")
    assert "m0, m1, m2" in shown
    assert "m3" not in shown


def test_every_state_of_a_rescue_and_of_a_batch_has_a_code() -> None:
    assert set(watching._EXITS) == set(get_args(Stands))
    source = inspect.getsource(name_of)
    assert set(rescuing._EXITS) == set(re.findall(r'"([A-Z][A-Za-z]+)"', source))
    source = inspect.getsource(name_of_check)
    assert set(verifies._EXITS) == set(re.findall(r'"([A-Z][A-Za-z]+)"', source))


async def _raises(_: Screen, error: Exception) -> Answer:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "state"),
    [
        (InvalidRequest("No.", field="x"), 2, "Refused"),
        (StudioNotReady("No block."), 2, "Refused"),
        (NotSent("The bucket is away."), 1, "Failed"),
        (httpx.ConnectError("refused"), 1, "Unreachable"),
    ],
)
def test_a_mistake_is_a_document_and_no_traceback(
    error: Exception, code: int, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out("run", lambda screen: _raises(screen, error), as_json=True) == code
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert set(document) == set(Document.model_fields)
    assert (document["exit_code"], document["state"]) == (code, state)
    assert "Traceback" not in told.err


def test_the_documents_shape_is_documented() -> None:
    page = (ROOT / "docs" / "terminal.md").read_text()
    assert all(f"`{name}`" in page for name in Document.model_fields)
    for code, meaning in MEANING.items():
        assert f"| {int(code)} | {meaning} |" in page


def test_a_source_is_a_file_a_topic_or_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with given(None, "A fox") as briefs:
        assert briefs == [{"id": "0001", "topic": "A fox"}]
    for body, ending in ((b'{"topic": "x"}', "jsonl"), (b"id\ttopic", "tsv"), (b"id,topic", "csv")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(body)))
        with given("-", None) as path:
            assert Path(str(path)).read_bytes() == body
            assert str(path).endswith(ending)
        assert not Path(str(path)).exists()
    with given("s3://b/x.csv", None) as briefs:
        assert briefs == "s3://b/x.csv"
    for wrong in ((None, None), ("x.csv", "A fox"), (str(tmp_path / "none.csv"), None)):
        with pytest.raises(InvalidRequest), given(*wrong):
            pass


def test_columns_are_pairs() -> None:
    assert pairs(()) is None
    assert pairs(("A=B=topic",)) == {"A=B": "topic"}
    for wrong in ("topic", "=topic", "A="):
        with pytest.raises(InvalidRequest, match="COLUMN=FIELD"):
            pairs((wrong,))


def drawn(answer: Answer, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    show(console, answer)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [30, 60, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    rows = [{"brief": f"n{n}", "state": "failed", "what to do": "word " * 30} for n in range(3)]
    text = drawn(Answer(Exit.PARTLY, "PartlyLanded", "word " * 30, shown=(Rows(rows),)), width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.count("failed") == 3


def test_text_from_outside_moves_no_cursor() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 [red]x[/red] \u202egnp"
    answer = Answer(Exit.DONE, "x", hostile, shown=(Rows([{"brief": hostile}]),), next=(hostile,))
    text = drawn(answer)
    assert not set("\x1b\x07\u202e") & set(text)
    assert "[red]x[/red]" in text
    assert printable("日本 é 👍\n") == "日本 é 👍\n"


@pytest.mark.parametrize("width", [40, 100])
def test_the_bars_count_each_brief_once(width: int) -> None:
    studio = studio_for(Provider())
    progress = Progress(studio, works(6), "night")
    timeline = studio.timeline
    with (
        timeline.span("n0", "script", "chat"),
        timeline.span("n1", "image", "wait"),
        timeline.span("n2", "image", "land"),
        timeline.span("n3", "video", "land"),
    ):
        with timeline.span("n4", "video", "wait"):
            timeline.end("n4", "failed", "job_failed", Decimal("0.4"))
        timeline.end("n5", "landed", cost=Decimal("0.52"))
        counts = {one.stage: (one.through, one.here, one.over) for one in progress.stages()}
        console = Console(file=io.StringIO(), width=width)
        console.print(picture(progress, width))
        told = line(progress)
    assert counts == {
        "script": (5, 1, 0),
        "image": (3, 2, 0),
        "video": (2, 0, 1),
        "landing": (1, 1, 0),
    }
    assert told.startswith("1 landed, 1 failed, 4 to go · cost 0.92 · ")
    text = str(console.file.getvalue())  # type: ignore[attr-defined]
    assert all(f"{count}/6" in text for count in (5, 3, 2, 1))
    assert max(len(row) for row in text.splitlines()) <= width
