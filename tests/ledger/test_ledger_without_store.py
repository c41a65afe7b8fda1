"""The ledger when its store fails, loses an answer, or contradicts itself."""

import asyncio
from datetime import timedelta

import pytest

from ledger import (
    Known,
    Mine,
    ReceiptMoved,
    ReceiptNotSaved,
    ReceiptUnreadable,
    StoreError,
    Theirs,
)
from tests.ledger.bench import ASK, JOB, MEDIA, error
from tests.ledger.doubles import once


async def test_a_claim_whose_answer_was_lost_is_recognised(bench):
    bench.store.faults = once("put_if_absent", "lose")
    held = await bench.mine()
    assert bench.store.calls.count("put_if_absent") == 1
    assert (await bench.one.look(JOB)).receipt == held.receipt


async def test_a_claim_that_boto_repeated_meets_itself(bench):
    """boto3 lost the first answer, repeated the put, and reports 412."""
    real = bench.store.put_if_absent

    async def repeated(key, body, *, content_type):
        await real(key, body, content_type=content_type)
        return await real(key, body, content_type=content_type)

    bench.store.put_if_absent = repeated
    assert isinstance(await bench.one.claim(JOB, **ASK), Mine)


async def test_a_claim_given_up_in_our_hands_does_not_strand_the_job(bench):
    bench.store.faults = once("put_if_absent", "lose")
    bench.store.transient = False
    with pytest.raises(StoreError):
        await bench.one.claim(JOB, **ASK)
    bench.store.faults = lambda _: None
    assert isinstance(await bench.two.claim(JOB, **ASK), Theirs)
    held = await bench.mine(bench.one)
    assert held.receipt.attempts == 1


async def test_such_a_claim_is_taken_over_even_after_it_became_unknown(bench):
    bench.store.faults = once("put_if_absent", "lose")
    bench.store.transient = False
    with pytest.raises(StoreError):
        await bench.one.claim(JOB, **ASK)
    bench.wall.pass_seconds(300)
    assert isinstance(await bench.two.claim(JOB, **ASK), Known)
    racers = await asyncio.gather(*(bench.one.claim(JOB, **ASK) for _ in range(5)))
    assert sum(isinstance(r, Mine) for r in racers) == 1


async def test_a_cancelled_claim_does_not_strand_the_job(bench):
    written, never = asyncio.Event(), asyncio.Event()
    real = bench.store.put_if_absent

    async def slow(key, body, *, content_type):
        etag = await real(key, body, content_type=content_type)
        written.set()
        await never.wait()
        return etag

    bench.store.put_if_absent = slow
    task = asyncio.create_task(bench.one.claim(JOB, **ASK))
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(await bench.one.claim(JOB, **ASK), Mine)


async def test_a_claim_outlasts_a_short_outage_and_not_a_refusal(bench):
    away = bench.wall() + timedelta(seconds=120)
    bench.store.faults = lambda _: "refuse" if bench.wall() < away else None
    held = await bench.mine()
    assert bench.one.still_mine(held), "the lease counts from the write, not from the first try"
    bench.store.faults, bench.store.transient = lambda _: "refuse", False
    before = len(bench.wall.slept)
    with pytest.raises(StoreError):
        await bench.two.claim(JOB, **ASK)
    assert len(bench.wall.slept) == before


@pytest.mark.parametrize("what", ["refuse", "lose"])
@pytest.mark.parametrize("step", ["submitted", "completed", "landed", "failed", "unknown"])
async def test_each_step_survives_a_lost_or_refused_write(bench, step, what):
    held = await bench.mine()
    if step in ("completed", "landed"):
        held = await bench.one.submitted(held, "t")
    bench.store.faults = once("put_if_match", what)
    argument = {
        "submitted": ("t",),
        "completed": (),
        "landed": (MEDIA,),
        "failed": (error(),),
        "unknown": (error(charged="unknown"),),
    }[step]
    now = await getattr(bench.one, step)(held, *argument)
    assert now.receipt.state == step
    assert await bench.one.look(JOB) == now


async def test_resubmit_survives_a_lost_write(bench):
    held = await bench.unknown()
    bench.store.faults = once("put_if_match", "lose")
    mine = await bench.two.resubmit(held, by="ana", key_hash="rotated")
    assert mine.receipt.attempts == 2
    assert len(mine.receipt.decisions) == 1


async def test_the_id_is_tried_hard_and_then_told(bench, caplog):
    held = await bench.mine()
    bench.store.faults, bench.store.transient = lambda _: "refuse", False
    with pytest.raises(ReceiptNotSaved) as caught:
        await bench.one.submitted(held, "sora_77")
    assert 900 <= sum(bench.wall.slept) < 920
    assert len(bench.wall.slept) > 90
    assert "sora_77" in caught.value.message
    assert caught.value.task_id == caught.value.info().task_id == "sora_77"
    assert caught.value.charged == "yes"
    assert not caught.value.retry_is_free
    assert sum("sora_77" in line for line in caplog.messages) > 90


@pytest.mark.parametrize(
    ("ends", "raised"),
    [(KeyError("ETag"), ReceiptNotSaved), (asyncio.CancelledError(), asyncio.CancelledError)],
)
async def test_the_id_is_told_whatever_ends_its_note(bench, caplog, ends, raised):
    held = await bench.mine()

    def end(_):
        raise ends

    bench.store.faults = end
    with pytest.raises(raised):
        await bench.one.submitted(held, "sora_77")
    assert "sora_77" in caplog.text


async def test_the_id_is_saved_after_ten_minutes_without_a_bucket(bench):
    held = await bench.mine()
    back = bench.wall() + timedelta(minutes=10)
    bench.store.faults = lambda _: "refuse" if bench.wall() < back else None
    assert (await bench.one.submitted(held, "t")).receipt.state == "submitted"


async def test_a_receipt_that_is_gone_is_said_and_the_id_with_it(bench):
    held = await bench.mine()
    bench.store.objects.clear()
    with pytest.raises(ReceiptMoved, match="gone"):
        await bench.one.failed(held, error())
    with pytest.raises(ReceiptNotSaved, match="sora_1"):
        await bench.one.submitted(held, "sora_1")


async def test_a_second_id_for_one_claim_is_not_swallowed(bench):
    held = await bench.mine()
    await bench.one.submitted(held, "sora_1")
    with pytest.raises(ReceiptNotSaved, match="sora_2"):
        await bench.one.submitted(held, "sora_2")
    assert (await bench.one.submitted(held, "sora_1")).receipt.task_id == "sora_1"


async def test_an_unreadable_receipt_stops_the_claim(bench):
    bench.store.objects[JOB.receipt_key] = b"<html>oops</html>"
    with pytest.raises(ReceiptUnreadable, match="s3://memory/b/x/receipts/video"):
        await bench.one.claim(JOB, **ASK)


async def test_a_store_that_contradicts_itself_does_not_spin(bench):
    async def exists(key, body, *, content_type):
        return None

    bench.store.put_if_absent = exists
    with pytest.raises(ReceiptMoved, match="keeps changing"):
        await bench.one.claim(JOB, **ASK)
