"""Prefect's UI as a person sees it: the run forms, what they refuse, the pages of the blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.prefect_parts import WorkerService
from tests.browser.ui import PrefectUI, opened
from tests.conftest import KEY, ROOT
from tests.pipeline import Pipeline, pipeline

__all__ = ["pipeline"]

pytestmark = [pytest.mark.stack, pytest.mark.browser]

TEXT_TO_VIDEO = "text-to-video/one-video"
CONTENT_BATCH = "content-batch/batch-of-videos"
TOPIC = "A lighthouse on a cliff at dawn, waves below"


@pytest.fixture(scope="module")
def deployed(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    log = tmp_path_factory.mktemp("worker") / "log"
    with WorkerService("globalaiopc", env=pipeline.environment, log=log, cwd=ROOT).start():
        names = ("--name", TEXT_TO_VIDEO, "--name", CONTENT_BATCH)
        pipeline.run("-m", "prefect", "--no-prompt", "deploy", *names)
        yield pipeline


@pytest.fixture(scope="module")
def ui(deployed: Pipeline) -> Iterator[PrefectUI]:
    with opened(deployed.prefect.ui_url) as browser:
        yield browser


def test_a_brief_typed_into_the_form_becomes_a_video(deployed: Pipeline, ui: PrefectUI):
    form = ui.run_form(TEXT_TO_VIDEO)
    form.fill("Id", "lighthouse")
    form.fill("Topic", TOPIC)
    form.choose("Ratio", "9:16")
    form.fill("Seconds", "8")
    form.fill("Name of the batch", "typed")
    run = ui.finished(form.submitted())
    assert run.state == "Completed", run.message
    assert run.name == "typed/lighthouse"
    video = deployed.json("typed/lighthouse/receipts/video.json")["media"]
    assert (video["width"], video["height"], round(video["seconds"])) == (720, 1280, 8)
    assert deployed.content_type("typed/lighthouse/video.mp4") == "video/mp4"
    page = ui.open(f"/runs/flow-run/{run.id}", shows="Completed")
    page.get_by_text("lighthouse: landed typed/lighthouse/video.mp4").wait_for()


@pytest.mark.exhaustive
def test_a_list_typed_into_the_form_becomes_a_batch(deployed: Pipeline, ui: PrefectUI):
    form = ui.run_form(CONTENT_BATCH)
    form.switch("What to make", "One by one")
    form.add_item("What to make")
    form.fill("Id", "only")
    form.fill("Topic", TOPIC)
    form.fill("Name of the batch", "listed")
    run = ui.finished(form.submitted())
    assert run.state == "Completed", run.message
    assert deployed.json("listed/report.json")["totals"]["landed"] == 1
    ui.open_artifact("batch-listed", shows="listed/only/video.mp4")


@pytest.mark.exhaustive
def test_a_table_pasted_into_the_form_becomes_a_batch(deployed: Pipeline, ui: PrefectUI):
    form = ui.run_form(CONTENT_BATCH)
    form.fill("What to make", f'id\ttopic\tratio\nfirst\t"{TOPIC},\nand ""gulls"""\t9:16\n')
    form.fill("Name of the batch", "pasted")
    run = ui.finished(form.submitted())
    assert (run.state, run.name) == ("Completed", "pasted"), run.message
    assert deployed.json("pasted/report.json")["totals"]["landed"] == 1
    receipt = deployed.json("pasted/first/receipts/video.json")
    assert receipt["media"]["height"] > receipt["media"]["width"]


def test_the_page_of_a_batch_is_there_while_it_runs(deployed: Pipeline, ui: PrefectUI):
    hold = {"fault": "error", "status": 500, "route": "result", "times": None, "kind": "video"}
    deployed.chaos({**hold, "match": "watched"})
    form = ui.run_form(CONTENT_BATCH)
    prompts = "image_prompt\tvideo_prompt\nfirst\ta watched kite\tthe watched kite rises"
    form.fill("What to make", f"id\t{prompts}\n")
    form.fill("Name of the batch", "watched")
    run = form.submitted()
    artifact = ui.artifact("status-watched", holds="| video | 1 |")
    page = ui.open(f"/artifacts/artifact/{artifact}", shows="Cost so far: 0.12")
    page.get_by_text("done next").wait_for()
    assert not deployed.objects("watched/first") & {"video.mp4"}
    deployed.chaos()
    assert ui.finished(run).state == "Completed"


