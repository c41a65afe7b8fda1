"""The ordinary Prefect way: sync tasks, `.map` from stage to stage, `time.sleep` in the task."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from prefect import flow, task, unmapped

from benchmarks.arms import stores
from benchmarks.arms.program import (
    Rivals,
    Told,
    addresses,
    bucket,
    chat_body,
    image_body,
    program,
    video_body,
)
from benchmarks.arms.requests_loop import job, post

# Tag limits of the server are what the manual has for this; a semaphore is faster and so fairer.
_PLACES: dict[str, threading.Semaphore] = {}


@task
def write(asked: Rivals, topic: str) -> dict[str, str]:
    with _PLACES["text"]:
        answer = post(addresses()[0], chat_body(asked, topic))
    return dict(json.loads(answer["choices"][0]["message"]["content"]))


@task
def image(asked: Rivals, number: int, script: dict[str, str]) -> str:
    with _PLACES["image"]:
        body = image_body(asked, script["image_prompt"])
        picture = job(addresses()[1], "image", "/v1/banana/images", body, asked.image_every)
    s3 = stores.client()
    stores.put(s3, bucket(), f"{number}/image.png", picture, "image/png")
    exact = stores.fitted(picture, asked.width, asked.height)
    return stores.put(s3, bucket(), f"{number}/frame.png", exact, "image/png")


@task
def video(asked: Rivals, number: int, script: dict[str, str], picture: str) -> str:
    with _PLACES["video"]:
        body = video_body(asked, script["video_prompt"], picture)
        film = job(addresses()[1], "video", "/v1/sora/videos", body, asked.video_every)
    stores.put(stores.client(), bucket(), f"{number}/video.mp4", film, "video/mp4")
    return f"{number}/video.mp4"


@flow
def batch(asked: Rivals) -> int:
    numbers = list(range(len(asked.topics)))
    scripts = write.map(unmapped(asked), list(asked.topics))
    pictures = image.map(unmapped(asked), numbers, scripts)
    videos = video.map(unmapped(asked), numbers, scripts, pictures)
    return len([one.result() for one in videos])


def work(asked: Rivals) -> Told:
    _PLACES.update({kind: threading.Semaphore(asked.limit) for kind in ("text", "image", "video")})
    began = time.monotonic()
    landed: Any = batch(asked)
    return Told(seconds=time.monotonic() - began, landed=landed)


if __name__ == "__main__":
    program(Rivals, work)
