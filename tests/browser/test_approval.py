"""A sheet answered in Prefect's UI: what was approved is billed once, whoever answers once more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from examples.demo.runs import DeploymentRun
from sandbox.prefect_parts import WorkerService
from tests.browser.ui import PrefectUI, opened
from tests.conftest import ROOT
from tests.pipeline import Pipeline, pipeline

__all__ = ["pipeline"]

pytestmark = [pytest.mark.stack, pytest.mark.browser]

DEPLOYMENT = "content-batch/batch-of-videos"
BATCH = "harbour"
TABLE = "id\timage_prompt\tvideo_prompt\n" + "".join(
    f"boat-{n}\t{BATCH} {n}: a boat\tIt leaves {BATCH} {n}\n" for n in range(1, 5)
)
ASKED = {"briefs": TABLE, "batch_id": BATCH, "approve": "images", "prices": "examples/prices.toml"}


@pytest.fixture(scope="module")
def deployed(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    log = tmp_path_factory.mktemp("worker") / "log"
    with WorkerService("globalaiopc", env=pipeline.environment, log=log, cwd=ROOT).start():
        pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", DEPLOYMENT)
        yield pipeline


@pytest.fixture(scope="module")
def ui(deployed: Pipeline) -> Iterator[PrefectUI]:
    with opened(deployed.prefect.ui_url) as browser:
        yield browser


def resumed(pipeline: Pipeline, run_id: str, reply: str) -> str:
    """What Prefect's API says to a person who answers without the UI."""
    answer = pipeline.api.post(f"/flow_runs/{run_id}/resume", json={"run_input": {"reply": reply}})
    return str(answer.raise_for_status().json()["status"])


def billed(pipeline: Pipeline) -> tuple[int, int]:
    return len(pipeline.jobs(BATCH, "image")), len(pipeline.jobs(BATCH, "video"))


def test_two_of_four_are_approved_in_the_form_and_billed_once(deployed: Pipeline, ui: PrefectUI):
    form = ui.run_form(DEPLOYMENT)
    form.fill("What to make", TABLE)
    form.fill("Name of the batch", BATCH)
    form.choose("Approve before videos are made", "images")
    form.fill("Price file", "examples/prices.toml")
    run = form.submitted()
    waits = ui.suspended(run)
    assert (waits.state, billed(deployed)) == ("Suspended", (4, 0)), waits.message
    assert "Sheet 1 waits for your word: 4 videos, together 1.6 CNY" in waits.message
    # Another run of the batch asks about the same sheet.
    other = DeploymentRun.start(
        deployed.prefect.api_url, DEPLOYMENT, parameters=ASKED, name="other-run"
    ).id

    ui.resume_form(run, shows=f"Sheet 1 of batch {BATCH}")
    pictures = ui.page.locator(".p-modal img")
    assert pictures.count() == 4
    assert all(picture.evaluate("it => it.naturalWidth > 0") for picture in pictures.all())
    ui.resume(run, shows="Sheet 1", Reply="1,8")
    ui.suspended(run, told="8 is not on this sheet")
    assert billed(deployed) == (4, 0)

    ui.resume(run, shows="The last reply was refused", Reply="1,3")
    done = ui.finished(run)
    assert done.state == "Completed", done.message
    assert done.message.startswith("2 of 4 briefs landed")
    assert billed(deployed) == (4, 2)
    report = deployed.json(f"{BATCH}/report.json")
    found = [(one["state"], one["error"] and one["error"]["code"]) for one in report["items"]]
    assert found == [("landed", None), ("pending", "declined")] * 2
    assert report["makespan"]["split"]["person"] > 0

    assert resumed(deployed, run, "all") == "ABORT"
    assert ui.suspended(other).state == "Suspended"
    assert resumed(deployed, other, "all") == "ACCEPT"
    assert ui.finished(other).state == "Completed"
    assert billed(deployed) == (4, 2)
    page = f"No sheet of batch {BATCH} waits"
    newest = deployed.api.get(f"/artifacts/sheet-{BATCH}/latest").raise_for_status().json()
    assert page in newest["data"]
    assert "| 1 | 1,3 |" in newest["data"]