def test_a_wrong_row_of_a_pasted_table_is_named_and_nothing_is_billed(
    deployed: Pipeline, ui: PrefectUI
):
    before = deployed.posts()
    form = ui.run_form(CONTENT_BATCH)
    form.fill("What to make", f"id\ttopic\tseconds\nfirst\t{TOPIC}\t4\nsecond\t{TOPIC}\t7\n")
    run = ui.finished(form.submitted())
    assert (run.type, run.state) == ("FAILED", "Refused")
    assert 'row 2 (line 3), brief "second", seconds: ' in run.message
    assert deployed.posts() == before


@pytest.mark.exhaustive
def test_a_file_named_in_the_form_becomes_a_batch(deployed: Pipeline, ui: PrefectUI):
    rows = f"id,topic\none,{TOPIC.replace(',', '')}\n"
    form = ui.run_form(CONTENT_BATCH)
    form.fill("What to make", deployed.put("from-form.csv", rows.encode()))
    form.fill("Name of the batch", "filed")
    run = ui.finished(form.submitted())
    assert run.state == "Completed", run.message
    assert "one/video.mp4" in deployed.objects("filed")


@pytest.mark.parametrize(
    ("field", "topic", "ratio", "told"),
    [
        ("ratio", TOPIC, "4:3", "openAiSora2Plus does not take ratio 4:3; it takes 16:9, 9:16."),
        ("topic", "", "16:9", "The prompt is empty: give topic, or image_prompt and video_prompt."),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_costs_nothing(
    deployed: Pipeline, ui: PrefectUI, field: str, topic: str, ratio: str, told: str
):
    before = deployed.posts()
    form = ui.run_form(TEXT_TO_VIDEO)
    form.fill("Id", "wrong")
    form.fill("Topic", topic)
    form.choose("Ratio", ratio)
    run = ui.finished(form.submitted())
    assert (run.type, run.state) == ("FAILED", "Refused")
    assert f'brief "wrong", {field}: {told}' in run.message
    assert deployed.posts() == before
    ui.open(f"/runs/flow-run/{run.id}", shows="Refused").get_by_text(told).first.wait_for()


def test_the_form_itself_asks_for_a_missing_id(deployed: Pipeline, ui: PrefectUI):
    before = len(deployed.all("flow_runs"))
    form = ui.run_form(TEXT_TO_VIDEO)
    form.fill("Topic", TOPIC)
    form.submit()
    form.field("Id").get_by_text("required").wait_for()
    assert len(deployed.all("flow_runs")) == before


@pytest.mark.parametrize(
    ("slug", "name", "told", "fields"),
    [
        (
            "globalaiopc",
            "GlobalAIOPC",
            "one key for its text, image and video models",
            ("Base of the text endpoints", "do not make it short", "Multiplies every advised wait"),
        ),
        ("media-bucket", "MediaBucket", "the receipts of paid jobs", ("Bucket", "Prefix")),
    ],
)
def test_the_block_types_explain_themselves(
    ui: PrefectUI, slug: str, name: str, told: str, fields: tuple[str, ...]
):
    page = ui.open(f"/blocks/catalog/{slug}", shows=told)
    example = f'await {name}.aload("default")'  # each word of it coloured, in an element of its own
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=example)
    page = ui.open(f"/blocks/catalog/{slug}/create", shows="Create")
    for field in fields:
        page.get_by_text(field).first.wait_for()


def test_the_saved_blocks_show_no_secret(deployed: Pipeline, ui: PrefectUI):
    for block in deployed.all("block_documents"):
        page = ui.open(f"/blocks/block/{block['id']}", shows=block["block_type"]["name"])
        page.wait_for_load_state("networkidle")
        for secret in (KEY, deployed.s3.secret_key):
            assert secret not in page.content()


def test_without_a_browser_the_tests_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(RuntimeError, match=r"apt-get install -y .*chromium"),
        opened("http://127.0.0.1"),
    ):
        pass
