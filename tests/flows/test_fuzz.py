"""Whatever lies in a file or is typed: a value, or our own error in words. Never anything else."""

import io
import json
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.logging import disable_run_logger
from pydantic import ValidationError

from flows.approval.records import Answer, Row, Sheet
from flows.approval.replies import Reply, judge
from flows.briefs import FIELDS, Brief
from flows.checks import bad_source, validate_brief
from flows.errors import BadBriefs, ReplyRefused, ScriptInvalid, ScriptUnreadable
from flows.gallery_data import gallery_page
from flows.gallery_reading import read_gallery
from flows.manifest import load_briefs
from flows.report import BatchReport, ReportItem, description, manifest_line, table_rows
from flows.rows import pasted_rows
from flows.script import StoredScript, parse_script
from flows.status import batch_status
from flows.verifying import Verifier
from globalaiopc import Catalogue, GlobalAIOPCError
from ledger import JobKey, Landed, Receipt, ReceiptUnreadable
from ledger.receipt import Claim
from ledger.seen import SEEN_KEY, load_seen
from ledger.times import TIMES_KEY, load_times
from tests.flows.test_report import landed, report, troubled
from tests.fuzzing import anything, damaged, encoded, examples, in_words, leaves, nearly, texts
from tests.nasty import UNSEEN
from tests.tasks.doubles import Bucket

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CATALOGUE = Catalogue.load()

RECEIPT = json.loads(
    Receipt(
        job=JobKey(batch_id="b", brief_id="good", stage="image"),
        state="landed",
        endpoint="nano_banana",
        model="nano-banana-2",
        api="v1",
        key_hash="0" * 12,
        asked={"prompt": "p", "inputs": ["0" * 64]},
        fingerprint="0" * 64,
        claim=Claim(holder="h", nonce="n", until=NOW),
        task_id="t",
        amount=Decimal("0.1"),
        media=Landed(key="b/good/image.png", sha256="0" * 64, size=3, content_type="image/png"),
        times={"intent": NOW, "landed": NOW},
    ).to_json()
)
REPORT = json.loads(report(landed("good"), troubled("bad", "failed", "moderated")).to_bytes())
ITEM = json.loads(manifest_line(landed("good")))
SCRIPT = {
    "schema_version": 1, "brief_id": "x", "model": "m", "topic": "t",
    "script": {"image_prompt": "a", "video_prompt": "b"},
}  # fmt: skip
SHEET = Sheet(batch_id="b", number=1, made=NOW, rows=(Row(number=1, id="x", take=1, model="m"),))


class Folder(Bucket):
    async def server_time(self) -> datetime:
        return NOW


@examples(60)
@given(nearly(RECEIPT).map(encoded) | damaged(encoded(RECEIPT)) | anything.map(encoded))
def test_receipts(body: bytes) -> None:
    try:
        receipt = Receipt.from_json(body, "b/x/receipts/image.json")
    except ReceiptUnreadable as error:
        in_words(error)
    else:
        assert Receipt.from_json(receipt.to_json(), "again").to_json() == receipt.to_json()


@examples(20)
@given(
    st.lists(nearly(ITEM).map(encoded) | damaged(encoded(ITEM)), max_size=3),
    nearly(REPORT).map(encoded) | damaged(encoded(REPORT)),
    nearly(RECEIPT).map(encoded) | damaged(encoded(RECEIPT)),
)
async def test_a_batch_s_folder(lines: list[bytes], report_: bytes, receipt: bytes) -> None:
    """Its gallery, its status and its check are told, whatever lies there."""
    bucket = Folder()
    for name, body in (
        ("manifest.jsonl", b"\n".join(lines)),
        ("report.json", report_),
        ("run.json", report_),
        ("good/receipts/image.json", receipt),
        ("other/receipts/video.json", encoded(RECEIPT)),
    ):
        await bucket.put(f"b/{name}", body, content_type="x")
    await bucket.put(SEEN_KEY, report_, content_type="x")
    await bucket.put(TIMES_KEY, report_, content_type="x")
    gallery_page(await read_gallery(bucket, "b"))
    await load_seen(bucket)
    await load_times(bucket)
    for work in (batch_status(bucket, "b"), Verifier(bucket, "b").verify()):
        with suppress(GlobalAIOPCError), disable_run_logger():
            await work


@examples(40)
@given(nearly(REPORT).map(encoded) | damaged(encoded(REPORT)))
def test_reports(body: bytes) -> None:
    with suppress(ValidationError):
        kept = BatchReport.model_validate_json(body)
        description(kept), table_rows(kept)


