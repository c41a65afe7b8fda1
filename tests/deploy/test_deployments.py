"""`prefect deploy --all` for real, runs through a worker for real, and a worker that is killed."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.demo.runs import DeploymentRun
from sandbox.prefect_parts import WorkerService
from sandbox.processes import descendants
from tests.conftest import ROOT
from tests.pipeline import Pipeline, until

pytestmark = pytest.mark.stack

POOL = "globalaiopc"
BRIEF_FLOWS = ("text-to-image", "image-to-video", "text-to-video", "fan-out")
SPOKEN_FLOWS = ("speech", "talking-head")
EVERYWHERE = {"batch_id", "connection", "bucket"}


@pytest.fixture(scope="module")
def deployed(pipeline: Pipeline) -> Pipeline:
    pipeline.run("-m", "prefect", "work-pool", "create", POOL, "--type", "process")
    pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--all")
    return pipeline


@contextlib.contextmanager
def worker(pipeline: Pipeline, log: Path) -> Iterator[WorkerService]:
    with WorkerService(POOL, env=pipeline.environment, log=log, cwd=ROOT).start() as part:
        yield part


def start(pipeline: Pipeline, deployment: str, name: str, **parameters: Any) -> DeploymentRun:
    return DeploymentRun.start(
        pipeline.prefect.api_url, deployment, parameters=parameters, name=name
    )


def finish(run: DeploymentRun) -> DeploymentRun:
    until(lambda: run.refresh().over, f"the end of {run.name}")
    return run


def deployment(pipeline: Pipeline, flow: str, name: str = "") -> dict[str, Any]:
    """The first of a flow's deployments, or the one of that name."""
    return next(
        row
        for row in pipeline.all("deployments")
        if row["entrypoint"].endswith(f":{flow.replace('-', '_')}") and name in (row["name"], "")
    )


def test_every_flow_is_deployed_on_the_pool(deployed: Pipeline) -> None:
    found = deployed.all("deployments")
    others = {"content-batch", "backfill", "assets", "rescue", "gallery", "verify"}
    assert {*BRIEF_FLOWS, *SPOKEN_FLOWS, *others} == {
        row["entrypoint"].split(":")[1].replace("_", "-") for row in found
    }
    for row in found:
        assert row["work_pool_name"] == POOL
        assert row["description"]
        assert "globalaiopc" in row["tags"]
        assert str(ROOT) not in str([row["path"], row["pull_steps"], row["entrypoint"]])


@pytest.mark.parametrize("flow", [*BRIEF_FLOWS, *SPOKEN_FLOWS, "content-batch"])
def test_the_run_form_explains_every_parameter(deployed: Pipeline, flow: str) -> None:
    schema = deployment(deployed, flow)["parameter_openapi_schema"]
    parameters = schema["properties"]
    main = "briefs" if flow == "content-batch" else "brief"
    assert {main, *EVERYWHERE} <= parameters.keys()
    assert schema["required"] == [main]
    for name, field in parameters.items():
        assert field.get("title"), name
        assert field.get("description"), name


def test_the_run_form_of_the_assets_asks_for_nothing(deployed: Pipeline) -> None:
    schema = deployment(deployed, "assets")["parameter_openapi_schema"]
    assert "required" not in schema
    assert {"upload", "forget", "library", "kind"} <= schema["properties"].keys()
    for name, field in schema["properties"].items():
        assert field.get("title"), name
        assert field.get("description"), name


@pytest.mark.parametrize("flow", SPOKEN_FLOWS)
def test_the_run_form_knows_the_fields_of_a_spoken_brief(deployed: Pipeline, flow: str) -> None:
    schema = deployment(deployed, flow)["parameter_openapi_schema"]
    fields = schema["definitions"]["SpokenBrief"]
    assert fields["required"] == ["id"]
    properties = fields["properties"]
    assert {"topic", "text", "voice", "voice_sample", "person", "emotion"} <= properties.keys()
    assert "happy" in properties["emotion"]["enum"]
    for name, field in properties.items():
        assert field.get("title"), name
        assert field.get("description"), name


def test_a_list_of_briefs_has_its_own_parameters(deployed: Pipeline) -> None:
    schema = deployment(deployed, "content-batch")["parameter_openapi_schema"]
    assert {"columns", "limit", "timezone"} <= schema["properties"].keys()


@pytest.mark.parametrize("flow", [*BRIEF_FLOWS, "content-batch"])
def test_the_run_form_knows_the_fields_of_a_brief(deployed: Pipeline, flow: str) -> None:
    fields = deployment(deployed, flow)["parameter_openapi_schema"]["definitions"]["Brief"]
    assert fields["required"] == ["id"]
    assert {"topic", "image_prompt", "video_prompt", "ratio", "seconds"} <= fields[
        "properties"
    ].keys()
    for name, field in fields["properties"].items():
        assert field.get("title"), name
        assert field.get("description"), name


