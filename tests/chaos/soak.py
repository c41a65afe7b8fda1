"""`make soak`: an hour of recurring batches while 5 % of all answers and jobs go wrong.

    python -m tests.chaos.soak --minutes 60

Two kinds of batches are made beside each other: by a process of ours that lives all the time, and
by a Prefect worker from a schedule, a process for each run. Every few seconds all long-lived
processes are looked at. At the end the provider's account is held against the receipts and the
reports. An hour's figures go into docs/operations.md; exit code 1 when something grows, or money is
amiss.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import cpu_seconds
from sandbox.chaos import ANSWER, CREATE, FATES, MEDIA, RESULT, SAID, WRAPPED
from sandbox.prefect_parts import PrefectService, WorkerService, prepared_database
from sandbox.processes import Child, descendants
from sandbox.services import S3Service, SandboxService
from tests.chaos.soak_account import Account, Bucket, settle
from tests.chaos.soak_batches import ENOUGH
from tests.chaos.soak_meter import Meter, Trend
from tests.chaos.soak_page import PAGE, Soak, markdown, written
from tests.conftest import CACHE, ROOT
from tests.pipeline import Pipeline, until

RATE = 0.05
EVERY = 60.0
BRIEFS = 20
SCHEDULED_EVERY = 120.0
SCHEDULED_BRIEFS = 5
LOOK_EVERY = 5.0
WARM_UP_SHARE = 1 / 6
FULL_MINUTES = 60.0
DEPLOYMENT = "content-batch/every-day"
# A job that never ends holds its batch: two in the hour, and not for their real deadline.
DEADLINES = """
[[model]]
family = "nano-banana"
names = ["nano-banana-2"]
deadline_seconds = 20
[[model]]
family = "sora"
names = ["openAiSora2Plus"]
deadline_seconds = 60
"""
NEVER_ENDS = {"fault": "never_ends", "kind": "image", "nth": [300, 700]}
# An endless file holds its landing for an hour, which is this test's whole time.
FAULTS = sorted({*ANSWER, *CREATE, *SAID, *RESULT, *WRAPPED, *FATES, *MEDIA}
                - {"never_ends", "endless_media"})  # fmt: skip


@dataclass
class Parts:
    """All that runs, and the questions that are put to it."""

    pipeline: Pipeline
    process: Child
    worker: WorkerService
    sandbox: SandboxService
    s3: S3Service
    prefect: PrefectService

    def meter(self) -> Meter:
        judged = {
            "batches in one process": self.process.pid,
            "Prefect worker": self.worker.child.pid,
            "Prefect server": self.prefect.child.pid,
        }
        return Meter(
            judged, {"S3 server": self.s3.child.pid, "stand-in API": self.sandbox.child.pid}
        )


@contextmanager
def parts(home: Path) -> Iterator[Parts]:
    s3 = S3Service(
        home / "s3",
        access_key="soak",
        secret_key=secrets.token_hex(16),
        bucket="soak",
        log=home / "s3.log",
    )
    prefect = PrefectService(
        home / "prefect", log=home / "prefect.log", database=prepared_database(CACHE)
    )
    sandbox = SandboxService(
        key="soak-key-not-a-real-one",
        log=home / "sandbox.log",
        text_seconds=0.3,
        image_seconds=1.0,
        video_seconds=3.0,
        options=["--plain-media"],
    )
    with ExitStack() as stack:
        for part in (s3, prefect, sandbox):
            stack.enter_context(part.start())
        pipeline = Pipeline(s3.access, prefect, sandbox, prefix="soak")
        stack.callback(pipeline.close)
        own = home / "deadlines.toml"
        own.write_text(DEADLINES)
        pipeline.run("-m", "blocks", GLOBALAIOPC_CATALOGUE=str(own))
        pipeline.run("-m", "prefect", "work-pool", "create", "globalaiopc", "--type", "process")
        pipeline.run("-m", "prefect", "--no-prompt", "deploy", "--name", DEPLOYMENT)
        environment = pipeline.environment
        worker = WorkerService(
            "globalaiopc", env=environment, log=home / "worker.log", cwd=ROOT, limit=3
        )
        stack.enter_context(worker.start())
        pipeline.chaos(*fault_plan())
        command = [sys.executable, "-m", "tests.chaos.soak_batches"]
        command += ["--every", str(EVERY), "--briefs", str(BRIEFS)]
        process = stack.enter_context(
            Child("The batches", command, env=environment, log=home / "process.log", cwd=ROOT)
        )
        yield Parts(pipeline, process, worker, sandbox, s3, prefect)


def fault_plan() -> list[dict[str, Any]]:
    """Each answer and each new job has the same chance to go wrong, in one way of all that fit."""
    always = {"route": "*", "accepted": "either", "seconds": 5, "looks": 3}
    return [NEVER_ENDS, {"probability": RATE, "faults": FAULTS, **always}]


@contextmanager
def scheduled(pipeline: Pipeline, every: float) -> Iterator[None]:
    """The day's deployment, every two minutes; afterwards nothing is due, and nothing runs."""
    found = pipeline.api.get(f"/deployments/name/{DEPLOYMENT}").raise_for_status().json()
    at = f"/deployments/{found['id']}"
    briefs = [
        {"id": f"b{each:02d}", "topic": f"Tale <schedule/b{each:02d}> of a harbour"}
        for each in range(SCHEDULED_BRIEFS)
    ]
    parameters = {"briefs": briefs, "batch_id": "schedule-{datetime}"}
    pipeline.api.patch(at, json={"parameters": parameters}).raise_for_status()
    due = {"interval": every, "timezone": "UTC"}
    made = pipeline.api.post(f"{at}/schedules", json=[{"active": True, "schedule": due}])
    yield
    (schedule,) = made.raise_for_status().json()
    pipeline.api.delete(f"{at}/schedules/{schedule['id']}").raise_for_status()
    until(lambda: not _running(pipeline, found["id"]), "the end of the scheduled runs", 300)


