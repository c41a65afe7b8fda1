"""The script stage with a model of each text endpoint."""

import json

import httpx
import pytest

from flows import texts, writing
from flows.briefs import Brief
from flows.stages import stages_of
from flows.work import Work
from tests.globalaiopc.text_dialects import CLAUDE, DIALECTS, GEMINI, GPT, PIECES, TEXT
from tests.tasks.doubles import Bucket, studio_for

AT = {
    "messages": CLAUDE,
    "responses": GPT,
    "generate_content": GEMINI,
    "stream_generate_content": GEMINI,
}
WRITTEN = json.dumps(json.dumps({"image_prompt": "a", "video_prompt": "b"}))[1:-1]


@pytest.mark.parametrize("model", ["gpt-5.4", *(f"{at}/{named}" for at, named in AT.items())])
async def test_any_text_model_writes_the_script(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    endpoint = model.rpartition("/")[0] or "chat_completions"
    dialect = DIALECTS[endpoint]
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        said = json.dumps(dialect.whole, ensure_ascii=False).replace(TEXT, WRITTEN)
        for piece, instead in zip(PIECES, (WRITTEN, "", ""), strict=True):
            said = said.replace(f'"{piece}"', f'"{instead}"')
        if dialect.path.endswith("streamGenerateContent"):
            return httpx.Response(200, content=f"data: {said}\r\n\r\n".encode())
        return httpx.Response(200, content=said.encode())

    bucket = Bucket()
    studio = studio_for(answer, bucket)
    plain = {name: task.fn for name, task in texts.TEXT_TASKS.items()}
    monkeypatch.setattr(texts, "TEXT_TASKS", plain)
    work = Work("b", Brief(id="a", topic="a lighthouse", text_model=model))
    stages = stages_of(work.brief, "video", studio.client.catalogue)
    script = await writing.make_script(studio, work, stages)

    assert (script.image_prompt, script.video_prompt) == ("a", "b")
    assert [request.url.path.partition("/v1/")[2] for request in asked] == [
        dialect.path.removeprefix("/v1/")
    ]
    assert "a lighthouse" in asked[0].content.decode()
    held = await studio.ledger.look(work.job(writing.STAGE))
    assert held is not None
    receipt = held.receipt
    assert (receipt.endpoint, receipt.model, receipt.api) == (endpoint, model, "v1")
    # As receipts of earlier versions have it: it must never change.
    assert receipt.asked == {"model": model, "topic": "a lighthouse"}
