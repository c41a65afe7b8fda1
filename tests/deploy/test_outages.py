"""The same flow run twice at once, and the bucket and the Prefect server away for a while.

The outages here are short; `make chaos` has them as long as promised (see `BUCKET`, `PREFECT`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from examples.demo.runs import DeploymentRun
from sandbox.prefect_parts import PrefectService, WorkerService, prepared_database
from sandbox.processes import descendants
from sandbox.services import S3Service, Service
from tests.conftest import CACHE, ROOT, SandboxFactory
from tests.pipeline import Pipeline, until

pytestmark = pytest.mark.stack

BUCKET_SECONDS = float(os.environ.get("OUTAGE_BUCKET_SECONDS", "6"))
PREFECT_SECONDS = float(os.environ.get("OUTAGE_PREFECT_SECONDS", "12"))
BATCH = "content-batch/batch-of-videos"
COUNT = 4
ONCE = {"text": COUNT, "image": COUNT, "video": COUNT}
HOLD = {"fault": "error", "status": 500, "route": "result", "times": None, "kind": "video"}


Parts = tuple[Pipeline, S3Service, PrefectService]


@pytest.fixture(scope="module")
def own_parts(
    tmp_path_factory: pytest.TempPathFactory, sandbox_factory: SandboxFactory
) -> Iterator[Parts]:
    """Servers of this module's own, since it takes them away."""
    home = tmp_path_factory.mktemp("outages")
    s3 = S3Service(
        home / "s3",
        access_key="outage",
        secret_key="outage-secret",
        bucket="outage",
        log=home / "s3.log",
    )
    prefect = PrefectService(
        home / "prefect", log=home / "prefect.log", database=prepared_database(CACHE)
    )
    with s3.start(), prefect.start():
        pipeline = Pipeline(s3.access, prefect, sandbox_factory())
        pipeline.run("-m", "blocks")
        pipeline.run("-m", "prefect", "work-pool", "create", "globalaiopc", "--type", "process")
        pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", BATCH)
        yield pipeline, s3, prefect
        pipeline.close()


def _start(pipeline: Pipeline, batch_id: str) -> DeploymentRun:
    briefs = [
        {"id": f"lamp-{number}", "topic": f"The {batch_id} lamp {number}"}
        for number in range(COUNT)
    ]
    parameters: dict[str, Any] = {"briefs": briefs, "batch_id": batch_id}
    return DeploymentRun.start(
        pipeline.prefect.api_url, BATCH, parameters=parameters, name=batch_id
    )


def _receipts(pipeline: Pipeline, batch_id: str, stage: str) -> list[str]:
    """The states of all receipts of a stage."""
    suffix = f"/receipts/{stage}.json"
    keys = [key for key in pipeline.objects(batch_id) if key.endswith(suffix)]
    return [pipeline.json(f"{batch_id}/{key}")["state"] for key in keys]


def _all_videos_submitted(pipeline: Pipeline, batch_id: str) -> bool:
    return _receipts(pipeline, batch_id, "video") == ["submitted"] * COUNT


def _paid(pipeline: Pipeline, before: dict[str, int]) -> dict[str, int]:
    """The requests on the wire since then, refused ones too."""
    return {kind: count - before[kind] for kind, count in pipeline.posts().items()}


def _kill(part: Service) -> None:
    below = descendants(part.child.pid)
    os.kill(part.child.pid, signal.SIGKILL)
    for process in below:
        process.signal(signal.SIGKILL)
    until(lambda: not part.child.alive and not any(p.exists() for p in below), "its end")


def _pass(moment: float) -> None:
    """The outage itself: it lasts until then."""
    time.sleep(max(0.0, moment - time.monotonic()))


def test_19_outages_of_the_bucket_and_of_prefect_cost_nothing(
    own_parts: Parts, tmp_path: Path
) -> None:
    pipeline, s3, prefect = own_parts
    before = pipeline.posts()
    pipeline.chaos(HOLD)
    worker = WorkerService(
        "globalaiopc", env=pipeline.environment, log=tmp_path / "worker.log", cwd=ROOT
    )
    with worker.start():
        run = _start(pipeline, "outage")
        until(lambda: _all_videos_submitted(pipeline, "outage"), "every video being submitted")
        _kill(s3)
        _kill(prefect)
        gone = time.monotonic()
        # The provider finishes while neither can be told.
        pipeline.chaos()
        _pass(gone + BUCKET_SECONDS)
        s3.relaunch().ready()
        _pass(gone + PREFECT_SECONDS)
        prefect.relaunch().ready()
        until(lambda: run.refresh().over, "the end of the run")
    assert run.state == "Completed", run.message
    assert _paid(pipeline, before) == ONCE
    for stage in ("image", "video"):
        assert _receipts(pipeline, "outage", stage) == ["landed"] * COUNT


def test_11_one_flow_run_executed_twice_at_once_pays_once(
    own_parts: Parts,
) -> None:
    pipeline, _, _ = own_parts
    before = pipeline.posts()
    run = _start(pipeline, "twice")
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "prefect", "flow-run", "execute", str(run.id)],
            cwd=ROOT,
            env=pipeline.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    for process in both:
        process.wait(timeout=240)
    assert run.refresh().state == "Completed", run.message
    assert _paid(pipeline, before) == ONCE
    assert len(pipeline.jobs("twice")) == 2 * COUNT


def test_a_crashed_run_is_retried_from_the_ui_and_continues(
    own_parts: Parts, tmp_path: Path
) -> None:
    pipeline, _, _ = own_parts
    before = pipeline.posts()
    pipeline.chaos(HOLD)
    worker = WorkerService(
        "globalaiopc", env=pipeline.environment, log=tmp_path / "worker.log", cwd=ROOT
    )
    with worker.start():
        run = _start(pipeline, "retried")
        until(lambda: _all_videos_submitted(pipeline, "retried"), "every video being submitted")
        for process in descendants(worker.child.pid):
            process.signal(signal.SIGKILL)
        until(lambda: run.refresh().state == "Crashed", "the worker's word of the crash")
        pipeline.chaos()
        # What the UI's Retry button sends.
        state = {"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}
        asked = {"state": state, "force": True}
        pipeline.api.post(f"/flow_runs/{run.id}/set_state", json=asked).raise_for_status()
        until(lambda: run.refresh().state == "Completed", "the retried run's end")
    assert _paid(pipeline, before) == ONCE