def _running(pipeline: Pipeline, deployment: str) -> list[dict[str, Any]]:
    begun = {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}}
    return pipeline.all("flow_runs", flow_runs=begun, deployments={"id": {"any_": [deployment]}})


def soak(minutes: float, home: Path) -> Soak:
    """Run for so long, with a warm-up of a sixth. Takes some minutes more, to start and to end."""
    seconds = minutes * 60
    with parts(home) as running:
        pipeline = running.pipeline
        with scheduled(pipeline, SCHEDULED_EVERY):
            until(lambda: bool(pipeline.objects("process-0000")), "the first batch")
            meter, began = running.meter(), time.monotonic()
            used = _cpu(running)
            while time.monotonic() < began + seconds:
                meter.look()
                time.sleep(LOOK_EVERY)
            (home / "looks.json").write_text(json.dumps(meter.looks, default=vars))
            cores = (_cpu(running) - used) / (time.monotonic() - began)
        counts = _struck(pipeline)
        pipeline.chaos()
        below = descendants(running.process.pid) | descendants(running.worker.child.pid)
        os.kill(running.process.pid, ENOUGH)
        until(lambda: not running.process.alive, "the end of the last batch", 900)
        counts.update(f"runs {row['state']['name']}" for row in pipeline.all("flow_runs"))
        # It reads every receipt of an hour. 4: some outcomes are unknown, as is meant to be.
        pipeline.run("-m", "flows", "rescue", codes=(0, 4), seconds=900)
        bucket = read_bucket(pipeline)
        account = settle(pipeline.account()["jobs"], bucket)
        counts.update(_briefs(bucket))
        counts.update(account.counts)
        counts["unfinished uploads"] = _unfinished(pipeline)
    counts["processes left"] = sum(process.exists() for process in below)
    trends = tuple(meter.trends(seconds * WARM_UP_SHARE))
    return Soak(minutes, trends, counts, tuple(_wrong(account, trends, counts)), cores)


def _cpu(running: Parts) -> float:
    everything = (running.process, running.worker.child, running.prefect.child,
                  running.s3.child, running.sandbox.child)  # fmt: skip
    return sum(cpu_seconds(child.pid) for child in everything)


def _struck(pipeline: Pipeline) -> Counter[str]:
    rules = pipeline.faults()
    fired = sum(rule["fired"] for rule in rules)
    return Counter({"answers and jobs": rules[-1]["seen"], "faults": fired})


def read_bucket(pipeline: Pipeline) -> Bucket:
    keys = pipeline.objects()
    receipts: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    items: dict[tuple[str, str], dict[str, Any]] = {}
    for key in keys:
        batch, *rest = key.split("/")
        if len(rest) == 3 and rest[1] == "receipts":
            stage = rest[2].split(".")[0]
            receipts.setdefault((batch, rest[0]), {})[stage] = pipeline.json(key)
        elif rest == ["report.json"]:
            items |= {(batch, item["id"]): item for item in pipeline.json(key)["items"]}
    return Bucket(receipts, items, frozenset(keys))


def _briefs(bucket: Bucket) -> Counter[str]:
    counts = Counter(batches=len({batch for batch, _ in bucket.items}), briefs=len(bucket.items))
    counts.update(f"briefs {item['state']}" for item in bucket.items.values())
    return counts


def _unfinished(pipeline: Pipeline) -> int:
    with closing(pipeline.s3.client()) as client:
        listed = client.list_multipart_uploads(Bucket=pipeline.s3.bucket)
    return len(listed.get("Uploads", []))


def _wrong(account: Account, trends: tuple[Trend, ...], counts: Counter[str]) -> Iterator[str]:
    yield from account.wrong
    for trend in trends:
        if not trend.flat:
            yield (
                f"{trend.process}: {trend.measure} rises by {trend.rise_in_an_hour:.1f} an hour, "
                f"{trend.allowed:.1f} are allowed"
            )
    for name in ("unfinished uploads", "processes left"):
        if counts[name]:
            yield f"{name}: {counts[name]}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES)
    parser.add_argument("--home", type=Path, help="keep the logs and the bucket in this folder")
    options = parser.parse_args()
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        result = soak(options.minutes, home)
    print(json.dumps(result.counts, indent=1))
    table = markdown(result)
    print(table)
    if options.minutes >= FULL_MINUTES:
        PAGE.write_text(written(PAGE.read_text("utf-8"), table), "utf-8")
    for line in result.wrong:
        print(line, file=sys.stderr)
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
