"""Lists of briefs from bytes: what is read, and that every bad row is named with its field."""

import io
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.briefs import Brief
from flows.errors import BadBriefs
from flows.manifest import read_briefs
from flows.rows import ROW_LIMIT
from tests.flows.lists import load, refusal

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(content: str | bytes, name: str = "briefs.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return _write


def places(source: Any, **how: Any) -> list[tuple[int | None, int | None, str]]:
    return [(found.row, found.line, found.field) for found in refusal(source, **how).problems]


# --- what is read


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.csv", "id,topic,seconds,tags\na,sea,8,x;y\nb,sky,,\n"),
        ("b.csv", b"\xef\xbb\xbfid,topic,seconds,tags\r\na,sea,8,x;y\r\nb,sky,,\r\n"),
        ("b.csv", "id;topic;seconds;tags\na;sea;8;x,y\nb;sky\n"),
        ("b.csv", "\nID, Topic ,SECONDS,Tags,Remarks,\n\na,sea,8,x;y,fine\n,,,\nb,sky"),
        ("b.TSV", "id\ttopic\tseconds\ttags\na\tsea\t8\tx;y\r\nb\tsky\n"),
        ("b.jsonl", '{"id":"a","topic":"sea","seconds":8,"tags":["x","y"]}\n\n'
                    '{"id":"b","topic":"sky"}'),
        ("b.jsonl", b'\xef\xbb\xbf{"id":"a","topic":"sea","seconds":"8","tags":"x,y","n":null}\r\n'
                    b'{"id":"b","topic":"sky","seconds":null}\r\n'),
    ],
)  # fmt: skip
def test_formats_read_alike(write: Write, name: str, content: str | bytes):
    first, second = load(write(content, name))
    assert (first.id, first.topic, first.seconds, first.tags) == ("a", "sea", 8, ["x", "y"])
    assert (second.id, second.topic, second.seconds, second.tags) == ("b", "sky", None, [])


def test_a_list_may_hold_briefs_and_objects_and_keeps_what_was_set():
    one = Brief(id="a", topic="sea", ratio="16:9")
    read = load([one, {"id": 7, "topic": "sky", "ratio": "9:16"}])
    assert [(b.id, b.ratio, b.seconds) for b in read] == [("a", "16:9", None), ("7", "9:16", None)]


def test_an_empty_cell_leaves_the_field_to_its_default(write: Write):
    path = write("id,topic,ratio\na,sea,9:16\nb,sky,\n")
    assert [b.ratio for b in load(path)] == ["9:16", "16:9"]


def test_quoted_cells_hold_separators_quotes_and_line_ends(write: Write):
    path = write('id,topic\r\na,"one, two\r\n""three"""\r\nb,=SUM(A1)\r\n')
    assert [b.topic for b in load(path)] == ['one, two\n"three"', "=SUM(A1)"]


def test_tsv_quotes_are_text_unless_they_hold_the_whole_cell(write: Write):
    content = 'id\ttopic\na\t"G I G" on a wall\nb\t"say ""hi"""\nc\tsay "hi"\n'
    topics = [b.topic for b in load(write(content, "b.tsv"))]
    assert topics == ['"G I G" on a wall', 'say "hi"', 'say "hi"']


def test_words_such_as_null_and_nan_are_text(write: Write):
    assert [b.topic for b in load(write("topic\nnull\nNaN\nNone\n"))] == ["null", "NaN", "None"]


def test_ids_are_made_from_the_row_so_that_a_rerun_names_the_same(write: Write):
    path = write("Prompt,Note\nsea,x\n\nsky,y\n")
    for _ in range(2):
        read = load(path, columns={"Prompt": "topic"})
        assert [(b.id, b.topic) for b in read] == [("0001", "sea"), ("0003", "sky")]


def test_the_shape_of_a_public_prompt_file(write: Write):
    """Same columns and quirks as PartiPrompts: unmapped columns, empty notes, unquoted quotes."""
    rows = "".join(f'"{n}" painted on a wall, {n}\tScenes\tBasic\t\n' for n in range(1, 1633))
    path = write("Prompt\tCategory\tChallenge\tNote\n" + rows, "p.tsv")
    read = load(path, columns={"Prompt": "topic"}, limit=40)
    assert len(read) == 40
    assert (read[-1].id, read[-1].topic) == ("0040", '"40" painted on a wall, 40')
    assert len(load(path, columns={"prompt": "topic"})) == 1632


