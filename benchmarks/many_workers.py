"""One batch in shards on one, two and four workers of a pool, behind two API servers.

Then once more on the most workers, and on the way one worker and one of the API servers are killed.
Each worker has room for two flow runs, so that more workers are more shards at once.

The worker is killed when no request of its is on the way: such a job would be unknown, as it should
be, and would wait for a person.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import works
from benchmarks.parts import ROOT, Parts, Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say
from deploy.processes import ProductionServer
from sandbox.prefect_parts import WorkerService, api_client
from sandbox.processes import Child, ProcessId, descendants

NAME = "many-workers"
POOL = "globalaiopc"
DEPLOYMENT = "content-batch/batch-of-videos"
ROOM = 2
PATIENCE = 3600.0
JOBS_EACH = 2
"""A picture and a video; a text call is no job."""


@dataclass(frozen=True)
class Size:
    briefs: int
    shards: int
    limit: int
    times: Times
    workers: tuple[int, ...]


FULL = Size(briefs=400, shards=8, limit=80, times=Times(0.5, 2, 10), workers=(1, 2, 4))
QUICK = Size(briefs=40, shards=4, limit=16, times=Times(0.15, 0.6, 3), workers=(1, 2))


@dataclass(frozen=True)
class Ran:
    """A batch that has ended: seconds from asking for it, and what is left of it."""

    seconds: float
    state: str
    landed: int
    billed: int
    twice: int
    reports: int


def measure(*, quick: bool) -> tuple[Result, ...]:
    size = QUICK if quick else FULL
    scale = works.time_scale(works.VIDEO_MODEL, size.times.video)
    with (
        parts(size.times, time_scale=scale, prefect=None) as running,
        ProductionServer(running.home / "log") as server,
    ):
        field = _Field(running, server, size)
        field.set_up()
        clean = {count: field.batch(count, hurt=False) for count in size.workers}
        hurt = field.batch(size.workers[-1], hurt=True)
    one = clean[size.workers[0]]
    results = [
        Result.shown(
            NAME,
            f"makespan of {size.briefs} briefs, {count} workers",
            Amount(ran.seconds, "s"),
            Amount(one.seconds, "s"),
            other_name="1 worker",
        )
        for count, ran in clean.items()
        if ran is not one
    ]
    killed = f"{size.workers[-1]} workers, one and an API server killed"
    results.append(
        Result.shown(
            NAME,
            f"makespan, {killed}",
            Amount(hurt.seconds, "s"),
            Amount(clean[size.workers[-1]].seconds, "s"),
            other_name="none killed",
        )
    )
    for what, ran in (*((f"{count} workers", ran) for count, ran in clean.items()), (killed, hurt)):
        results += _exactly(what, ran, size)
    return tuple(results)


def _exactly(what: str, ran: Ran, size: Size) -> list[Result]:
    return [
        Result.equal(NAME, f"{name}, {what}", Amount(ours), Amount(wanted), other_name=other)
        for name, ours, wanted, other in (
            ("landed", ran.landed, size.briefs, "briefs"),
            ("jobs billed", ran.billed, JOBS_EACH * size.briefs, "jobs"),
            ("billed twice", ran.twice, 0, "jobs"),
            ("reports", ran.reports, 1, "one"),
        )
    ]


@dataclass
class _Field:
    """Where the batches are run."""

    running: Parts
    server: ProductionServer
    size: Size

    @property
    def environment(self) -> dict[str, str]:
        prefix = {"MEDIA_PREFIX": NAME}
        own = self.server.environment(self.running.home / "worker")
        return self.running.environment() | own | prefix

    def set_up(self) -> None:
        """Save the blocks, and put the flow on the server."""
        order, answer = self.running.home / "places.json", self.running.home / "placed.json"
        order.write_text(json.dumps({"limit": self.size.limit}))
        prefect = ("-m", "prefect", "--no-prompt")
        for name, command in (
            ("blocks", ("-m", "benchmarks.arms.set_up", str(order), str(answer))),
            ("pool", (*prefect, "work-pool", "create", POOL, "--type", "process")),
            ("deployment", (*prefect, "deploy", "--name", DEPLOYMENT)),
        ):
            log = self.running.home / "log" / f"{name}.log"
            run = (sys.executable, *command)
            with Child(name, run, env=self.environment, log=log, cwd=ROOT) as child:
                child.finish(seconds=300)

    def batch(self, workers: int, *, hurt: bool) -> Ran:
        """Run one on so many workers; `hurt`: the last of them and an API server are killed."""
        self.running.forget()
        batch_id = f"{workers}-workers{'-hurt' if hurt else ''}"
        path = self.running.lines(batch_id, works.whole(self.size.briefs))
        with contextlib.ExitStack() as stack:
            first, *others = (self._worker(f"{batch_id}-{n}") for n in range(workers))
            # The first is there alone at first, and so has the run of the batch itself.
            stack.enter_context(first.start())
            began = time.monotonic()
            run = self._start(batch_id, path)
            for one in others:
                stack.enter_context(one).launch()
            if hurt:
                # More than the first worker can have bought: the others are at it as well.
                alone = self.size.briefs * ROOM // self.size.shards
                self._until(lambda: self._videos() > alone, "a video that another worker bought")
                self._kill_between_requests(others[-1], batch_id)
                _kill(self.server.apis[1].child.pid, (), "An API server")
            state = self._ended(run)
            seconds = time.monotonic() - began
        if hurt:
            self.server.apis[1].relaunch().ready()
        ran = self._ran(batch_id, state, seconds)
        say(f"{batch_id}: {state}, {ran.seconds:.1f} s, {ran.landed} landed, {ran.billed} billed")
        return ran

    def _worker(self, name: str) -> WorkerService:
        log = self.running.home / "log" / f"{name}.log"
        return WorkerService(POOL, env=self.environment, log=log, cwd=ROOT, limit=ROOM)

    def _start(self, batch_id: str, path: Path) -> str:
        """Ask for the batch, and wait until it is under way."""
        parameters = {"briefs": str(path), "batch_id": batch_id, "shards": self.size.shards}
        asked = {"name": batch_id, "idempotency_key": batch_id, "parameters": parameters}
        found = self._ask("GET", f"/deployments/name/{DEPLOYMENT}").json()
        made = self._ask("POST", f"/deployments/{found['id']}/create_flow_run", asked).json()
        run = str(made["id"])
        self._until(lambda: self._state(run)["type"] == "RUNNING", "the run of the batch")
        return run

    def _ended(self, run: str) -> str:
        over = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        self._until(lambda: self._state(run)["type"] in over, "the end of the batch")
        return str(self._state(run)["name"])

    def _state(self, run: str) -> Mapping[str, Any]:
        return dict(self._ask("GET", f"/flow_runs/{run}").json()["state"])

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """By the front, and again when the API server that it chose has just died."""
        for left in reversed(range(5)):
            try:
                with api_client(self.environment) as client:
                    answer = client.request(method, path.lstrip("/"), json=body)
                    return answer.raise_for_status()
            except httpx.HTTPError:
                if not left:
                    raise
                time.sleep(1)
        raise AssertionError("the last try returns or raises")

    def _kill_between_requests(self, worker: WorkerService, batch_id: str) -> None:
        """As when the machine is gone, its flow runs included."""
        for _ in range(200):
            below = descendants(worker.child.pid)
            for process in below:
                process.signal(signal.SIGSTOP)
            asking = {f":{process.pid}:" for process in below}
            claims = self._claims(batch_id)
            if below and not any(pid in claim for pid in asking for claim in claims):
                _kill(worker.child.pid, below, "A worker")
                return
            for process in below:
                process.signal(signal.SIGCONT)
            time.sleep(0.2)
        raise TimeoutError("the worker always had a request on its way")

    def _claims(self, batch_id: str) -> list[str]:
        """Who is about to send something, by the receipts."""
        s3, bucket = self.running.s3.access.client(), self.running.s3.access.bucket
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=f"{NAME}/{batch_id}/"
        )
        keys = [one["Key"] for page in pages for one in page.get("Contents", ())]

        def claim(key: str) -> str:
            receipt = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            return str(receipt["claim"]["holder"]) if receipt["state"] == "intent" else ""

        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(claim, (key for key in keys if "/receipts/" in key)))

    def _videos(self) -> int:
        return sum(job["kind"] == "video" for job in self.running.account()["jobs"])

    def _ran(self, batch_id: str, state: str, seconds: float) -> Ran:
        s3, start = self.running.s3.access.client(), f"{NAME}/{batch_id}/"
        body = s3.get_object(Bucket=self.running.s3.access.bucket, Key=f"{start}report.json")
        report = json.loads(body["Body"].read())
        jobs = Counter(
            (job["kind"], job["prompt"]) for job in self.running.account()["jobs"] if job["billed"]
        )
        mine = {"artifacts": {"key": {"any_": [f"batch-{batch_id}"]}}}
        tables = self._ask("POST", "/artifacts/filter", mine).json()
        return Ran(
            seconds=seconds,
            state=state,
            landed=sum(item["state"] == "landed" for item in report["items"]),
            billed=jobs.total(),
            twice=sum(count > 1 for count in jobs.values()),
            reports=len(tables),
        )

    @staticmethod
    def _until(condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {PATIENCE:.0f} s")
            time.sleep(0.5)


def _kill(pid: int, below: Collection[ProcessId], what: str) -> None:
    os.kill(pid, signal.SIGKILL)
    for process in below:
        process.signal(signal.SIGKILL)
    say(f"{what} was killed, with {len(below)} processes below it")
