"""The whole pipeline for one test module: real Prefect, S3 and stand-in API, blocks saved."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prefect.client.orchestration import get_client

from blocks.saving import Settings, save_blocks
from sandbox.services import clean_environment
from tests.conftest import ROOT, SandboxFactory
from tests.patience import prefect_api

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from prefect import Flow

    from sandbox.prefect_parts import PrefectService
    from sandbox.services import S3Access, SandboxService

TIME_SCALE = "0.01"
"""The advised 30 to 60 s between two looks at a video become 0.3 to 0.6."""

MEDIA_POSTS = {"image": "/v1/banana/images", "video": "/v1/sora/videos"}
CHAT_POSTS = "/v1/chat/completions"
OVER = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

PRICES = """
[[price]]
model = "nano-banana-2"
unit = "call"
price = 0.12
currency = "CNY"
[[price]]
model = "openAiSora2Plus"
unit = "second"
price = 0.10
currency = "CNY"
"""


@dataclass
class Pipeline:
    """Where everything is, and the questions that the tests put to it."""

    s3: S3Access
    prefect: PrefectService
    sandbox: SandboxService
    prefix: str = field(default_factory=lambda: f"pipeline-{secrets.token_hex(4)}")

    @property
    def environment(self) -> dict[str, str]:
        """What a child process gets: everything that a user would have set."""
        return {
            **clean_environment(),
            **self.prefect.environment(),
            **self.s3.environment(),
            **self.sandbox.environment(),
            "GLOBALAIOPC_TIME_SCALE": TIME_SCALE,
            "MEDIA_BUCKET": self.s3.bucket,
            "MEDIA_PREFIX": self.prefix,
        }

    def run(
        self,
        *arguments: str,
        codes: Collection[int] = (0,),
        seconds: float = 180,
        **settings: str,
    ) -> str:
        """Run `python ARGUMENTS` in the project's folder as a user would; its output.

        `codes` are the exit codes that are right; `settings` are further variables.
        """
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode in codes, done.stdout + done.stderr
        return done.stdout + done.stderr

    # The stand-in API.

    @cached_property
    def _sandbox(self) -> httpx.Client:
        return httpx.Client(base_url=self.sandbox.url, timeout=20, trust_env=False)

    def account(self) -> dict[str, Any]:
        return dict(self._sandbox.get("/sandbox/jobs").raise_for_status().json())

    def posts(self) -> dict[str, int]:
        """Every create that reached the wire so far, by kind, accepted or not."""
        posts = self.account()["posts"]
        return {kind: posts.get(path, 0) for kind, path in MEDIA_POSTS.items()} | {
            "text": posts.get(CHAT_POSTS, 0)
        }

    def jobs(self, text: str = "", kind: str | None = None) -> list[dict[str, Any]]:
        """The accepted jobs whose prompt holds `text`."""
        return [
            job
            for job in self.account()["jobs"]
            if text in job["prompt"] and kind in (None, job["kind"])
        ]

    def chaos(self, *rules: dict[str, Any]) -> None:
        """Put this plan of faults in force, in place of the one before."""
        self._sandbox.post("/sandbox/chaos", json=list(rules)).raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, with how often each matched (`seen`) and struck (`fired`)."""
        return list(self._sandbox.get("/sandbox/chaos").raise_for_status().json()["rules"])

    def seen(self) -> dict[str, int]:
        """How many requests each fault's `match` met on its route, struck or not."""
        return {rule["match"]: rule["seen"] for rule in self.faults()}

    def buy_image(self, prompt: str) -> str:
        """A picture that some other program has bought: its (signed) web address."""
        key = {"Authorization": f"Bearer {self.sandbox.key}"}
        base = self.sandbox.environment()["GLOBALAIOPC_MEDIA_BASE_URL"]
        asked = {"model": "nano-banana-2", "prompt": prompt, "size": "1:1"}
        made = self._sandbox.post(f"{base}/v1/banana/images", json=asked, headers=key).json()
        seen: dict[str, Any] = {}

        def made_it() -> bool:
            answer = self._sandbox.get(f"{base}/v1/result/{made['id']}", headers=key)
            seen.update(answer.json())
            return bool(seen.get("image_url"))

        until(made_it, "the picture")
        return str(seen["image_url"])

    def fetch(self, address: str) -> bytes:
        return self._sandbox.get(address).raise_for_status().content

    # The bucket.

    @cached_property
    def _bucket(self) -> S3Client:
        return self.s3.client()

    def objects(self, folder: str = "") -> set[str]:
        """Keys below a folder, relative to it."""
        start = f"{self.prefix}/{folder}" + ("/" if folder else "")
        pages = self._bucket.get_paginator("list_objects_v2").paginate(
            Bucket=self.s3.bucket, Prefix=start
        )
        return {
            found["Key"].removeprefix(start) for page in pages for found in page.get("Contents", [])
        }

    def body(self, key: str) -> bytes:
        found = self._bucket.get_object(Bucket=self.s3.bucket, Key=f"{self.prefix}/{key}")
        return found["Body"].read()

    def json(self, key: str) -> Any:
        return json.loads(self.body(key))

    def content_type(self, key: str) -> str:
        head = self._bucket.head_object(Bucket=self.s3.bucket, Key=f"{self.prefix}/{key}")
        return head["ContentType"]

    def put(self, key: str, body: bytes) -> str:
        """Put an object of a user's own; its s3:// address."""
        self._bucket.put_object(Bucket=self.s3.bucket, Key=f"{self.prefix}/{key}", Body=body)
        return f"s3://{self.s3.bucket}/{self.prefix}/{key}"

    def delete(self, key: str) -> None:
        self._bucket.delete_object(Bucket=self.s3.bucket, Key=f"{self.prefix}/{key}")

    # The Prefect server, asked as any other program would.

    @cached_property
    def api(self) -> httpx.Client:
        return prefect_api(self.prefect.api_url)

    def all(self, what: str, **asked: Any) -> list[dict[str, Any]]:
        """Every row of `/{what}/filter`."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.api.post(
                f"/{what}/filter", json={**asked, "limit": 200, "offset": len(rows)}
            )
            found = page.raise_for_status().json()
            rows += found
            if len(found) < 200:
                return rows

    def task_runs(self, run_id: str, count: int) -> list[dict[str, Any]]:
        """The `count` task runs of a flow run; the server notes them a moment after they end."""
        rows: list[dict[str, Any]] = []

        def all_noted() -> bool:
            rows[:] = self.all("task_runs", flow_runs={"id": {"any_": [run_id]}})
            return sum(row["state_type"] in OVER for row in rows) >= count

        until(all_noted, f"the record of {count} task runs")
        return rows

    def logs(self, *run_ids: str) -> list[str]:
        """All that these flow runs have logged; their last lines are sent a moment after."""
        rows: list[dict[str, Any]] = []

        def all_sent() -> bool:
            rows[:] = self.all("logs", logs={"flow_run_id": {"any_": list(run_ids)}})
            own = (row for row in rows if row["task_run_id"] is None)
            last = {row["flow_run_id"] for row in own if "Finished in state" in row["message"]}
            return last >= set(run_ids)

        until(all_sent, "the last line of the logs")
        return [row["message"] for row in rows]

    def close(self) -> None:
        for opened in ("_sandbox", "_bucket", "api"):
            if opened in self.__dict__:
                self.__dict__[opened].close()


def until(condition: Callable[[], bool], what: str, seconds: float = 180.0) -> None:
    """Return once it holds; the time is for a machine that is busy with other things."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds:.0f} s"
        time.sleep(0.1)


