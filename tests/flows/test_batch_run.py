"""A batch of good and bad briefs: each gets its own verdict, and running it again buys nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import SandboxFactory
from tests.pipeline import Ended, Pipeline, run, saved

pytestmark = pytest.mark.stack

FORBIDDEN = "nano-banana-pro"
GOOD = (
    Brief(id="fox", topic="A fox in fresh snow"),
    Brief(id="kite", image_prompt="A red kite", video_prompt="It soars", ratio="9:16"),
)
BAD = (
    Brief(id="moderated", topic="[moderate] A rude gesture"),
    Brief(id="refused", topic="[refuse] A rude word"),
    Brief(id="forbidden", topic="A golden crown", image_model=FORBIDDEN),
    Brief(id="envelope", topic="ENVELOPE on a desk"),
    Brief(id="wordless", topic="WORDLESS mime"),
    Brief(id="nameless", topic="NAMELESS grave"),
)
FAULTS = (
    {"fault": "error_envelope", "route": "banana", "match": "ENVELOPE"},
    {"fault": "prose", "route": "chat", "match": "WORDLESS", "times": 2},
    {"fault": "no_id", "route": "banana", "match": "NAMELESS"},
)


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    """As everywhere, with a key that may not use one of the models."""
    options = ("--forbid-model", FORBIDDEN)
    yield from saved(Pipeline(s3, prefect_server, sandbox_factory(options=options)))


@pytest.fixture(scope="module")
def mixed(pipeline: Pipeline) -> Ended:
    pipeline.chaos(*FAULTS)
    return run(content_batch, briefs=[*BAD, *GOOD], batch_id="mixed")


@pytest.fixture(scope="module")
def good(pipeline: Pipeline) -> Ended:
    return run(content_batch, briefs=list(GOOD), batch_id="good")


@pytest.fixture(scope="module")
def hopeless(pipeline: Pipeline) -> Ended:
    return run(content_batch, briefs=[BAD[0]], batch_id="hopeless")


def test_one_bad_brief_stops_no_other(mixed: Ended) -> None:
    assert (mixed.name, mixed.type) == ("PartlyLanded", "COMPLETED")
    states = {name: item["state"] for name, item in mixed.items.items()}
    assert states == {
        "moderated": "failed",
        "refused": "failed",
        "forbidden": "failed",
        "envelope": "failed",
        "wordless": "failed",
        "nameless": "unknown",
        "fox": "landed",
        "kite": "landed",
    }
    assert mixed.message.startswith("2 of 8 briefs landed")
    assert "Run batch mixed again to continue" in mixed.message


@pytest.mark.parametrize(
    ("brief", "code", "charged", "free", "who"),
    [
        ("moderated", "job_moderated", "unknown", False, "user"),
        ("refused", "moderated", "no", False, "user"),
        ("forbidden", "forbidden", "no", False, "user"),
        ("envelope", "refused", "no", False, "user"),
        ("wordless", "script_invalid", "yes", False, "user"),
        ("nameless", "outcome_unknown", "unknown", False, "user"),
    ],
)
def test_every_error_answers_the_questions_about_money(
    mixed: Ended, brief: str, code: str, charged: str, free: bool, who: str
) -> None:
    error = mixed.items[brief]["error"]
    said = (error["code"], error["charged"], error["retry_is_free"], error["who_acts"])
    assert said == (code, charged, free, who)
    assert error["message"]
    assert mixed.items[brief]["video"] is None


def test_the_account_agrees_with_the_report(pipeline: Pipeline, mixed: Ended) -> None:
    assert [job["billed"] for job in pipeline.jobs("[moderate]")] == [False]
    assert [job["billed"] for job in pipeline.jobs("[refuse]")] == [False]
    assert pipeline.jobs("A golden crown") == []
    assert pipeline.jobs("ENVELOPE") == []
    assert [job["billed"] for job in pipeline.jobs("NAMELESS")] == [True]
    totals = mixed.outcome["totals"]
    assert (totals["briefs"], totals["landed"], totals["failed"], totals["unknown"]) == (8, 2, 5, 1)
    assert totals["cost"] == pytest.approx(2 * (0.12 + 0.40))
    assert mixed.items["fox"]["cost"] == pytest.approx(0.12 + 0.40)


def test_report_and_manifest_in_the_bucket_are_what_is_returned(
    pipeline: Pipeline, mixed: Ended
) -> None:
    assert pipeline.json("mixed/report.json") == mixed.outcome
    lines = [json.loads(line) for line in pipeline.body("mixed/manifest.jsonl").splitlines()]
    prompts = [job["prompt"] for line in lines for job in line["jobs"]]
    assert "A red kite" in prompts
    for line, item in zip(lines, mixed.outcome["items"], strict=True):
        assert line.pop("brief")["id"] == item["id"]
        for job, told in zip(line["jobs"], item["jobs"], strict=True):
            assert job.items() >= told.items()
        assert line | {"jobs": item["jobs"]} == item
    (image, video) = next(line for line in lines if line["id"] == "fox")["jobs"]
    assert video["inputs"] == [
        {"field": "first_frame", "sha256": image["sha256"], "key": image["key"]}
    ]
    assert (video["width"], video["height"], video["seconds"]) == (1280, 720, 4.0)
    assert image["submitted"] <= image["completed"] <= image["landed"] <= video["submitted"]
    assert pipeline.content_type("mixed/report.json") == "application/json"
    assert pipeline.content_type("mixed/manifest.jsonl") == "application/x-ndjson"


def test_the_server_shows_a_table_with_the_trouble_on_top(pipeline: Pipeline, mixed: Ended) -> None:
    asked = {"flow_run_id": {"any_": [mixed.run_id]}, "type": {"any_": ["table"]}}
    (artifact,) = pipeline.all("artifacts", artifacts=asked)
    assert artifact["key"] == "batch-mixed"
    first, *tables = artifact["description"].split("\n\n")
    assert mixed.message.startswith(first.replace("\\", ""))
    assert [table.split()[1] for table in tables] == ["model", "day"]
    rows = json.loads(artifact["data"])
    assert rows[0]["brief"] == "nameless"
    assert {row["brief"]: row["state"] for row in rows} == {
        name: item["state"] for name, item in mixed.items.items()
    }
    assert rows[-1]["object"].endswith("/video.mp4")


def test_all_landed_is_plain_completed(good: Ended) -> None:
    assert (good.name, good.type) == ("Completed", "COMPLETED")
    assert good.message == "2 of 2 briefs landed, cost 1.04."


def test_none_landed_is_failed_and_still_has_its_report(
    pipeline: Pipeline, hopeless: Ended
) -> None:
    assert (hopeless.name, hopeless.type) == ("NothingLanded", "FAILED")
    assert hopeless.items["moderated"]["error"]["code"] == "job_moderated"
    assert pipeline.json("hopeless/report.json") == hopeless.outcome


def test_running_it_again_buys_nothing(pipeline: Pipeline, good: Ended) -> None:
    before, objects = pipeline.posts(), pipeline.objects("good")
    again = run(content_batch, briefs=list(GOOD), batch_id="good")
    assert pipeline.posts() == before
    assert again.name == "Completed"
    assert again.outcome["items"] == good.outcome["items"]
    assert pipeline.objects("good") == objects


def test_an_unknown_or_moderated_job_is_not_sent_again_by_a_rerun(
    pipeline: Pipeline, mixed: Ended, hopeless: Ended
) -> None:
    held = [brief for brief in BAD if brief.id in ("moderated", "refused", "nameless")]
    before = pipeline.posts()
    again = run(content_batch, briefs=held, batch_id="mixed")
    assert pipeline.posts() == before
    assert again.name == "NothingLanded"
    for brief in held:
        now, then = again.items[brief.id], mixed.items[brief.id]
        assert now["state"] == then["state"]
        assert now["error"]["charged"] == then["error"]["charged"]


def test_what_was_not_charged_lands_once_its_cause_is_gone(
    pipeline: Pipeline, mixed: Ended
) -> None:
    before = pipeline.posts()
    pipeline.chaos()
    again = run(content_batch, briefs=[BAD[3]], batch_id="mixed")
    assert again.name == "Completed", again.message
    after = pipeline.posts()
    assert {kind: after[kind] - before[kind] for kind in after} == {
        "text": 0,
        "image": 1,
        "video": 1,
    }


def test_a_changed_prompt_is_blocked_by_name(pipeline: Pipeline, good: Ended) -> None:
    before = pipeline.posts()
    changed = GOOD[1].model_copy(update={"image_prompt": "A blue kite"})
    other_length = GOOD[0].model_copy(update={"seconds": 8})
    again = run(content_batch, briefs=[changed, other_length], batch_id="good")
    assert again.name == "NothingLanded"
    assert pipeline.posts() == before
    kite, fox = again.items["kite"], again.items["fox"]
    assert (kite["state"], fox["state"]) == ("blocked", "blocked")
    assert (kite["error"]["code"], kite["error"]["charged"]) == ("request_changed", "no")
    assert "prompt" in kite["error"]["message"]
    assert "seconds" in fox["error"]["message"]
    assert "prompt" not in fox["error"]["message"]


def test_another_take_is_exactly_one_more_image_and_video(pipeline: Pipeline, good: Ended) -> None:
    before = pipeline.posts()
    second = GOOD[1].model_copy(update={"take": 2})
    again = run(content_batch, briefs=[second], batch_id="good")
    assert again.name == "Completed", again.message
    after = pipeline.posts()
    assert (after["image"] - before["image"], after["video"] - before["video"]) == (1, 1)
    assert after["text"] == before["text"]
    first, item = good.items["kite"], again.items["kite"]
    assert item["video"] == "good/kite/video.take2.mp4"
    assert item["poster"] == "good/kite/poster.take2.jpg"
    assert pipeline.body(item["image"]) != pipeline.body(first["image"])
    assert pipeline.body(first["video"])
