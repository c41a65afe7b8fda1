"""Places by stage and by model, who gets them first, and sends that give way to a 429."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest

from globalaiopc import Cooldown, RateLimited
from tasks import Limits
from tasks.landing import LandingRoom
from tasks.landing.room import BACKLOG
from tasks.limits import Sends
from tasks.paid import buy
from tasks.places import Places
from tests.globalaiopc.doubles import FakeClock
from tests.tasks.doubles import Provider, fox, studio_for


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Crowd:
    """Tasks that hold a place until told to go; `inside` in the order in which they got in."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._go: dict[str, asyncio.Event] = {}

    async def come(self, name: str, place: Callable[[], object]) -> None:
        self._go[name] = asyncio.Event()

        async def hold() -> None:
            async with place():
                self.inside.append(name)
                await self._go[name].wait()

        self.tasks[name] = asyncio.create_task(hold())
        await turns()

    async def go(self, name: str) -> None:
        self._go[name].set()
        await self.tasks[name]
        await turns()

    async def all_go(self) -> None:
        for go in self._go.values():
            go.set()
        await asyncio.gather(*self.tasks.values())


async def test_a_model_has_fewer_places_than_its_stage_and_holds_up_no_other() -> None:
    limits = Limits(text=1, image=2, video=3, models={"slow": 1})
    crowd = Crowd()
    for name, model in (("a", "slow"), ("b", "slow"), ("c", "quick"), ("d", "quick"), ("e", "x")):
        await crowd.come(name, lambda model=model: limits.place("video", model))
    assert crowd.inside == ["a", "c", "d"]
    await crowd.go("c")
    assert crowd.inside[3:] == ["e"], "b still waits for its model, not for the stage"
    await crowd.go("a")
    assert crowd.inside[4:] == ["b"]
    await crowd.all_go()


async def test_each_of_several_processes_takes_its_part_rounded_up() -> None:
    limits = Limits(text=32, image=10, video=1, models={"sora": 4})
    limits.share(3)
    assert [limits.size(stage) for stage in ("script", "image", "video")] == [11, 4, 1]
    crowd = Crowd()
    for name in ("a", "b", "c"):
        await crowd.come(name, lambda: limits.place("image", "sora"))
    assert crowd.inside == ["a", "b"]
    await crowd.all_go()


async def test_the_nearest_to_done_goes_first_then_who_came_first() -> None:
    limits = Limits(text=9, image=9, video=9, models={"both": 1})
    crowd = Crowd()
    await crowd.come("first", lambda: limits.place("image", "both"))
    for name, stage in (("i1", "image"), ("i2", "image"), ("v1", "video"), ("v2", "video")):
        await crowd.come(name, lambda stage=stage: limits.place(stage, "both"))
    for name in ("first", "v1", "v2", "i1", "i2"):
        await crowd.go(name)
    assert crowd.inside == ["first", "v1", "v2", "i1", "i2"]


async def test_who_gives_up_leaves_no_place_taken() -> None:
    places = Places({"p": 1})
    crowd = Crowd()
    for name in ("a", "b", "c", "d"):
        await crowd.come(name, lambda: places.place("p"))
    crowd.tasks["b"].cancel()  # while it waits
    await turns()
    crowd._go["a"].set()
    await crowd.tasks["a"]
    crowd.tasks["c"].cancel()  # in the moment in which it was given a place
    await turns()
    assert crowd.inside[-1] == "d"
    await crowd.go("d")
    assert places.taken("p") == 0


async def test_thousands_wait_cheaply() -> None:
    limits = Limits(text=1, image=1, video=50)

    async def pass_through() -> None:
        async with limits.place("video", "m"):
            await asyncio.sleep(0)

    started = time.process_time()
    await asyncio.gather(*(pass_through() for _ in range(10_000)))
    assert time.process_time() - started < 5, "0.5 ms each, and not more with more of them"


async def test_nothing_is_bought_while_landing_is_behind() -> None:
    provider = Provider()
    studio = studio_for(provider)
    studio.room = LandingRoom(1)
    studio.room.on_behind = studio.limits.hold_back
    crowd = Crowd()
    for number in range(1 + BACKLOG):
        await crowd.come(f"l{number}", studio.room.seat)
    async with studio.limits.place("image"):
        pass  # as many wait as may
    await crowd.come("one more", studio.room.seat)
    buying = asyncio.create_task(buy(studio, fox()))
    await turns(200)
    assert provider.posts == 0
    async with studio.limits.place("script"):
        pass  # what is not paid by the job goes on
    await crowd.go("l0")
    await buying
    assert provider.posts == 1
    await crowd.all_go()


