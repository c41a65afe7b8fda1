"""What deploying again leaves to people, and a backfill of a schedule's days by a worker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.backfill import backfill
from sandbox.prefect_parts import WorkerService
from tests.conftest import ROOT
from tests.flows.test_backfill_run import rows
from tests.pipeline import Pipeline, run, until

pytestmark = pytest.mark.stack

POOL = "globalaiopc"
NAME = "content-batch/every-day"
SLUGS = {"daily"}


def deploy(pipeline: Pipeline) -> None:
    pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", NAME)


def found(pipeline: Pipeline) -> dict[str, Any]:
    return dict(pipeline.api.get(f"/deployments/name/{NAME}").raise_for_status().json())


def schedules(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    return {one["slug"]: one for one in found(pipeline)["schedules"]}


@pytest.fixture(scope="module")
def deployed(pipeline: Pipeline) -> Pipeline:
    pipeline.run("-m", "prefect", "work-pool", "create", POOL, "--type", "process", "--overwrite")
    deploy(pipeline)
    return pipeline


def test_deploying_again_leaves_to_people_what_is_theirs(deployed: Pipeline) -> None:
    before = schedules(deployed)
    assert before.keys() == SLUGS
    assert not any(one["active"] for one in before.values())

    at = f"/deployments/{found(deployed)['id']}/schedules"
    switch = deployed.api.patch(f"{at}/{before['daily']['id']}", json={"active": True})
    switch.raise_for_status()
    # As the UI's form does: without a slug.
    own = {"active": True, "schedule": {"cron": "0 12 * * 0", "timezone": "Asia/Tokyo"}}
    deployed.api.post(at, json=[own]).raise_for_status()

    deploy(deployed)
    after = schedules(deployed)
    assert {slug for slug, one in after.items() if one["active"]} == {
        "daily"
    } | after.keys() - SLUGS
    assert {slug: after[slug]["id"] for slug in SLUGS} == {s: before[s]["id"] for s in SLUGS}
    (added,) = after.keys() - SLUGS
    assert after[added]["schedule"]["cron"] == "0 12 * * 0"
    assert after[added]["schedule"]["timezone"] == "Asia/Tokyo"


def test_a_schedule_that_is_switched_on_has_runs_to_come(deployed: Pipeline) -> None:
    """SQLAlchemy 2.1 kept Prefect's scheduler from noting any.

    They know the batch's name: Prefect takes a schedule's own parameters away when it is switched.
    """
    (daily,) = (one for slug, one in schedules(deployed).items() if slug == "daily")
    at = f"/deployments/{found(deployed)['id']}/schedules/{daily['id']}"
    deployed.api.patch(at, json={"active": True}).raise_for_status()
    runs: list[dict[str, Any]] = []

    def noted() -> bool:
        ours = {"id": {"any_": [found(deployed)["id"]]}}
        runs[:] = deployed.all("flow_runs", deployments=ours)
        return any(one["parameters"].get("batch_id") == "daily-{date}" for one in runs)

    until(noted, "a run to come", 120)
    (first, *_) = sorted(one["expected_start_time"] for one in runs if one["auto_scheduled"])
    assert first > datetime.now(UTC).isoformat()


@pytest.mark.exhaustive
def test_the_days_of_a_schedule_are_made_by_workers(deployed: Pipeline, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    asked: dict[str, Any] = {
        "first": yesterday - timedelta(days=1),
        "last": yesterday,
        "deployment": NAME,
        "schedule": "daily",
        "at_once": 2,
        "limit": 1,
    }
    log = tmp_path / "worker.log"
    with WorkerService(POOL, env=deployed.environment, log=log, cwd=ROOT).start():
        made = run(backfill, **asked)
    assert made.name == "Completed", made.message
    assert rows(made, "batch_id") == [f"daily-{asked['first']}", f"daily-{yesterday}"]
    assert rows(made, "briefs") == [1, 1]
    before = deployed.account()["posts"]
    planned = run(backfill, **asked, plan=True)
    assert rows(planned, "state") == ["finished"] * 2
    assert deployed.account()["posts"] == before
    runs = deployed.all("flow_runs", flow_runs={"name": {"any_": rows(made, "batch_id")}})
    assert len([one for one in runs if one["deployment_id"]]) == 2


@pytest.mark.exhaustive
def test_days_that_ask_for_approval_are_not_waited_for(deployed: Pipeline, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    known = found(deployed)
    changed = {"parameters": {**known["parameters"], "approve": "images"}}
    deployed.api.patch(f"/deployments/{known['id']}", json=changed).raise_for_status()
    before = deployed.posts()
    log = tmp_path / "worker.log"
    with WorkerService(POOL, env=deployed.environment, log=log, cwd=ROOT).start():
        asked = run(
            backfill,
            first=yesterday - timedelta(days=1),
            last=yesterday,
            deployment=NAME,
            batch_id="asks-{date}",
            limit=1,
        )
    assert (asked.name, asked.type) == ("AwaitingApproval", "COMPLETED"), asked.message
    assert rows(asked, "state") == ["Suspended"] * 2
    assert "press Resume" in asked.message
    paid = {kind: count - before[kind] for kind, count in deployed.posts().items()}
    assert (paid["image"], paid["video"]) == (2, 0)
