"""What others wrote stays text, wherever it is shown: markdown, tables, pages, terminals, names."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError
from rich.console import Console

from flows import artifacts
from flows.approval.pages import answered, html, markdown
from flows.approval.records import Answer as Decided
from flows.approval.records import Answered, Row, Sheet
from flows.approval.replies import Reply
from flows.approval.words import Facts
from flows.brief_page import brief_page
from flows.briefs import Brief
from flows.cells import cell, escaped
from flows.checks import validate_brief
from flows.cli.answers import Answer, Document
from flows.cli.carrying import console, show
from flows.cli.exits import Exit
from flows.cli.screen import Screen
from flows.cli.tables import Rows
from flows.errors import BadBriefs, BriefProblem, ProblemKind, ReplyRefused, shown
from flows.refusing import problem_row, show_problems
from flows.report import BatchReport, Job, ReportItem, description, table_rows
from globalaiopc import Catalogue, InvalidRequest
from globalaiopc.errors import ErrorInfo
from ledger.receipt import check_id
from tests.nasty import BRIEF, FORMULAS, LONG, NASTY, UNSEEN, short
from tests.tasks.doubles import Bucket

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAIN = "plain words"
UI = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""Like both of Prefect's UIs, before they take out what may not be: nothing may be left to that."""

CATALOGUE = Catalogue.load()

every_text = pytest.mark.parametrize("text", NASTY, ids=short)


def _report(text: str) -> BatchReport:
    error = ErrorInfo(
        code="refused", message=text, charged="no", retry_is_free=True, who_acts="user", advice=text
    )
    job = Job(stage="image", model=f"veo/{text}", prompt=text, cost=Decimal(1))
    item = ReportItem(id="fox", state="failed", error=error, jobs=(job,), made=None)
    return BatchReport.of("b", [item], started=NOW, ended=NOW, flow_run="run")


def _sheet(text: str) -> Sheet:
    row = Row(
        number=1, id="fox", take=1, prompt=text, motion=text, model=text, resolution=text,
        cost=Decimal(1), note=text,
    )  # fmt: skip
    return Sheet(batch_id="b", number=1, made=NOW, currency=text, rows=(row,))


def _answer(text: str) -> Decided:
    return Decided(sheet=1, reply=text, by=text, at=NOW, approved=("fox",), declined=())


def _pages(text: str) -> dict[str, str]:
    report = _report(text)
    facts = Facts(_sheet(text), Decimal(5), "s3://b/p", refusal=text)
    return {
        "description": description(report),
        "brief": brief_page(Bucket(), "b", report.items[0], ""),
        "sheet": markdown(facts, {}),
        "answered": answered("b", [Answered(_sheet(text), _answer(text))]),
    }


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _shape(page: str) -> list[tuple[str, dict[str, str | None]]]:
    return _Tags(UI.render(page)).tags


EXPECTED = {name: _shape(page) for name, page in _pages(PLAIN).items()}


@every_text
def test_a_page_has_the_same_shape_whatever_was_written(text: str) -> None:
    for name, page in _pages(text).items():
        # What is empty leaves its paragraph out; all else is told by text alone.
        if text.split():
            assert _shape(page) == EXPECTED[name], name
        assert {tag for tag, _ in _shape(page)}.isdisjoint({"a", "img", "script", "svg", "input"})
        assert not UNSEEN & set(page)
        assert len(page) < 1_100_000
        links = [at for at in ("http://", "https://", "ftp://") if at in page]
        assert links == [], name


