"""The rival in waiting: all jobs at once, each looked at every so many seconds."""

from __future__ import annotations

import asyncio
import random
import time

import httpx
from pydantic import BaseModel, ConfigDict

from benchmarks.arms.program import Told, addresses, headers, program

PATIENCE = 120.0
PATH = "/v1/happyhorse-t2v/videos"


class Jobs(BaseModel):
    """`every` is in seconds of this machine's clock."""

    model_config = ConfigDict(frozen=True)

    model: str
    prompts: tuple[str, ...]
    every: float


async def _job(http: httpx.AsyncClient, asked: Jobs, prompt: str) -> None:
    base = addresses()[1]
    body = {"model": asked.model, "prompt": prompt, "duration": 3}
    made = (await http.post(base + PATH, json=body)).raise_for_status().json()
    while True:
        await asyncio.sleep(asked.every)
        seen = (await http.get(f"{base}/v1/result/{made['id']}")).raise_for_status().json()
        if seen["status"] == "failed":
            raise RuntimeError(f"failed: {seen}")
        if seen.get("video_url"):
            return


async def _run(asked: Jobs) -> Told:
    began = time.monotonic()
    limits = httpx.Limits(max_connections=100)
    async with (
        httpx.AsyncClient(headers=headers(), limits=limits, timeout=PATIENCE) as http,
        asyncio.TaskGroup() as group,
    ):
        for prompt in asked.prompts:
            group.create_task(_job(http, asked, prompt))
            # Or all would look in the same instant, which ours never do.
            await asyncio.sleep(random.uniform(0, 2 * asked.every / len(asked.prompts)))
    return Told(seconds=time.monotonic() - began, landed=len(asked.prompts))


def work(asked: Jobs) -> Told:
    return asyncio.run(_run(asked))


if __name__ == "__main__":
    program(Jobs, work)