async def test_what_is_finished_lands_before_what_is_brought() -> None:
    room = LandingRoom(1)
    told: list[bool] = []
    room.on_behind = told.append
    crowd = Crowd()
    await crowd.come("first", room.seat_for_input)
    for number in range(2 * BACKLOG):
        await crowd.come(f"input {number}", room.seat_for_input)
    await crowd.come("finished", room.seat)
    await crowd.go("first")
    assert crowd.inside == ["first", "finished"]
    assert told == [], "inputs that wait are no reason to stop buying"
    await crowd.all_go()


async def test_a_429_halves_the_sends_once_for_a_burst_and_success_brings_them_back() -> None:
    clock = FakeClock()
    sends, cooldown = Sends(clock), Cooldown(clock)
    most_at_once = 0

    async def send(refused: bool) -> None:
        nonlocal most_at_once
        async with sends.turn(cooldown):
            most_at_once = max(most_at_once, sends._places.taken("send"))
            await turns(3)
            if refused:
                cooldown.trip(5)
                raise RateLimited("slow down")
        sends.accepted()

    async def burst(count: int, refused: bool) -> None:
        nonlocal most_at_once
        most_at_once = 0
        await asyncio.gather(*(send(refused) for _ in range(count)), return_exceptions=True)

    assert sends.most is None
    await burst(16, refused=True)
    assert sends.most == 8, "sixteen 429 of one episode halve once"
    clock.seconds += 10
    await burst(8, refused=True)
    assert sends.most == 4
    for expected in (2, 1, 1):
        clock.seconds += 10
        await burst(1 if expected == 1 else 4, refused=True)
        assert sends.most == expected
    before = clock.now()
    for _ in range(60):
        await burst(16, refused=False)
        assert most_at_once <= 16
    assert most_at_once == 16
    assert clock.now() <= before + 10, "one cool-down for all, and no other"
    assert sends.most > 16, "the limit of places is what bounds them then"


async def test_sends_come_back_one_for_each_round() -> None:
    clock = FakeClock()
    sends, cooldown = Sends(clock), Cooldown(clock)
    with pytest.raises(RateLimited):
        async with sends.turn(cooldown):
            raise RateLimited("slow down")
    seen = []
    for _ in range(11):
        sends.accepted()
        seen.append(sends.most)
    assert seen == [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4]


async def test_a_purchase_that_was_refused_by_429_is_counted_and_the_next_one_brings_back() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "7"})]
    provider = Provider()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and answers:
            return answers.pop()
        return provider(request)

    studio = studio_for(answer)
    sends = studio.limits.sends("nano-banana-2")
    with pytest.raises(RateLimited):
        await buy(studio, fox())
    assert sends.most == 1
    await buy(studio, fox())
    assert (sends.most, provider.posts) == (2, 1)


async def test_pictures_do_not_run_far_ahead_of_the_videos_they_are_for() -> None:
    limits, crowd = Limits(text=9, image=2, video=2), Crowd()
    with ExitStack() as making:
        for name in "abcd":
            making.enter_context(limits.makes_video())
            await crowd.come(name, lambda: limits.place("image"))
            if name in "ab":
                await crowd.go(name)  # has its picture, and no place for its video yet
        assert crowd.inside == ["a", "b", "c"], "three for two places, and there is a place for d"
        await crowd.come("video a", lambda: limits.place("video"))
        assert crowd.inside == ["a", "b", "c", "video a", "d"]
        await crowd.all_go()
    async with limits.place("image"):
        pass  # a brief that ended, however it did, is ahead of nothing


async def test_no_script_is_asked_for_while_as_many_wait_for_a_picture_as_have_a_place() -> None:
    limits, crowd = Limits(text=9, image=1, video=1), Crowd()
    for name in ("first", "second"):
        await crowd.come(name, lambda: limits.place("image"))
    await crowd.come("script", lambda: limits.place("writing"))
    assert crowd.inside == ["first"]
    await crowd.go("first")
    assert crowd.inside == ["first", "second", "script"]
    await crowd.all_go()


async def test_those_who_wait_for_their_own_model_hold_up_no_pictures() -> None:
    limits, crowd = Limits(text=9, image=9, video=2, models={"slow": 1}), Crowd()
    with ExitStack() as making:
        for name in "abcd":
            making.enter_context(limits.makes_video())
            await crowd.come(name, lambda: limits.place("video", "slow"))
        assert crowd.inside == ["a"]
        await crowd.come("picture", lambda: limits.place("image"))
        assert crowd.inside == ["a", "picture"]
        await crowd.all_go()
