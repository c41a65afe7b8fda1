"""A batch in shards: several workers of one pool, one of which is killed on the way."""

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

pytestmark = [pytest.mark.stack, pytest.mark.exhaustive]

POOL = "globalaiopc"
BATCH = "content-batch/batch-of-videos"
SHARDS = 3
BRIEFS = [
    {"id": f"b{number:02}", "image_prompt": f"<{number:02}> a kite", "video_prompt": "It rises"}
    for number in range(24)
]
SHARE = 6
"""A third of the 16 videos that the connection allows at once, rounded up."""
EACH = 0.12 + 0.40
ONCE = {"text": 0, "image": len(BRIEFS), "video": len(BRIEFS)}
# The provider cannot be seen to finish a video for as long as the plan is in force.
HOLD = {"fault": "error", "status": 500, "route": "result", "times": None, "kind": "video"}


@pytest.fixture(scope="module")
def deployed(pipeline: Pipeline) -> Pipeline:
    pipeline.run("-m", "prefect", "work-pool", "create", POOL, "--type", "process", "--overwrite")
    pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", BATCH)
    return pipeline


@pytest.fixture
def worker(deployed: Pipeline, tmp_path: Path) -> Iterator[WorkerService]:
    with _worker(deployed, tmp_path / "worker.log").start() as part:
        yield part


def _worker(pipeline: Pipeline, log: Path) -> WorkerService:
    return WorkerService(POOL, env=pipeline.environment, log=log, cwd=ROOT, limit=1)


def _start(pipeline: Pipeline, name: str, **parameters: Any) -> DeploymentRun:
    asked: dict[str, Any] = {"briefs": BRIEFS, "shards": SHARDS, **parameters}
    return DeploymentRun.start(pipeline.prefect.api_url, BATCH, parameters=asked, name=name)


def _finish(run: DeploymentRun) -> DeploymentRun:
    until(lambda: run.refresh().over, f"the end of {run.name}")
    return run


def _count(pipeline: Pipeline, batch_id: str, stage: str, state: str) -> int:
    suffix = f"/receipts/{stage}.json"
    keys = [key for key in pipeline.objects(batch_id) if key.endswith(suffix)]
    return sum(pipeline.json(f"{batch_id}/{key}")["state"] == state for key in keys)


def _shards_wait(pipeline: Pipeline, batch_id: str, shards: int) -> bool:
    """So many shards have bought all they may: none of their requests is on its way."""
    return (
        _count(pipeline, batch_id, "image", "landed") == shards * len(BRIEFS) // SHARDS
        and _count(pipeline, batch_id, "video", "submitted") == shards * SHARE
    )


def _kill_all_of(part: WorkerService) -> None:
    """As when the machine is gone: no signal that could be handled, children included."""
    below = descendants(part.child.pid)
    assert below, "the flow runs in a child process of the worker"
    os.kill(part.child.pid, signal.SIGKILL)
    for process in below:
        process.signal(signal.SIGKILL)
    until(lambda: not part.child.alive and not any(p.exists() for p in below), "their end")


def _runs_of(pipeline: Pipeline, parent: DeploymentRun) -> list[dict[str, Any]]:
    """The runs that a batch's run has started."""
    asked = {"parent_flow_run_id": {"any_": [parent.id]}}
    return pipeline.all("flow_runs", flow_runs=asked)


def test_a_killed_worker_s_shard_is_made_by_another(
    deployed: Pipeline, worker: WorkerService, tmp_path: Path
) -> None:
    deployed.chaos(HOLD)
    run = _start(deployed, "sharded", batch_id="sharded")
    until(lambda: _shards_wait(deployed, "sharded", 1), "the batch's own shard")
    with _worker(deployed, tmp_path / "second.log").start() as second:
        until(lambda: _shards_wait(deployed, "sharded", 2), "the second worker's shard")
        _kill_all_of(second)
    deployed.chaos()
    # One worker is left, and its one place is taken by the run of the batch.
    _finish(run)
    assert run.state == "Completed", run.message
    assert deployed.posts() == ONCE
    assert {job["billed"] for job in deployed.jobs()} == {True}
    report = deployed.json("sharded/report.json")
    assert [item["id"] for item in report["items"]] == [brief["id"] for brief in BRIEFS]
    assert report["totals"]["landed"] == len(BRIEFS)
    assert report["totals"]["cost"] == pytest.approx(EACH * len(BRIEFS))
    assert report["flow_run"] == run.id
    took = report["makespan"]
    assert took["bound"] > 0
    assert sum(took["split"].values()) == pytest.approx(took["seconds"])
    assert deployed.body("sharded/manifest.jsonl").count(b"a kite") == len(BRIEFS)
    tables = deployed.all("artifacts", artifacts={"type": {"any_": ["table"]}})
    ours = [table["key"] for table in tables if "sharded" in table["key"]]
    assert ours == ["batch-sharded"]
    states = {child["name"]: child["state"]["name"] for child in _runs_of(deployed, run)}
    assert "Crashed" in states.values()
    assert not {"Running", "Scheduled", "Late"} & set(states.values()), states

    again = _finish(_start(deployed, "again", batch_id="sharded", shards=2))
    assert again.state == "Completed", again.message
    assert deployed.posts() == ONCE
    assert deployed.json("sharded/report.json")["items"] == report["items"]


def test_all_shards_together_keep_the_budget(
    deployed: Pipeline, worker: WorkerService, tmp_path: Path
) -> None:
    before = deployed.posts()
    with _worker(deployed, tmp_path / "second.log").start():
        capped = {"budget": 10 * EACH + 0.2, "prices": "examples/prices.toml"}
        run = _finish(_start(deployed, "capped", batch_id="capped", **capped))
    assert run.state == "PartlyLanded", run.message
    report = deployed.json("capped/report.json")
    budget = report["budget"]
    assert report["totals"]["landed"] == 10
    assert report["totals"]["blocked"] == budget["left_out"] == 14
    assert (budget["spent"], budget["reserved"]) == (pytest.approx(10 * EACH), 0)
    after = deployed.posts()
    assert {kind: after[kind] - before[kind] for kind in after} == {
        "text": 0,
        "image": 10,
        "video": 10,
    }
