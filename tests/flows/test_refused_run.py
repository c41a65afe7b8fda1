"""Lists that are wrong: the run says which row and field, and nothing is asked of the provider."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.content_batch import content_batch
from tests.pipeline import Ended, Pipeline, ended

pytestmark = pytest.mark.stack

FILES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "missing-column.csv": (b"id,subjekt\na,A fox\n", {}),
    "unmapped.tsv": (b"Text\tCategory\nA fox\tAnimals\n", {"columns": {"Prompt": "topic"}}),
    "duplicate-id.csv": (b"id,topic\na,A fox\nb,A crow\na,A hare\n", {}),
    "empty-prompt.csv": (b"id,topic\na,A fox\nb,\n", {}),
    "unknown-model.csv": (b"id,topic,video_model\na,A fox,openAiSora9\n", {}),
    "long-prompt.csv": (b"id,image_prompt,video_prompt\na,%s,It runs\n" % (b"x" * 5001), {}),
    "ten-megabytes.csv": (b"id,topic\na,A fox\nb,%s\n" % (b"x" * 10_000_000), {}),
    "latin-1.csv": ("id,topic\na,Ein Fuchs\nb,Ein Käuzchen\n".encode("latin-1"), {}),
    "utf-16.csv": ("id,topic\na,A fox\n".encode("utf-16"), {}),
    "nothing.csv": (b"", {}),
    "bad-name.csv": (b"id,topic\na,A fox\n", {"batch_id": "daily-{day}"}),
}
SAID: dict[str, tuple[str, ...]] = {
    "missing-column.csv": ("topic",),
    "unmapped.tsv": ("topic", "Prompt"),
    "duplicate-id.csv": ('row 3 (line 4), brief "a", id: Row 1 and row 3 both have the id "a"',),
    "empty-prompt.csv": ('row 2 (line 3), brief "b", topic: The prompt is empty',),
    "unknown-model.csv": ('row 1 (line 2), brief "a", video_model:', "openAiSora2Plus"),
    "long-prompt.csv": (
        'row 1 (line 2), brief "a", image_prompt: The text has 5,001 characters.',
        "at most 5,000",
    ),
    "ten-megabytes.csv": ("row 2 (line 3), topic: The cell is longer than",),
    "latin-1.csv": ('row 2 (line 3), brief "b", topic: Byte 0xE4 at character 6 is not UTF-8.',),
    "utf-16.csv": ("The file is UTF-16, not UTF-8.",),
    "nothing.csv": ("The file is empty",),
    "bad-name.csv": ("batch_id", "{day}"),
    "no-such-file.csv": ("no-such-file.csv",),
    "no-such-object.csv": ("no-such-object.csv", "cannot be read"),
}


@pytest.fixture(scope="module")
def runs(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    folder = tmp_path_factory.mktemp("lists")
    asked: dict[str, dict[str, Any]] = {}
    for name, (content, parameters) in FILES.items():
        (folder / name).write_bytes(content)
        asked[name] = {"briefs": str(folder / name), **parameters}
    asked["no-such-file.csv"] = {"briefs": str(folder / "no-such-file.csv")}
    asked["no-such-object.csv"] = {"briefs": f"s3://{pipeline.s3.bucket}/no-such-object.csv"}

    async def one_by_one() -> dict[str, Ended]:
        return {name: await ended(content_batch, **how) for name, how in asked.items()}

    return asyncio.run(one_by_one())


@pytest.mark.parametrize("name", SAID)
def test_a_bad_list_is_refused_with_row_and_field(runs: dict[str, Ended], name: str) -> None:
    run = runs[name]
    state = "NotReady" if name == "no-such-object.csv" else "Refused"
    assert (run.name, run.type) == (state, "FAILED"), run.message
    for said in SAID[name]:
        assert said in run.message
    assert len(run.message) < 2_000
    assert "Traceback" not in run.message


def test_nothing_was_asked_of_the_provider_and_nothing_written(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    assert len(runs) == len(SAID)
    assert pipeline.posts() == {"text": 0, "image": 0, "video": 0}
    assert pipeline.objects() == set()


def test_no_log_of_a_refused_list_holds_a_traceback(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    lines = pipeline.logs(*(run.run_id for run in runs.values()))
    assert not [line for line in lines if "Traceback" in line]


async def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(
    pipeline: Pipeline, runs: dict[str, Ended], tmp_path: Path
) -> None:
    path = tmp_path / "from-a-spreadsheet.csv"
    text = 'ID;Image Prompt;Video Prompt\r\none;"A crow; black";"It\r\ncalls"\r\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    run = await ended(content_batch, briefs=str(path), batch_id="spreadsheet")
    assert run.name == "Completed", run.message
    assert list(run.items) == ["one"]
    assert [job["prompt"] for job in pipeline.jobs()] == ["A crow; black", "It\ncalls"]


async def test_more_problems_than_a_message_holds_are_a_table_in_the_ui(
    pipeline: Pipeline, runs: dict[str, Ended], tmp_path: Path
) -> None:
    path = tmp_path / "long.parquet"
    rows = 1_200
    pq.write_table(pa.table({"topic": ["Tower"] * rows, "seconds": [5] * rows}), path)
    run = await ended(content_batch, briefs=str(path), batch_id="long")
    assert run.name == "Refused"
    assert "The briefs have 1,200 problems" in run.message
    assert len(run.message) < 6_000
    asked = {"flow_run_id": {"any_": [run.run_id]}}
    (table,) = pipeline.all("artifacts", artifacts=asked)
    assert table["key"] == "problems-long"
    assert "200 × seconds" in table["description"]
    listed = json.loads(table["data"])
    assert len(listed) == 1_000
    assert (listed[0]["row"], listed[-1]["row"], listed[0]["field"]) == ("1", "1000", "seconds")