def test_the_daily_schedule_waits_to_be_switched_on(deployed: Pipeline) -> None:
    every_day = deployment(deployed, "content-batch", "every-day")
    (daily,) = every_day["schedules"]
    assert not daily["active"]
    assert daily["schedule"]["cron"] == "0 6 * * *"
    assert daily["schedule"]["timezone"] == "Europe/Berlin"
    assert every_day["parameters"] == {
        "briefs": "examples/briefs.csv",
        "batch_id": "daily-{date}",
        "timezone": "Europe/Berlin",
    }


def test_the_run_form_of_a_backfill_asks_for_two_days(deployed: Pipeline) -> None:
    schema = deployment(deployed, "backfill")["parameter_openapi_schema"]
    assert schema["required"] == ["first", "last"]
    assert schema["properties"]["first"]["format"] == "date"
    for name, field in schema["properties"].items():
        assert field.get("title"), name
        assert field.get("description"), name


FAST = ("fast-1", "fast-2")
HELD_VIDEOS = ("video-1", "video-2")
HELD_IMAGE = "image-1"
BRIEFS = [{"id": name, "topic": f"A {name} buoy"} for name in (*FAST, *HELD_VIDEOS, HELD_IMAGE)]
# The provider cannot be seen to finish these, for as long as the plan is in force.
HOLD = [
    {"fault": "error", "status": 500, "route": "result", "times": None, "kind": kind, "match": word}
    for kind, word in (("video", "video-"), ("image", "image-"))
]


def states(pipeline: Pipeline, batch: str, stage: str) -> dict[str, str]:
    """The state of each brief's receipt, where there is one."""
    keys = [key for key in pipeline.objects(batch) if key.endswith(f"/receipts/{stage}.json")]
    return {key.split("/")[0]: pipeline.json(f"{batch}/{key}")["state"] for key in keys}


def in_the_middle(pipeline: Pipeline, batch: str) -> bool:
    videos, images = states(pipeline, batch, "video"), states(pipeline, batch, "image")
    return (
        all(videos.get(name) == "landed" for name in FAST)
        and all(videos.get(name) == "submitted" for name in HELD_VIDEOS)
        and images.get(HELD_IMAGE) == "submitted"
    )


def kill_all_of(part: WorkerService) -> None:
    """As when the machine is gone: no signal that could be handled, children included."""
    below = descendants(part.child.pid)
    assert below, "the flow runs in a child process of the worker"
    os.kill(part.child.pid, signal.SIGKILL)
    for process in below:
        process.signal(signal.SIGKILL)
    until(lambda: not part.child.alive and not any(p.exists() for p in below), "their end")


@pytest.mark.exhaustive  # `make test` kills one in test_outages.py, and retries its run
def test_a_killed_worker_costs_nothing_twice(deployed: Pipeline, tmp_path: Path) -> None:
    batch: dict[str, Any] = {"briefs": BRIEFS, "batch_id": "survivor"}
    deployed.chaos(*HOLD)
    with worker(deployed, tmp_path / "first.log") as first:
        killed = start(deployed, "content-batch/batch-of-videos", "killed", **batch)
        until(lambda: in_the_middle(deployed, "survivor"), "the middle of the batch")
        kill_all_of(first)
    assert killed.refresh().state == "Running", "nobody was left to say otherwise"
    before = deployed.posts()
    assert before == {"text": 5, "image": 5, "video": 4}
    landed = {name: deployed.json(f"survivor/{name}/receipts/video.json") for name in FAST}

    deployed.chaos()
    with worker(deployed, tmp_path / "second.log"):
        single = start(
            deployed,
            "text-to-image/one-picture",
            "single",
            brief={"id": "lamp", "image_prompt": "A lamp"},
            batch_id="single-{date}",
        )
        again = finish(start(deployed, "content-batch/batch-of-videos", "again", **batch))
        finish(single)
    assert again.state == "Completed", again.message
    after = deployed.posts()
    assert after["text"] == before["text"]
    assert after["image"] == before["image"] + 1, "the single lamp alone"
    assert after["video"] == before["video"] + 1, "the one whose image was held"
    assert len(deployed.jobs("buoy")) == 2 * len(BRIEFS)
    assert set(states(deployed, "survivor", "video").values()) == {"landed"}
    for name, receipt in landed.items():
        assert deployed.json(f"survivor/{name}/receipts/video.json") == receipt
    report = deployed.json("survivor/report.json")
    assert {item["state"] for item in report["items"]} == {"landed"}
    assert report["totals"]["cost"] == pytest.approx(
        sum(j["amount"] for j in deployed.jobs("buoy"))
    )

    assert single.state == "Completed", single.message
    scheduled = deployed.api.get(f"/flow_runs/{single.id}").json()["expected_start_time"]
    assert deployed.objects(f"single-{scheduled[:10]}/lamp") >= {"image.png", "script.json"}
