import asyncio

import pytest

from tasks.landing import LandingRoom, LandingRules

MIB = 1024 * 1024


def test_the_memory_of_one_landing():
    rules = LandingRules()
    assert rules.memory(2 * MIB) == 6 * MIB
    assert rules.memory(20 * MIB) == 36 * MIB
    assert rules.memory(64 * MIB) == 80 * MIB
    assert rules.memory(64 * MIB + 1) == rules.memory(2048 * MIB) == 56 * MIB
    assert rules.memory(None) == 80 * MIB


async def test_the_budget_is_kept_and_served_in_order():
    room = LandingRoom(memory_bytes=10)
    held, most, order = 0, 0, []

    async def use(number, size):
        nonlocal held, most
        async with room.memory(size):
            order.append(number)
            held += min(size, 10)
            most = max(most, held)
            await asyncio.sleep(0)
            held -= min(size, 10)

    sizes = [4, 4, 9, 1, 30, 2, 8, 10]
    await asyncio.gather(*(use(number, size) for number, size in enumerate(sizes)))
    assert order == list(range(len(sizes)))
    assert most == 10


async def test_one_that_gives_up_waiting_does_not_block_the_others():
    room = LandingRoom(memory_bytes=10)

    async def use(size):
        async with room.memory(size):
            return size

    async with room.memory(6):
        large, small = asyncio.create_task(use(9)), asyncio.create_task(use(4))
        await asyncio.sleep(0)
        assert not small.done()
        large.cancel()
        assert await small == 4
    with pytest.raises(asyncio.CancelledError):
        await large
    assert await use(10) == 10


async def test_one_cancelled_just_as_it_is_served_gives_its_share_back():
    room = LandingRoom(memory_bytes=10)

    async def use(size):
        async with room.memory(size):
            return size

    async with room.memory(10):
        waiting = asyncio.create_task(use(10))
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.wait_for(use(10), 1) == 10
