"""The ledger against an in-memory store that can fail, lose answers, and be raced."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from globalaiopc.errors import ErrorInfo, InvalidRequest
from ledger import (
    JobKey,
    JobUnknown,
    Known,
    Landed,
    Ledger,
    Mine,
    ReceiptMoved,
    ReceiptNotSaved,
    ReceiptUnreadable,
    RequestChanged,
    StoreError,
    Theirs,
)
from tests.ledger.doubles import MemoryStore, Wall, once

JOB = JobKey(batch_id="b", brief_id="x", stage="video")
ASK = {"endpoint": "sora", "model": "m", "api": "v1", "key_hash": "k", "asked": {"prompt": "cat"}}
MEDIA = Landed(key="b/x/video.mp4", sha256="aa", size=3, content_type="video/mp4")


def error(code="x", charged="no", free=False):
    return ErrorInfo(
        code=code, message="It went wrong.", charged=charged, retry_is_free=free, who_acts="user"
    )


class Bench:
    def __init__(self):
        self.wall = Wall()
        self.store = MemoryStore()
        self.one = self.ledger("one")
        self.two = self.ledger("two")

    def ledger(self, holder):
        return Ledger(self.store, holder=holder, wall=self.wall, sleep=self.wall.sleep)

    async def mine(self, ledger=None, **change):
        outcome = await (ledger or self.one).claim(JOB, **{**ASK, **change})
        assert isinstance(outcome, Mine)
        return outcome.held

    async def unknown(self):
        return await self.one.unknown(await self.mine(), error("outcome_unknown", "unknown"))

    async def state(self):
        return (await self.one.look(JOB)).receipt.state


@pytest.fixture
def bench():
    return Bench()


# -- the straight way


async def test_from_claim_to_landed(bench):
    assert await bench.one.look(JOB) is None
    held = await bench.mine()
    assert bench.one.still_mine(held)
    assert held.receipt.claim.holder == "one"
    held = await bench.one.submitted(held, "sora_1")
    held = await bench.one.completed(
        held, amount=Decimal("0.72"), actual_seconds=4.0, total_tokens=7
    )
    held = await bench.one.landed(held, MEDIA)
    seen = (await bench.two.look(JOB)).receipt
    assert seen == held.receipt
    assert (seen.state, seen.task_id, seen.amount, seen.media) == (
        "landed",
        "sora_1",
        Decimal("0.72"),
        MEDIA,
    )
    assert set(seen.times) == {"intent", "submitted", "completed", "landed"}
    assert isinstance(await bench.two.claim(JOB, **ASK), Known)


async def test_an_endpoint_that_answers_at_once_needs_no_job_id(bench):
    held = await bench.one.completed(await bench.mine())
    assert held.receipt.task_id is None


async def test_the_second_claimer_is_told_whose_it_is(bench):
    await bench.mine()
    outcome = await bench.two.claim(JOB, **ASK)
    assert isinstance(outcome, Theirs)
    assert outcome.held.receipt.claim.holder == "one"
    again = await bench.one.claim(JOB, **ASK)
    assert isinstance(again, Theirs), "not even the same process may send twice"


# -- time


async def test_05_a_holder_that_died_leaves_unknown_and_never_a_second_post(bench):
    held = await bench.mine()
    bench.wall.pass_seconds(211)
    assert not bench.one.still_mine(held)
    outcome = await bench.two.claim(JOB, **ASK)
    assert isinstance(outcome, Known)
    receipt = outcome.held.receipt
    assert receipt.state == "unknown"
    assert (receipt.error.code, receipt.error.charged) == ("claim_expired", "unknown")
    assert "one" in receipt.error.message
    assert await bench.state() == "unknown"
    shown = JobUnknown(receipt)
    assert "b/x/video" in str(shown)
    assert shown.charged == "unknown"


async def test_between_the_two_margins_nobody_sends(bench):
    held = await bench.mine()
    for seconds in (149, 2, 57):  # 149, 151, 208 s after the claim of 180 s
        bench.wall.pass_seconds(seconds)
        assert isinstance(await bench.two.claim(JOB, **ASK), Theirs)
    assert not bench.one.still_mine(held)


@pytest.mark.parametrize("what", ["lose", "refuse", None])
async def test_a_renewed_claim_has_its_whole_lease_again(bench, what):
    held = await bench.mine()
    bench.wall.pass_seconds(205)  # over for its holder, not yet for others
    bench.store.faults = once("put_if_match", what)
    held = await bench.one.renew(held)
    bench.wall.pass_seconds(149)
    assert bench.one.still_mine(held)
    bench.wall.pass_seconds(60)
    assert isinstance(await bench.two.claim(JOB, **ASK), Theirs)
    await bench.one.landed(held, MEDIA)


async def test_a_claim_that_others_saw_end_is_not_renewed(bench):
    held = await bench.mine()
    bench.wall.pass_seconds(300)
    unknown = await bench.two.expire(await bench.two.look(JOB))
    with pytest.raises(ReceiptMoved, match="is unknown: its claim has ended"):
        await bench.one.renew(held)
    theirs = await bench.two.resubmit(unknown, "ana", key_hash="k")
    with pytest.raises(ReceiptMoved, match="claimed anew by two"):
        await bench.one.renew(held)
    assert await bench.two.look(JOB) == theirs


async def test_expire_touches_only_an_intent_that_had_its_time(bench):
    held = await bench.mine()
    assert await bench.two.expire(held) is held
    bench.wall.pass_seconds(300)
    assert (await bench.two.expire(held)).receipt.state == "unknown"
    submitted = await bench.one.submitted(held, "t")
    assert await bench.two.expire(submitted) is submitted


async def test_a_holder_that_comes_back_late_still_saves_its_id(bench):
    held = await bench.mine()
    bench.wall.pass_seconds(300)
    await bench.two.claim(JOB, **ASK)
    held = await bench.one.submitted(held, "sora_late")
    assert (held.receipt.state, held.receipt.task_id) == ("submitted", "sora_late")
    assert held.receipt.error is None


async def test_a_late_refusal_is_the_truth_too(bench):
    held = await bench.mine()
    bench.wall.pass_seconds(300)
    await bench.two.claim(JOB, **ASK)
    await bench.one.failed(held, error("balance_too_low"))
    assert isinstance(await bench.two.claim(JOB, **ASK), Mine)


# -- same key, other request


@pytest.mark.parametrize("state", ["intent", "submitted", "unknown", "failed", "landed"])
async def test_07_another_request_under_the_same_key_is_refused_by_field(bench, state):
    held = await bench.mine()
    if state == "submitted":
        await bench.one.submitted(held, "t")
    elif state == "landed":
        await bench.one.landed(held, MEDIA)
    elif state == "unknown":
        await bench.one.unknown(held, error(charged="unknown"))
    elif state == "failed":
        await bench.one.failed(held, error(charged="unknown"))
    with pytest.raises(RequestChanged) as caught:
        await bench.two.claim(JOB, **{**ASK, "asked": {"prompt": "dog", "seconds": 4}})
    assert caught.value.fields == ("prompt", "seconds")
    assert "was 'cat', now 'dog'" in str(caught.value)
    with pytest.raises(RequestChanged) as caught:
        await bench.two.claim(JOB, **{**ASK, "model": "m2"})
    assert caught.value.fields == ("model",)
    take = JOB.model_copy(update={"take": 2})
    assert isinstance(await bench.two.claim(take, **{**ASK, "model": "m2"}), Mine)


async def test_another_key_or_api_version_is_no_other_request(bench):
    await bench.mine()
    outcome = await bench.two.claim(JOB, **{**ASK, "key_hash": "rotated"})
    assert isinstance(outcome, Theirs)


async def test_a_secret_in_what_is_asked_is_refused_before_anything_is_written(bench):
    with pytest.raises(InvalidRequest):
        await bench.one.claim(JOB, **{**ASK, "asked": {"image": "https://x.example/a?sig=1"}})
    assert bench.store.calls == []


# -- failed


@pytest.mark.parametrize("code", ["not_sent", "balance_too_low", "unauthorized", "refused"])
async def test_what_was_not_charged_may_be_claimed_again(bench, code):
    await bench.one.failed(await bench.mine(), error(code))
    held = await bench.mine(bench.two)
    assert held.receipt.attempts == 2
    assert held.receipt.error is None
    assert set(held.receipt.times) == {"intent"}


async def test_refused_content_is_sent_again_only_when_it_changed(bench):
    await bench.one.failed(await bench.mine(), error("moderated"))
    assert isinstance(await bench.two.claim(JOB, **ASK), Known)
    held = await bench.mine(bench.two, asked={"prompt": "a milder cat"})
    assert held.receipt.asked == {"prompt": "a milder cat"}


@pytest.mark.parametrize("charged", ["yes", "unknown"])
async def test_what_may_have_been_charged_is_not_claimed_again(bench, charged):
    held = await bench.one.submitted(await bench.mine(), "t")
    await bench.one.failed(held, error("job_failed", charged))
    outcome = await bench.two.claim(JOB, **ASK)
    assert isinstance(outcome, Known)
    assert outcome.held.receipt.error.code == "job_failed"


async def test_two_reclaims_of_one_failure_make_one_winner(bench):
    await bench.one.failed(await bench.mine(), error("not_sent"))
    ledgers = [bench.ledger(str(n)) for n in range(8)]
    outcomes = await asyncio.gather(*(ledger.claim(JOB, **ASK) for ledger in ledgers))
    assert sum(isinstance(o, Mine) for o in outcomes) == 1


# -- unknown: a person decides


async def test_resubmit_needs_a_person_and_notes_who_and_when(bench):
    held = await bench.unknown()
    assert isinstance(await bench.two.claim(JOB, **ASK), Known)
    mine = await bench.two.resubmit(held, by="ana", key_hash="rotated")
    receipt = mine.receipt
    assert (receipt.state, receipt.attempts, receipt.claim.holder) == ("intent", 2, "two")
    assert receipt.key_hash == "rotated"  # the account that knows this attempt's job
    assert [(d.what, d.by, d.at) for d in receipt.decisions] == [("resubmit", "ana", bench.wall())]
    assert bench.two.still_mine(mine)
    landed = await bench.two.landed(await bench.two.submitted(mine, "t2"), MEDIA)
    assert landed.receipt.decisions == receipt.decisions


async def test_two_people_resubmit_and_one_post_is_allowed(bench):
    held = await bench.unknown()
    await bench.one.resubmit(held, by="ana", key_hash="rotated")
    with pytest.raises(ReceiptMoved):
        await bench.two.resubmit(held, by="bob", key_hash="rotated")


async def test_abandon_ends_it_and_a_new_take_is_another_job(bench):
    held = await bench.one.abandon(await bench.unknown(), by="ana")
    assert (held.receipt.state, held.receipt.error.code) == ("failed", "abandoned")
    assert held.receipt.decisions[0].what == "abandon"
    assert isinstance(await bench.two.claim(JOB, **ASK), Known)


async def test_an_answer_after_abandon_is_not_thrown_away(bench):
    mine = await bench.mine()
    await bench.two.abandon(await bench.two.unknown(mine, error(charged="unknown")), by="ana")
    held = await bench.one.submitted(mine, "sora_late")
    assert held.receipt.state == "submitted"


async def test_an_answer_after_resubmit_is_reported_with_its_id(bench):
    mine = await bench.mine()
    unknown = await bench.two.unknown(mine, error(charged="unknown"))
    second = await bench.two.resubmit(unknown, by="ana", key_hash="rotated")
    with pytest.raises(ReceiptNotSaved) as caught:
        await bench.one.submitted(mine, "sora_first")
    assert caught.value.task_id == "sora_first"
    assert "sora_first" in str(caught.value)
    assert (await bench.two.submitted(second, "sora_second")).receipt.task_id == "sora_second"


@pytest.mark.parametrize("decide", ["resubmit", "abandon"])
async def test_only_an_unknown_job_can_be_decided(bench, decide):
    held = await bench.one.submitted(await bench.mine(), "t")
    key = {"key_hash": "k"} if decide == "resubmit" else {}
    with pytest.raises(ReceiptMoved, match="submitted"):
        await getattr(bench.one, decide)(held, by="ana", **key)


# -- the store fails


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


# -- two who follow the same job


async def test_both_see_it_complete_and_land(bench):
    submitted = await bench.one.submitted(await bench.mine(), "t")
    a = await bench.one.completed(submitted, amount=Decimal(1))
    b = await bench.two.completed(submitted, amount=Decimal(1))
    assert a == b
    landed = await bench.one.landed(a, MEDIA)
    assert await bench.two.landed(b, MEDIA.model_copy(update={"sha256": "bb"})) == landed
    assert (await bench.two.completed(submitted)).receipt.state == "landed"


async def test_what_is_made_does_not_become_failed(bench):
    submitted = await bench.one.submitted(await bench.mine(), "t")
    await bench.one.landed(submitted, MEDIA)
    with pytest.raises(ReceiptMoved, match="landed and cannot become failed"):
        await bench.two.failed(submitted, error())


async def test_media_may_land_again_when_its_object_was_deleted(bench):
    landed = await bench.one.landed(await bench.mine(), MEDIA)
    other = MEDIA.model_copy(update={"key": "b/x/video.new.mp4"})
    assert (await bench.one.landed(landed, other)).receipt.media == other