def saved(parts: Pipeline) -> Iterator[Pipeline]:
    """The body of a fixture: the blocks are saved as `python -m blocks` does, which is slower."""
    asyncio.run(_save_blocks(parts))
    yield parts
    parts.close()


async def _save_blocks(parts: Pipeline) -> None:
    async with get_client() as client:
        await save_blocks(Settings.from_environment(parts.environment), client)


@pytest.fixture(scope="module")
def pipeline(
    s3: S3Access, prefect_server: PrefectService, sandbox_factory: SandboxFactory
) -> Iterator[Pipeline]:
    """Everything up, and the blocks saved, with a prefix of the module's own in the bucket."""
    yield from saved(Pipeline(s3, prefect_server, sandbox_factory()))


@dataclass(frozen=True)
class Ended:
    """How a flow run ended. `outcome` is what it returned, or what its error carries."""

    run_id: str
    name: str
    type: str
    message: str
    outcome: dict[str, Any]
    error: BaseException | None

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """The items of a batch's report by brief."""
        return {item["id"]: item for item in self.outcome["items"]}


async def ended(flow: Flow[..., Any], **parameters: Any) -> Ended:
    """Run a flow in this process to its end, however that may be."""
    state = await flow(**parameters, return_state=True)
    data = await state.result(raise_on_failure=False)
    error = data if isinstance(data, BaseException) else None
    return Ended(
        run_id=str(state.state_details.flow_run_id),
        name=state.name or "",
        type=state.type.value,
        message=state.message or "",
        outcome=getattr(error, "report", {}) if error else data,
        error=error,
    )


def run(flow: Flow[..., Any], **parameters: Any) -> Ended:
    """`ended`, for tests and fixtures that are not coroutines."""
    return asyncio.run(ended(flow, **parameters))
