"""Making without Prefect or a network: what the provider fetches stays what was asked for."""

import logging
import re
from typing import Any

import httpx
import pytest

from flows import fallback, making
from flows.briefs import Brief
from flows.inputs import Inputs
from flows.making import Maker
from flows.script import Script
from flows.stages import stages_of
from flows.work import Work
from ledger import RequestChanged
from tasks import Studio
from tests.tasks.doubles import CATALOGUE, TASK, Bucket, png, studio_for

SCRIPT = Script(image_prompt="", video_prompt="It moves.")


@pytest.fixture(autouse=True)
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    async def directly(task: Any, *args: Any) -> Any:
        return await task.fn(*args)

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(making, "landed", nothing)
    monkeypatch.setattr(fallback, "orchestrated", directly)
    monkeypatch.setattr(fallback, "get_run_logger", lambda: logging.getLogger("test"))


async def filmed(studio: Studio, picture: str) -> None:
    brief = Brief(id="fox", image=picture, video_prompt="It moves.", video_model="veo_3_1_pro")
    maker = Maker(studio, Work("b", brief), stages_of(brief, "video", CATALOGUE))
    await maker.video(SCRIPT, Inputs(), await maker.image(SCRIPT, Inputs()))


async def test_a_picture_that_is_exchanged_later_does_not_reach_the_video_that_was_bought():
    sent: list[str] = []

    def provider(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append(request.content.decode())
            return httpx.Response(200, json={"id": TASK, "status": "queued"})
        done = {"id": TASK, "status": "completed", "video_url": "https://x.test/a.mp4"}
        return httpx.Response(200, json=done)

    bucket = Bucket()
    bucket.objects |= {"pics/a.png": png("red"), "pics/b.png": png("blue")}
    studio = studio_for(provider, bucket)
    await filmed(studio, "pics/a.png")
    with pytest.raises(RequestChanged, match="first_frame"):
        await filmed(studio, "pics/b.png")
    (body,) = sent
    (key,) = re.findall(r"https://bucket\.test/([^?\"]+)", body)
    assert bucket.objects[key] == png("red")