def test_a_limit_reads_no_further(write: Write):
    content = b"id,topic\na,sea\nb,\xff\n"
    assert [b.id for b in load(write(content), limit=1)] == ["a"]


def test_s3_is_opened_by_the_caller_and_closed():
    opened: list[tuple[str, io.BytesIO]] = []

    def open_s3(uri: str) -> io.BytesIO:
        opened.append((uri, io.BytesIO(b"id,topic\na,sea\n")))
        return opened[-1][1]

    assert [b.id for b in load("s3://bucket/in/briefs.csv", open_s3=open_s3)] == ["a"]
    assert opened[0][0] == "s3://bucket/in/briefs.csv"
    assert opened[0][1].closed


def test_an_abandoned_reading_closes_its_file():
    body = io.BytesIO(b"id,topic\na,sea\nb,sky\n")
    reading = read_briefs("s3://b/k.csv", open_s3=lambda _: body)
    assert next(reading).brief
    reading.close()  # type: ignore[attr-defined]
    assert body.closed


def test_memory_does_not_grow_with_the_rows():
    class Endless(io.RawIOBase):
        """A million rows, made as they are read."""

        made = 0

        def read(self, amt: int = -1, /) -> bytes:
            if self.made >= 40_000:
                return b""
            header = b"" if self.made else b"topic\n"
            self.made += 2_000
            return header + b"a lighthouse at dawn, waves below\n" * 2_000

    def peak(rows: int) -> int:
        tracemalloc.start()
        for _ in read_briefs("s3://b/k.csv", open_s3=lambda _: Endless(), limit=rows):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    few, many = peak(2_000), peak(20_000)
    assert many - few < 18_000 * 160  # the hashes of the ids, and nothing else, stay


# --- what is refused, with row and field


def test_a_missing_column_is_named_with_the_way_out(write: Write):
    error = refusal(write("Prompt,Category\nsea,x\n"))
    # "Prompt" is not read, and without it there is no topic.
    assert {found.field for found in error.problems} == {"topic"}
    assert '{"Prompt": "topic"}' in error.message
    assert '"Category"' in error.message


def test_a_mapped_column_that_is_not_there(write: Write):
    error = refusal(write("id,topic\na,b\n"), columns={"Caption": "image_prompt"})
    assert '"Caption", which is missing' in error.message
    assert error.field == "image_prompt"


def test_a_mapping_to_no_field(write: Write):
    error = refusal(write("id,topic\na,b\n"), columns={"Caption": "prompt"})
    assert 'names "prompt", which is no field' in error.message
    assert "image_prompt" in error.allowed


@pytest.mark.parametrize(
    ("column", "meant"),
    [("tpoic", "topic"), ("secnods", "seconds"), ("duration", "seconds"), ("Model", "video_model")],
)
def test_a_column_that_reads_like_a_field_is_not_dropped(write: Write, column: str, meant: str):
    error = refusal(write(f"id,topic,{column}\na,b,c\n" if meant != "topic" else "id,tpoic\na,b\n"))
    assert f'Column "{column}" is not read. If it is {meant}' in error.message


@pytest.mark.parametrize("column", ["Category", "idx", "Challenge", "Note", "url", "owner"])
def test_other_columns_are_left_alone(write: Write, column: str):
    assert len(load(write(f"id,topic,{column}\na,b,c\n"))) == 1


def test_two_columns_for_one_field(write: Write):
    error = refusal(write("id,topic,Prompt\na,b,c\n"), columns={"Prompt": "topic"})
    assert 'Columns "topic" and "Prompt" both stand for topic' in error.message


