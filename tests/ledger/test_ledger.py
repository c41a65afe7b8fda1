"""The ledger against an in-memory store that can fail, lose answers, and be raced."""

import asyncio
from decimal import Decimal

import pytest

from globalaiopc.errors import InvalidRequest
from ledger import (
    JobUnknown,
    Known,
    Mine,
    ReceiptMoved,
    ReceiptNotSaved,
    RequestChanged,
    Theirs,
)
from tests.ledger.bench import ASK, JOB, MEDIA, error
from tests.ledger.doubles import once

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
