"""The rival to be measured by: a script with httpx and boto3, without orchestrator or receipts.

It does the same work, and nothing of what makes ours safe: no claim before a job is paid for, no
receipt, no proof that a file is whole, no retry, no poster, no report.
"""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from pydantic import JsonValue

from benchmarks.arms import stores
from benchmarks.arms.program import (
    Rivals,
    Told,
    addresses,
    bucket,
    chat_body,
    headers,
    image_body,
    program,
    video_body,
)

THREADS = 32
PATIENCE = 120.0


class Script:
    """`files` is for media hosts, which do not get the key."""

    def __init__(self, asked: Rivals, http: httpx.AsyncClient, files: httpx.AsyncClient) -> None:
        self.asked = asked
        self.http = http
        self.files = files
        self.chat, self.media = addresses()
        self.s3 = stores.client()
        self.where = bucket()
        self.places = {kind: asyncio.Semaphore(asked.limit) for kind in ("text", "image", "video")}

    async def brief(self, number: int, topic: str) -> None:
        asked = self.asked
        script = await self.write(topic)
        body = image_body(asked, script["image_prompt"])
        picture = await self.job("image", "/v1/banana/images", body, asked.image_every)
        await self.put(f"{number}/image.png", picture, "image/png")
        exact = await asyncio.to_thread(stores.fitted, picture, asked.width, asked.height)
        link = await self.put(f"{number}/frame.png", exact, "image/png")
        body = video_body(asked, script["video_prompt"], link)
        film = await self.job("video", "/v1/sora/videos", body, asked.video_every)
        await self.put(f"{number}/video.mp4", film, "video/mp4")

    async def write(self, topic: str) -> dict[str, str]:
        async with self.places["text"]:
            answer = await self.post(self.chat, chat_body(self.asked, topic))
        return dict(json.loads(answer["choices"][0]["message"]["content"]))

    async def job(self, kind: str, path: str, body: dict[str, JsonValue], every: float) -> bytes:
        async with self.places[kind]:
            made = await self.post(self.media + path, body)
            while True:
                await asyncio.sleep(every)
                look = await self.http.get(f"{self.media}/v1/result/{made['id']}")
                seen = look.raise_for_status().json()
                if seen["status"] == "failed":
                    raise RuntimeError(f"{kind} failed: {seen}")
                if link := seen.get(f"{kind}_url"):
                    break
        answer = await self.files.get(link)
        return answer.raise_for_status().content

    async def post(self, address: str, body: dict[str, JsonValue]) -> dict[str, Any]:
        answer = await self.http.post(address, json=body)
        return dict(answer.raise_for_status().json())

    async def put(self, name: str, body: bytes, content_type: str) -> str:
        return await asyncio.to_thread(stores.put, self.s3, self.where, name, body, content_type)


async def _run(asked: Rivals) -> Told:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    limits = httpx.Limits(max_connections=4 * asked.limit)
    async with (
        httpx.AsyncClient(headers=headers(), limits=limits, timeout=PATIENCE) as http,
        httpx.AsyncClient(limits=limits, timeout=PATIENCE) as files,
    ):
        script = Script(asked, http, files)
        began = time.monotonic()
        await asyncio.gather(*(script.brief(*one) for one in enumerate(asked.topics)))
        return Told(seconds=time.monotonic() - began, landed=len(asked.topics))


def work(asked: Rivals) -> Told:
    return asyncio.run(_run(asked))


if __name__ == "__main__":
    program(Rivals, work)