def test_duplicate_ids_name_both_rows(write: Write):
    error = refusal(write("id,topic\nx,sea\ny,sky\nx,sun\n"))
    assert [(f.row, f.line, f.field, f.id) for f in error.problems] == [(3, 4, "id", "x")]
    assert 'Row 1 and row 3 both have the id "x"' in error.message


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("b,,", "topic"),
        ("b,  ,", "topic"),
        ("b," + "x" * 5001 + ",", "topic"),
        ("b,sky,openAiSora3", "video_model"),
        ("b/c,sky,", "id"),
    ],
)
def test_a_bad_row_names_row_line_and_field(write: Write, row: str, field: str):
    path = write(f'id,topic,video_model\na,"two\nlines",\n{row}\n')
    assert places(path) == [(2, 4, field)]


def test_all_bad_rows_come_at_once(write: Write):
    path = write("id,topic,seconds\na,,\nb,sky,ten\nc,sun,4\nd e,x,5\n")
    assert places(path) == [(1, 2, "topic"), (2, 3, "seconds"), (4, 5, "id"), (4, 5, "seconds")]


def test_not_utf8_names_the_byte_the_row_and_the_field(write: Write):
    path = write("id,topic\na,sea\nb,café\nc,sky\n".encode("latin-1"))
    error = refusal(path)
    assert [(f.row, f.line, f.field, f.id) for f in error.problems] == [(2, 3, "topic", "b")]
    assert "Byte 0xE9 at character 4 is not UTF-8" in error.message
    assert "CSV UTF-8" in error.message
    assert places(write(b'{"id":"a","topic":"caf\xe9"}\n', "b.jsonl")) == [(1, 1, "topic")]
    assert places(write(b"id\ttopic\n\xe9\tsea\n", "b.tsv")) == [(1, 2, "id")]


def test_a_header_that_is_not_utf8(write: Write):
    assert "is not UTF-8" in refusal(write("id,topic,Größe\na,b,c\n".encode("latin-1"))).message


def test_utf16_is_named(write: Write):
    assert "UTF-16" in refusal(write("id,topic\na,b\n".encode("utf-16"))).message


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_ten_megabyte_cell_is_refused_and_the_rows_behind_it_are_read(write: Write, quote: str):
    huge = quote + ("many words " * 10 + ("\n" if quote else "")) * 100_000 + quote
    path = write(f"id,topic,seconds\na,sea,\nb,{huge},4\nc,sky,5\n")
    tracemalloc.start()
    error = refusal(path)
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(f.row, f.line, f.field) for f in error.problems[:1]] == [(2, 3, "topic")]
    assert [(f.row, f.field) for f in error.problems[1:]] == [(3, "seconds")]
    assert f"longer than {ROW_LIMIT:,} bytes" in error.message
    assert len(error.message) < 1_500
    assert top < 4_000_000


@pytest.mark.parametrize("name", ["b.tsv", "b.jsonl"])
def test_a_ten_megabyte_cell_in_the_other_formats(write: Write, name: str):
    huge = "x" * 10_000_000
    tsv = f"id\ttopic\tseconds\na\t{huge}\t4\nb\tsky\t4\n"
    jsonl = f'{{"id":"a","topic":"{huge}"}}\n{{"id":"b","topic":"sky"}}\n'
    content, line = (tsv, 2) if name == "b.tsv" else (jsonl, 1)
    assert places(write(content, name)) == [(1, line, "topic")]


def test_an_open_quote_names_the_row_where_it_opens(write: Write):
    error = refusal(write('id,topic\na,sea\nb,"sky\nc,sun\n'))
    assert [(f.row, f.line, f.field) for f in error.problems] == [(2, 3, "topic")]
    assert "never closed" in error.message
    error = refusal(write('id\ttopic\na\t"sea\nb\tsky\n', "b.tsv"))
    assert [(f.row, f.line, f.field) for f in error.problems] == [(1, 2, "topic")]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('b,"sky" blue', "Write a quote inside as two"),
        ("b,sky, with clouds", "3 cells and the header 2"),
        ("b,s\rky", "bare carriage return"),
    ],
)
def test_rows_that_are_not_csv(write: Write, row: str, says: str):
    error = refusal(write(f"id,topic\na,sea\n{row}\nc,sun\n"))
    assert [(f.row, f.line) for f in error.problems] == [(2, 3)]
    assert says in error.message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not an object: "),
        ('{"topic": "sky"', "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"topic":"sky","seconds":' + "9" * 5_000 + "}", "cannot be read"),
        ('{"id":"b","topic":"sky","secnods":4}', 'Column "secnods" is not read'),
        ('{"id":"b","topic":["sky"]}', "valid string"),
        ('{"id":"b","topic":"\\ud800"}', "U+D800"),
        ('{"id":"b","topic":"sky","image":{"u":"https://h/?sig=1"}}', "valid string"),
    ],
)
def test_bad_json_lines(write: Write, line: str, says: str):
    content = f'{{"id":"a","topic":"sea"}}\n{line}\n{{"id":"c","topic":"sun"}}\n'
    error = refusal(write(content, "b.jsonl"))
    assert {f.row for f in error.problems} == {2}
    assert says in error.message
    assert "sig=" not in error.message