@every_text
async def test_a_table_s_cells_fetch_nothing_and_link_nowhere(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect's UI reads each cell as markdown."""
    kept: dict[str, object] = {}

    async def keep(**given: object) -> None:
        kept.update(given)

    async def at_once() -> None:
        pass

    monkeypatch.setattr(artifacts, "acreate_table_artifact", keep)
    monkeypatch.setattr(artifacts, "server_is_back", at_once)
    problem = BriefProblem(message=text, field=text, allowed=text, id=text, row=1)
    rows = [*table_rows(_report(text)), problem_row(problem)]
    await artifacts.show_table("batch", "b", rows, "")
    table = kept["table"]
    assert isinstance(table, list)
    for one in (value for row in table for value in row.values()):
        tags = {tag for tag, _ in _shape(one)}
        assert tags.isdisjoint({"a", "img", "script", "svg", "style"}), one
        assert not UNSEEN & set(one)
        assert "http://" not in one
    many = [problem] * 30
    await show_problems("b", BadBriefs(many, [ProblemKind(field=text, reason=text, count=3)]))
    told = kept["description"]
    assert isinstance(told, str)
    assert {tag for tag, _ in _shape(told)} <= {"p", "ul", "li"}


@every_text
def test_the_sheet_s_page_of_html_has_the_same_shape(text: str) -> None:
    def tags(said: str) -> list[tuple[str, dict[str, str | None]]]:
        facts = Facts(_sheet(said), Decimal(5), "s3://b/p", refusal=said)
        return _Tags(html(facts, {})).tags

    found, expected = tags(text), tags(PLAIN)
    if text:
        assert found == expected
    policy = next(values["content"] for tag, values in found if "http-equiv" in values)
    assert (policy or "").startswith("default-src 'none'; img-src data:;")


@every_text
def test_a_cell_is_one_line_that_no_spreadsheet_runs(text: str) -> None:
    told = cell(text)
    assert len(told) <= 161
    assert not told.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert not (UNSEEN | {"\n"}) & set(told)
    told.encode()


def test_every_formula_is_taken_for_one() -> None:
    run = [text for text in FORMULAS if text.strip()[0] in "=+-@\uff1d\uff0b"]
    assert len(run) > 7
    assert all(cell(text).startswith("'") for text in run)


@every_text
def test_markdown_shows_it_as_it_was_written(text: str) -> None:
    line = " ".join(text.split())
    if UNSEEN & set(line) or text in LONG:
        return
    inline = UI.parseInline(escaped(text))[0].children or []
    assert {token.type for token in inline} <= {"text", "text_special"}
    assert "".join(token.content for token in inline) == line


@pytest.mark.parametrize("text", [*BRIEF, LONG[0][:5000]], ids=short)
@pytest.mark.parametrize("width", [40, 120])
def test_a_terminal_is_only_written_on(text: str, width: int) -> None:
    for terminal in (False, True):
        out = io.StringIO()
        screen = Console(file=out, width=width, markup=False, highlight=False, emoji=False,
                         force_terminal=terminal, color_system=None)  # fmt: skip
        parts = (Rows([{"brief": text}]), f"and {text}")
        answer = Answer(Exit.DONE, "Completed", text, shown=parts, next=(text,))
        show(screen, answer)
        with Screen(screen) as live:
            live.busy(text)
            live.say(text)
        told = out.getvalue()
        if terminal:  # rich's own signs, for the cursor and the line that moves
            told = "".join(part.partition("m")[2] if i else part for i, part in enumerate(
                _without_csi(told).split("\0")))  # fmt: skip
        assert not UNSEEN & set(told.replace("\r", "")), told[:200]
        told.encode()
    assert console(terminal=False)._markup is False  # type: ignore[attr-defined]


def _without_csi(told: str) -> str:
    """What is left when the few sequences that rich itself writes are taken out."""
    for sequence in ("\x1b[?25l", "\x1b[?25h", "\x1b[2K", "\x1b[1A", "\x1b[0m"):
        told = told.replace(sequence, "")
    return told


@every_text
def test_a_document_of_json_is_whole(text: str) -> None:
    error = InvalidRequest(text, field="id").info()
    answer = Answer(Exit.REFUSED, text, text, {"x": text}, error, ({"y": text},), (), (text,))
    told = Document.of("run", answer).document()
    told.encode()
    assert not UNSEEN & set(told)
    assert json.loads(told)["message"][:9] == text[:9] or "\ud800" <= max(text) <= "\udfff"


@every_text
def test_no_folder_of_the_bucket_is_named_so(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_id(text, "id")
    assert not (UNSEEN | {"\n"}) & set(str(refused.value))
    assert len(str(refused.value)) < 500


@every_text
def test_a_brief_says_it_or_is_refused_with_words_that_can_be_shown(text: str) -> None:
    for field in ("resolution", "quality", "ratio", "video_model", "image", "image_fallbacks"):
        value: object = [text] if field == "image_fallbacks" else text
        given = {"id": "fox", "topic": "x", "video_model": "veo/new", field: value}
        try:
            brief = Brief.model_validate(given)
        except ValidationError as refused:  # half a character is no text
            told = str(refused)
            assert field in told
            continue
        told = " ".join(map(str, validate_brief(brief, CATALOGUE)))
        assert told or not UNSEEN & set(str(getattr(brief, field))), field
        assert not (UNSEEN | {"\n"}) & set(told)
        assert len(told) < 2000, field


@every_text
def test_a_reply_to_a_sheet_is_understood_or_refused_in_words(text: str) -> None:
    told: set[str] = set()
    for said in (text, f"again 1: {text}", f"best {text} under 1", f"1,{text}"):
        try:
            reply = Reply.parse(said)
        except ReplyRefused as refused:
            told.add(refused.message)
        else:
            _answer(said).model_dump_json().encode()
            assert reply.choice or reply.again
    assert not (UNSEEN | {"\n"}) & set("".join(told))


@every_text
def test_what_is_quoted_in_a_message_cannot_disguise_it(text: str) -> None:
    told = shown(text)
    assert not (UNSEEN | {"\n"}) & set(told)
    assert len(told) < 62 * 6


def test_long_texts_cost_no_more_than_their_length() -> None:
    """Twice the text takes about twice the time: no pattern of ours backtracks."""
    import time  # noqa: PLC0415

    for text in LONG:
        took = []
        for size in (25_000, 50_000, 100_000):
            begun = time.process_time()
            escaped(text[:size]), cell(text[:size]), shown(text[:size])
            took.append(time.process_time() - begun)
        assert took[-1] < 1.0
        assert all(b < 8 * a + 0.05 for a, b in pairwise(took))
