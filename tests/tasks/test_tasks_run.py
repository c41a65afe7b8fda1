"""The tasks as parts of somebody's own flow, over real Prefect, S3 and the stand-in API."""

from typing import Any

import pytest
from prefect import flow

from globalaiopc import ChatMessage, ChatRequest, NanoBananaRequest
from ledger import JobKey
from tasks import Order, chat_completions, land, nano_banana, open_studio, result
from tests.pipeline import Pipeline

pytestmark = pytest.mark.stack

PROMPT = "A pottery wheel"
ORDER = Order(
    key=JobKey(batch_id="own", brief_id="wheel", stage="image"),
    request=NanoBananaRequest(model="nano-banana-2", prompt=PROMPT, size="1:1"),
    asked={"model": "nano-banana-2", "prompt": PROMPT, "ratio": "1:1"},
)


@flow
async def own_flow() -> dict[str, Any]:
    """What a user may write: buy, look, land, and ask a chat model."""
    async with open_studio() as studio:
        bought = await nano_banana(studio, ORDER)
        view = await result(studio, bought.task_id)
        media = await land(studio, bought)
        asked = ChatRequest(
            model="gpt-5.4", messages=(ChatMessage(role="user", content="Say hello"),)
        )
        reply = await chat_completions(studio, asked)
    return {"status": view.status, "media": media, "text": reply.text}


async def test_somebodys_own_flow_pays_once_however_often_it_runs(pipeline: Pipeline) -> None:
    first, second = await own_flow(), await own_flow()
    assert first["status"] == "completed"
    assert second["media"] == first["media"]
    media = first["media"]
    assert (media.key, media.content_type, media.width) == (
        "own/wheel/image.png",
        "image/png",
        1024,
    )
    assert len(pipeline.body(media.key)) == media.size
    assert "Say hello" in first["text"]
    assert pipeline.posts() == {"text": 2, "image": 1, "video": 0}
    (job,) = pipeline.jobs(PROMPT)
    assert job["downloads"] == 1


async def test_each_endpoint_shows_as_one_task_run_with_its_name(
    pipeline: Pipeline,
) -> None:
    state = await own_flow(return_state=True)
    rows = pipeline.task_runs(str(state.state_details.flow_run_id), 4)
    shown = {row["name"] for row in rows}
    told = {"wheel · image · nano-banana-2", "wheel · land image", "chat · script · gpt-5.4"}
    assert told < shown
    (look,) = shown - told
    assert look.startswith("look at image_")
