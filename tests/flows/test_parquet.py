"""Lists of briefs in Parquet files: what is read, what is refused, and in how much memory."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import BadBriefs
from flows.findings import LISTED
from flows.manifest import iter_briefs, read_briefs
from tests.flows.lists import CATALOGUE, load, parquet, refusal

ROOT = Path(__file__).resolve().parents[2]
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(columns: dict[str, Any], **how: Any) -> str:
        path = tmp_path / "briefs.parquet"
        path.write_bytes(parquet(columns, **how))
        return str(path)

    return _write


def of_bytes(body: bytes) -> dict[str, Any]:
    return {"source": "s3://b/k.parquet", "open_s3": lambda _: io.BytesIO(body)}


# --- what is read


def test_it_reads_as_the_same_list_in_json_does(write: Write, tmp_path: Path):
    rows: list[dict[str, Any]] = [
        {"id": "a", "topic": "sea\r\nfoam ", "seconds": 8, "sound": None, "tags": ["x", "y"]},
        {"id": "b", "topic": "灯塔", "seconds": None, "sound": None, "tags": []},
        {"id": "c", "topic": "sky", "seconds": 4, "sound": None, "tags": None},
        {"id": "d", "topic": "sun", "reference_images": ["key/a.png", "key/b.png"]},
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    path = write({name: [row.get(name) for row in rows] for name in names})
    lines = tmp_path / "b.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load(path) == load(str(lines))
    assert load(path)[3].reference_images == ["key/a.png", "key/b.png"]


@pytest.mark.parametrize(
    "seconds",
    [
        pa.array([8, None], pa.int8()),
        pa.array([8, None], pa.uint64()),
        pa.array([8.0, None], pa.float64()),
        pa.array([8, None], pa.decimal128(9, 2)),
        pa.array(["8", None], pa.large_string()),
        pa.array(["8", ""]).dictionary_encode(),
    ],
)
def test_numbers_of_every_width(write: Write, seconds: pa.Array):
    assert [b.seconds for b in load(write({"topic": ["x", "y"], "seconds": seconds}))] == [8, None]


@pytest.mark.parametrize(
    "tags",
    [
        pa.array([["x", "y"]], pa.large_list(pa.string())),
        pa.array([["x", "y"]], pa.list_(pa.string(), 2)),
        pa.array([["x", "y"]], pa.list_(pa.dictionary(pa.int32(), pa.string()))),
        pa.array(["x; y"]),
    ],
)
def test_lists_of_every_kind(write: Write, tags: pa.Array):
    assert load(write({"topic": ["sea"], "tags": tags}))[0].tags == ["x", "y"]


@pytest.mark.parametrize(
    "how",
    [
        {"use_dictionary": ["topic"], "compression": "zstd"},
        {"use_dictionary": False, "compression": "none", "data_page_version": "2.0"},
        {"row_group_size": 3, "compression": "gzip"},
    ],
)
def test_rows_keep_their_order_and_numbers_over_batches_and_groups(write: Write, how: Any):
    topics = [f"Tower {n % 7}" for n in range(300)]
    read = load(write({"topic": topics}, **how))
    assert [b.topic for b in read] == topics
    assert (read[0].id, read[-1].id) == ("0001", "0300")


def test_columns_are_mapped_and_others_are_not_read(write: Write):
    times = pa.array([0, 1], pa.timestamp("us"))
    columns = {"Prompt": ["sea", "sky"], "Prompt.old": [1, 2], "made": times, "Length": [4, 8]}
    read = load(write(columns), columns={"prompt": "topic", "Length": "seconds"})
    assert [(b.id, b.topic, b.seconds) for b in read] == [("0001", "sea", 4), ("0002", "sky", 8)]


def test_a_column_with_a_dot_in_its_name(write: Write):
    path = write({"meta.text": ["sea"], "meta": pa.array([{"text": "sky"}])})
    assert load(path, columns={"meta.text": "topic"})[0].topic == "sea"


def test_an_abandoned_reading_closes_its_file():
    body = io.BytesIO(parquet({"topic": ["sea", "sky"]}))
    reading = read_briefs("s3://b/k.parquet", open_s3=lambda _: body)
    assert next(reading).brief
    reading.close()  # type: ignore[attr-defined]
    assert body.closed


# --- what is refused


def test_every_bad_row_is_named(write: Write):
    columns = {
        "id": ["a", "b", "a", "d e", "f"],
        "topic": ["sea", None, "sky", "sun", "x" * 200_000],
        "seconds": [4, 8, 12, 5, 4],
    }
    error = refusal(write(columns))
    assert [(p.row, p.line, p.field) for p in error.problems] == [
        (2, None, "topic"),
        (3, None, "id"),
        (4, None, "id"),
        (4, None, "seconds"),
        (5, None, "topic"),
    ]
    assert 'Row 1 and row 3 both have the id "a"' in error.message
    assert "longer than 131,072" in error.message


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("topic", pa.timestamp("us"), "timestamp[us]"),
        ("seconds", pa.duration("s"), "duration[s]"),
        ("id", pa.date32(), "date32"),
        ("topic", pa.binary(), "binary"),
        ("topic", pa.list_(pa.string()), "list<"),
        ("tags", pa.list_(pa.int64()), "list<"),
        ("image", pa.struct({"path": pa.string()}), "struct<"),
        ("tags", pa.map_(pa.string(), pa.string()), "map<"),
    ],
)
def test_a_column_of_another_kind_is_refused_once(
    write: Write, name: str, kind: pa.DataType, says: str
):
    columns = {"topic": ["x"] * 5} | {name: pa.array([None] * 5, kind)}
    error = refusal(write(columns))
    assert [(p.row, p.field) for p in error.problems] == [(None, name)]
    assert f'Column "{name}" holds' in error.message
    assert says in error.message


def test_a_misspelt_column_is_not_dropped(write: Write):
    assert (
        'Column "secnods" is not read' in refusal(write({"topic": ["x"], "secnods": [1]})).message
    )


def test_two_columns_of_one_name():
    body = io.BytesIO()
    twice = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["topic", "topic"])
    pq.write_table(twice, body)
    assert "both stand for topic" in refusal(**of_bytes(body.getvalue())).message


@pytest.mark.parametrize("listed", [False, True])
def test_bytes_that_are_not_utf8(write: Write, listed: bool):
    raw = pa.array([b"sea", b"caf\xe9", b"sky"], pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    tags = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), text)
    path = write({"id": list("abc"), "topic": ["x"] * 3, "tags": tags} if listed else
                 {"id": list("abc"), "topic": text})  # fmt: skip
    error = refusal(path)
    assert [(p.row, p.id, p.field) for p in error.problems] == [
        (2, "b", "tags" if listed else "topic")
    ]
    assert ("udce9" if listed else "Byte 0xE9 at character 4") in error.message


@pytest.mark.parametrize("columns", [{"topic": pa.array([], pa.string())}, {"a": [1]}, {}])
def test_nothing_in_it(write: Write, columns: dict[str, Any]):
    message = refusal(write(columns)).message
    assert "no briefs" in message or "no column for topic" in message


def test_an_encrypted_file_is_named():
    body = parquet({"topic": ["sea"]})
    assert "encrypted" in refusal(**of_bytes(b"PARE" + body[4:-4] + b"PARE")).message


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1PAR1PAR1", b"id,topic\na,b\n", b"x" * 99])
def test_what_is_no_parquet(body: bytes):
    assert "Parquet" in refusal(**of_bytes(body)).message


def test_a_file_that_breaks_further_on_names_the_row_and_the_rows_before_it():
    topics = [f"tower {n}" for n in range(1_000)]
    how: dict[str, Any] = {"compression": "none", "use_dictionary": False, "row_group_size": 200}
    body = parquet({"topic": ["", *topics[1:]]}, **how)
    page = pq.ParquetFile(io.BytesIO(body)).metadata.row_group(3).column(0).data_page_offset
    error = refusal(**of_bytes(body[:page] + b"\xff" * 60 + body[page + 60 :]))
    assert [(p.row, p.field) for p in error.problems] == [(1, "topic"), (513, "")]
    assert "cannot be read from within the 128 rows that begin here" in error.message


good = parquet({"id": [f"b{n}" for n in range(40)], "topic": ["a"] * 40, "tags": [["x"]] * 40})


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tail=st.binary(max_size=60),
    at=st.integers(0, len(good) - 1),
    patch=st.binary(min_size=1, max_size=6),
)
def test_any_bytes_are_briefs_or_bad_briefs(tail: bytes, at: int, patch: bytes):
    bent = good[:at] + patch + good[at + len(patch) :]
    for body in (tail, b"PAR1" + tail + b"PAR1", bent, good[:at]):
        try:
            briefs = load(**of_bytes(body))
        except BadBriefs as error:
            error.message.encode()
            [found.model_dump_json() for found in error.problems]
        else:
            assert len({brief.id for brief in briefs}) == len(briefs) > 0


# --- a list without end


def test_beyond_a_thousand_problems_are_counted_by_kind(write: Write):
    rows = 3_000
    columns = {
        "id": [f"b{n}" if n % 3 else f"b {n}" for n in range(rows)],
        "topic": ["x"] * rows,
        "seconds": [4 if n % 2 else 5 for n in range(rows)],
    }
    error = refusal(write(columns))
    assert len(error.problems) == LISTED
    kinds = {kind.field: kind.count for kind in error.others}
    assert sum(kinds.values()) + LISTED == 1_000 + 1_500
    assert set(kinds) == {"id", "seconds"}
    assert "The briefs have 2,500 problems" in error.message
    assert "and 2,480 more" in error.message
    assert (
        "Beyond the first 1,000:\n- 900 × seconds: openAiSora2Plus does not take" in error.message
    )
    assert len(error.message) < 8_000


def test_nothing_is_given_out_behind_the_first_bad_row(write: Write):
    path = write({"topic": ["sea", None, "sky"]})
    given_out: list[str] = []
    with pytest.raises(BadBriefs):
        given_out.extend(b.id for b in iter_briefs(path, catalogue=CATALOGUE))
    assert given_out == ["0001"]


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_rows(tmp_path: Path):
    path = tmp_path / "many.parquet"
    rows = 20_000
    topics = pa.array([f"Tower {n}, " + "soft mist " * 200 for n in range(rows)])
    pq.write_table(pa.table({"topic": topics}), path, compression="none", use_dictionary=False)
    program = """
import sys
from pathlib import Path
import flows.parquet
from flows.manifest import iter_briefs
from globalaiopc.catalogue import Catalogue
catalogue = Catalogue.load()
kilobytes = lambda: int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
for _ in iter_briefs(sys.argv[1], catalogue=catalogue, limit=2_000):
    pass
before = kilobytes()
count = sum(1 for _ in iter_briefs(sys.argv[1], catalogue=catalogue))
print(count, (kilobytes() - before) * 1024)
"""
    command = [sys.executable, "-c", program, str(path)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120)
    count, added = map(int, told.stdout.split())
    assert count == rows
    assert added < 20_000_000 < 40_000_000 < path.stat().st_size, added