@examples(40)
@given(
    nearly(SCRIPT).map(encoded) | anything.map(encoded) | st.binary(max_size=80),
    texts | anything.map(json.dumps) | nearly(SCRIPT).map(json.dumps),
)
def test_scripts(body: bytes, text: str) -> None:
    with suppress(ScriptUnreadable):
        StoredScript.from_bytes(body).to_bytes()
    try:
        parse_script(text).model_dump_json()
    except ScriptInvalid as error:
        in_words(error)


@pytest.mark.parametrize("sign", ["{", "[", '{"a":', "```json\n{", '"', "\\"])
def test_answers_of_a_model_that_never_close(sign: str) -> None:
    with pytest.raises(ScriptInvalid):
        parse_script(sign * 100_000)


@examples(30)
@given(nearly(SHEET.model_dump(mode="json")).map(encoded))
def test_sheets_and_answers(body: bytes) -> None:
    for kind in (Sheet, Answer):
        with suppress(ValidationError):
            kind.model_validate_json(body)


WORDS = st.sampled_from(
    [*"019,-–，、#: \n", "all", "none", "best ", " under ", "again ", "20", "7-9", "1e9", "9" * 400]
)


@examples(120)
@given(st.lists(WORDS | st.text(max_size=3), max_size=14).map("".join))
def test_replies_to_a_sheet(said: str) -> None:
    try:
        verdict = judge(Reply.parse(said), SHEET.rows)
    except ReplyRefused as error:
        in_words(error)
    else:
        assert {*verdict.approved, *verdict.declined, *verdict.again} <= {1}


NAMES = st.sampled_from([*FIELDS, "Prompt", "secnods", "", "\ufeffid", "ID"]) | st.text(max_size=6)
CELLS = leaves | st.lists(leaves, max_size=3)


@examples(60)
@given(st.lists(st.dictionaries(NAMES, CELLS, max_size=6), max_size=4))
def test_lines_of_json(rows: list[dict[str, object]]) -> None:
    _briefs(".jsonl", "\n".join(json.dumps(row) for row in rows).encode())


CSV = b'id,topic,seconds,tags\n1,"a ""fox""\nruns",4,a;b\n2,x,8,\n'
SIGNS = st.sampled_from([b'"', b",", b";", b"\t", b"\r", b"\n", b"\x00", b"\xff", b"=1", b"id"])


@examples(80)
@given(
    damaged(CSV) | st.lists(SIGNS | st.binary(max_size=3), max_size=20).map(b"".join),
    st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]),
)
def test_files_of_briefs(body: bytes, ending: str) -> None:
    _briefs(ending, body)


@examples(60)
@given(st.lists(st.sampled_from(['"', "\t", ",", ";", "\r", "\n", "a", "id"]), max_size=24))
def test_pasted_tables(signs: list[str]) -> None:
    for raw in pasted_rows("id\ttopic\n" + "".join(signs), on_header=lambda _: None):
        assert raw.problem or raw.cells is not None


def _parquet() -> bytes:
    out = io.BytesIO()
    table = {"id": ["a", "b"], "topic": ["fox", "tea"], "tags": [["x"], []], "seconds": [4, None]}
    pq.write_table(pa.table(table), out)
    return out.getvalue()


@examples(60)
@given(damaged(_parquet()))
def test_parquet(body: bytes) -> None:
    _briefs(".parquet", body)


def _briefs(ending: str, body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"briefs{ending}"
        path.write_bytes(body)
        try:
            for brief in load_briefs(str(path), catalogue=CATALOGUE):
                brief.model_dump_json().encode()
        except BadBriefs as error:
            in_words(error, 30_000)


@examples(60)
@given(st.dictionaries(st.sampled_from(FIELDS), CELLS, max_size=6), texts)
def test_briefs_of_a_form(given_: dict[str, object], address: str) -> None:
    with suppress(ValidationError):
        brief = Brief.model_validate({"id": "x", **given_})
        for problem in validate_brief(brief, CATALOGUE):
            assert not UNSEEN & set(str(problem))
    for start in ("", "https://", "s3://", "data:", "//"):
        why = bad_source(start + address)
        assert why is None or not UNSEEN & set(why)


@examples(30)
@given(anything)
def test_items(value: object) -> None:
    with suppress(ValidationError):
        ReportItem.model_validate(value)