def test_a_list_item_that_is_no_brief():
    assert places([{"id": "a", "topic": "b"}, "just words"]) == [(2, None, "")]  # type: ignore[list-item]


@pytest.mark.parametrize("content", ["", "\n\n", "id,topic\n", b"\xef\xbb\xbf"])
def test_nothing_in_it(write: Write, content: str | bytes):
    message = refusal(write(content)).message
    assert "empty" in message or "no briefs" in message
    assert "no briefs" in refusal([]).message


@pytest.mark.parametrize("name", ["b.parquet.gz", "b.xlsx", "b.json", "b", "s3://bucket/b.orc"])
def test_other_formats_are_named(name: str):
    error = refusal(name)
    assert "not read" in error.message
    assert ".csv, .tsv, .jsonl or .parquet" in error.allowed


@pytest.mark.parametrize("name", ["no/such/file.csv", "nul\0byte.csv", "s3://bucket/b.csv"])
def test_a_file_that_cannot_be_opened(name: str):
    assert "read" in refusal(name).message


def test_a_folder_is_not_a_file(tmp_path: Path):
    (tmp_path / "x.csv").mkdir()
    assert "cannot be read" in refusal(str(tmp_path / "x.csv")).message


def test_a_limit_below_one():
    assert refusal([], limit=0).field == "limit"


# --- whatever the bytes


PIECES = b'id topic seconds , ; " "" { } ": [ null 4 \xff \xef\xbb\xbf \xe7\x81\xaf'.split()
BREAKS = [b"\t", b"\n", b"\r\n", b"\r", b"\x00"]
csv_like = st.lists(st.sampled_from(PIECES + BREAKS), max_size=60).map(b"".join)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.one_of(
        st.binary(max_size=300), csv_like, csv_like.map(lambda tail: b"id,topic\n" + tail)
    ),
    name=st.sampled_from(["k.csv", "k.tsv", "k.jsonl"]),
)
def test_any_bytes_are_briefs_or_bad_briefs(body: bytes, name: str):
    try:
        briefs = load(f"s3://b/{name}", open_s3=lambda _: io.BytesIO(body))
    except BadBriefs as error:
        error.message.encode()
        json.dumps([found.model_dump() for found in error.problems]).encode()
        [found.model_dump_json() for found in error.problems]
    else:
        assert len({brief.id for brief in briefs}) == len(briefs) > 0
        assert all(brief.topic or brief.video_prompt for brief in briefs)


@settings(max_examples=150)
@given(
    topics=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).filter(str.strip),
        min_size=1,
        max_size=8,
    )
)
def test_what_csv_and_json_write_is_read_back(topics: list[str]):
    quoted = "".join('"' + topic.replace('"', '""') + '"\r\n' for topic in topics)
    lines = "".join(json.dumps({"topic": topic}) + "\n" for topic in topics)
    for name, body in (("k.csv", "topic\r\n" + quoted), ("k.jsonl", lines)):
        stream = io.BytesIO(body.encode())
        entries = read_briefs(f"s3://b/{name}", open_s3=lambda _, s=stream: s)  # type: ignore[misc]
        assert [entry.brief and entry.brief.topic for entry in entries] == [
            topic.strip() for topic in topics
        ]
