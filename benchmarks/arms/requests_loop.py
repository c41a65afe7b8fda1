"""The documented way: `requests`, one brief after the other, a sleep between two looks."""

from __future__ import annotations

import json
import time
from typing import Any

import requests
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

PATIENCE = 120.0


def work(asked: Rivals) -> Told:
    chat, media = addresses()
    s3, where = stores.client(), bucket()
    began = time.monotonic()
    for number, topic in enumerate(asked.topics):
        answer = post(chat, chat_body(asked, topic))
        script = json.loads(answer["choices"][0]["message"]["content"])
        image = image_body(asked, script["image_prompt"])
        picture = job(media, "image", "/v1/banana/images", image, asked.image_every)
        stores.put(s3, where, f"{number}/image.png", picture, "image/png")
        exact = stores.fitted(picture, asked.width, asked.height)
        link = stores.put(s3, where, f"{number}/frame.png", exact, "image/png")
        video = video_body(asked, script["video_prompt"], link)
        film = job(media, "video", "/v1/sora/videos", video, asked.video_every)
        stores.put(s3, where, f"{number}/video.mp4", film, "video/mp4")
    return Told(seconds=time.monotonic() - began, landed=len(asked.topics))


def job(media: str, kind: str, path: str, body: dict[str, JsonValue], every: float) -> bytes:
    """Create it, look until it is done, download it."""
    made = post(media + path, body)
    while True:
        time.sleep(every)
        look = requests.get(f"{media}/v1/result/{made['id']}", headers=headers(), timeout=PATIENCE)
        look.raise_for_status()
        seen = look.json()
        if seen["status"] == "failed":
            raise RuntimeError(f"{kind} failed: {seen}")
        if link := seen.get(f"{kind}_url"):
            answer = requests.get(link, timeout=PATIENCE)
            answer.raise_for_status()
            return answer.content


def post(address: str, body: dict[str, JsonValue]) -> dict[str, Any]:
    answer = requests.post(address, json=body, headers=headers(), timeout=PATIENCE)
    answer.raise_for_status()
    return dict(answer.json())


if __name__ == "__main__":
    program(Rivals, work)
