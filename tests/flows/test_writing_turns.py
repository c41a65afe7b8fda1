"""The script stage among several processes, and its queue."""

import asyncio

import pytest

from flows import asking, texts, writing
from flows.briefs import Brief
from flows.script import Script
from flows.stages import stages_of
from flows.work import Work
from globalaiopc import ChatReply, NotSent
from globalaiopc.catalogue import Catalogue
from ledger import Lease, Ledger, Mine
from tasks import Studio
from tests.globalaiopc.doubles import FakeClock
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


def sharing(bucket: Bucket, clock: FakeClock) -> Studio:
    """A process of its own, by the same clock as all others."""
    studio = studio_for(Provider(), bucket, clock=clock)
    studio.ledger._wall, studio.ledger._sleep = clock.wall, clock.sleep
    return studio


class Writers:
    """Text models that answer one after the other, each after its time; `asked` counts them."""

    def __init__(self, clock: FakeClock, *answers: tuple[float, str]) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, *_: object, lease: Lease, **__: object) -> ChatReply:
        lease.check()
        self.asked += 1
        seconds, text = self.answers.pop(0)
        await self.clock.sleep(seconds)
        return ChatReply(id="1", model="m", text=text)


@pytest.mark.parametrize(
    "answers",
    [
        [(900.0, REPLY.text)],  # a stream
        [(140.0, "no JSON"), (140.0, REPLY.text)],  # with a repair
    ],
)
async def test_a_script_that_takes_long_is_asked_for_by_one_of_two_processes(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[float, str]]
) -> None:
    bucket, clock = Bucket(), FakeClock()
    chat = Writers(clock, *answers, (0.0, REPLY.text))
    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": chat})
    both = [made(sharing(bucket, clock), work("x")) for _ in range(2)]
    first, second = await asyncio.gather(*both)
    assert first == second
    assert chat.asked == len(answers)


async def test_a_process_that_slept_through_its_claim_does_not_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket, clock = Bucket(), FakeClock()
    sleeper, other = sharing(bucket, clock), sharing(bucket, clock)
    chat = Writers(clock, (0.0, REPLY.text))

    async def slept(*_: object, lease: Lease, **__: object) -> ChatReply:
        clock.seconds += 600
        monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": chat})
        with pytest.raises(NotSent, match="ran out"):
            lease.check()
        await made(other, work("x"))
        await clock.sleep(60)
        with pytest.raises(NotSent, match="Another process") as caught:
            lease.check()
        assert not caught.value.retry_is_free
        raise caught.value

    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": slept})
    assert (await made(sleeper, work("x"))).image_prompt == "a"
    assert chat.asked == 1


async def test_a_script_of_a_process_that_died_is_asked_for_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket, clock = Bucket(), FakeClock()
    chat = Writers(clock, (0.0, REPLY.text))
    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": chat})
    dead = sharing(bucket, clock)
    asked = work("x")
    stages = stages_of(asked.brief, "video", CATALOGUE)
    one = writing._writing(dead, asked, stages, asked.brief.text_model)
    assert isinstance(await asking._claim(dead, asked, one), Mine)
    assert (await made(sharing(bucket, clock), asked)).image_prompt == "a"
    assert 210 < clock.now() - 1000 < 220
