"""What must not be cut in two is finished before a cancellation goes on."""

import asyncio

import pytest

from tasks.uninterrupted import uninterrupted


async def test_a_cancelled_caller_waits_for_the_note() -> None:
    sent, answer, noted = asyncio.Event(), asyncio.Event(), []

    async def send_and_note() -> None:
        sent.set()
        await answer.wait()
        noted.append("id")

    caller = asyncio.create_task(uninterrupted(send_and_note()))
    await sent.wait()
    caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert noted == ["id"]


async def test_results_and_errors_pass_through() -> None:
    async def fine() -> int:
        return 7

    async def broken() -> None:
        raise LookupError

    assert await uninterrupted(fine()) == 7
    with pytest.raises(LookupError):
        await uninterrupted(broken())
