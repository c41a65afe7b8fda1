"""The script stage among several processes, and its queue."""

import asyncio

import pytest

from flows import texts, writing
from flows.briefs import Brief
from flows.script import Script
from flows.stages import stages_of
from flows.work import Work
from globalaiopc import ChatReply
from globalaiopc.catalogue import Catalogue
from ledger import Ledger
from tasks import Studio
from tests.ledger.doubles import Wall
from tests.tasks.doubles import Bucket, Provider, studio_for

CATALOGUE = Catalogue.load()
REPLY = ChatReply(id="1", model="m", text='{"image_prompt": "a", "video_prompt": "b"}')


def work(brief: str) -> Work:
    return Work("b", Brief(id=brief, topic="boats"))


async def made(studio: Studio, asked: Work) -> Script:
    return await writing.make_script(studio, asked, stages_of(asked.brief, "video", CATALOGUE))


async def test_no_script_is_claimed_before_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = asyncio.Event()

    async def chat(*_: object, **__: object) -> ChatReply:
        await answered.wait()
        return REPLY

    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": chat})
    bucket = Bucket()
    studio = studio_for(Provider(), bucket, text=1)
    briefs = [asyncio.create_task(made(studio, work(f"x{n}"))) for n in range(3)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert list(bucket.objects) == ["b/x0/receipts/script.json"]
    answered.set()
    await asyncio.gather(*briefs)


async def test_a_slow_answer_counts_although_another_process_asked_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket, wall = Bucket(), Wall()
    studio = studio_for(Provider(), bucket, wall)

    async def chat(*_: object, **__: object) -> ChatReply:
        wall.pass_seconds(600)
        other = Ledger(bucket, wall=wall)  # type: ignore[arg-type]
        held = await other.look(work("x").job(writing.STAGE))
        assert held is not None
        await other.resubmit(await other.expire(held), by="the other one", key_hash="k")
        return REPLY

    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": chat})
    assert (await made(studio, work("x"))).image_prompt == "a"
