"""Spending, where something goes wrong beside the request itself."""

import asyncio
import json
import re
from dataclasses import replace

import httpx
import pytest

from globalaiopc import (
    CompletedWithoutMedia,
    InvalidRequest,
    MediaRequest,
    NotSent,
    OutcomeUnknown,
    TaskGone,
)
from ledger import Mine, Receipt, RequestChanged
from tasks import Order, Studio
from tasks.adopt import adopt
from tasks.asked import CloneAsked, ImageAsked
from tasks.inputs import Input, hand_over
from tasks.ordering import dry_request, order_for
from tasks.paid import KEPT, buy, in_bucket, send_again
from tests.globalaiopc.doubles import FakeClock
from tests.ledger.doubles import Wall
from tests.tasks.doubles import CATALOGUE, KEY, TASK, Bucket, Provider, fox, png, studio_for

DENIED = httpx.Response(404, content=b"<html>nginx: 404 Not Found</html>")


def receipt(bucket: Bucket) -> Receipt:
    return Receipt.from_json(bucket.objects[KEY.receipt_key], "it")


async def submitted(bucket: Bucket, wall: Wall) -> None:
    """A run that paid, and that was stopped while it waited."""
    studio = studio_for(Provider(), bucket, wall)
    order = fox()
    outcome = await studio.ledger.claim(
        order.key,
        endpoint=order.request.endpoint,
        model=order.request.model,
        api=order.request.api,
        key_hash=studio.client.key_hash,
        asked=order.asked,
    )
    assert isinstance(outcome, Mine)
    await studio.ledger.submitted(outcome.held, TASK)


async def test_a_gateway_that_denies_every_job_for_a_minute_loses_none():
    bucket, wall = Bucket(), Wall()
    await submitted(bucket, wall)
    with pytest.raises(TaskGone):
        await buy(studio_for(Provider(DENIED), bucket, wall), fox())
    assert receipt(bucket).state == "submitted"
    provider = Provider()
    bought = await buy(studio_for(provider, bucket, wall), fox())
    assert (bought.task_id, provider.posts) == (TASK, 0)


async def test_a_job_that_is_denied_after_its_day_is_gone():
    bucket, wall = Bucket(), Wall()
    await submitted(bucket, wall)
    wall.pass_seconds(KEPT.total_seconds() + 1)
    with pytest.raises(TaskGone):
        await buy(studio_for(Provider(DENIED), bucket, wall), fox())
    kept = receipt(bucket)
    assert (kept.state, kept.task_id) == ("failed", TASK)


async def test_another_accounts_key_does_not_close_a_receipt():
    bucket, wall = Bucket(), Wall()
    await submitted(bucket, wall)
    theirs = receipt(bucket).model_copy(update={"key_hash": "another"})
    bucket.objects[KEY.receipt_key] = theirs.to_json()
    wall.pass_seconds(KEPT.total_seconds() + 1)
    with pytest.raises(TaskGone, match="another key"):
        await buy(studio_for(Provider(DENIED), bucket, wall), fox())
    assert receipt(bucket).state == "submitted"


async def test_an_upload_that_no_note_followed_needs_no_provider():
    bucket, wall = Bucket(), Wall()
    await buy(studio_for(Provider(), bucket, wall), fox())
    landed = await bucket.upload("b/fox/image.png", png("blue"), task_id=TASK)
    wall.pass_seconds(KEPT.total_seconds() + 1)
    studio = studio_for(Provider(DENIED), bucket, wall)
    bought = await buy(studio, fox())
    assert await in_bucket(studio, bought.held.receipt) == landed


async def test_a_finished_job_that_is_denied_is_seen_to_be_gone():
    bucket, wall = Bucket(), Wall()
    await buy(studio_for(Provider(), bucket, wall), fox())
    wall.pass_seconds(KEPT.total_seconds() + 1)
    with pytest.raises(TaskGone):
        await buy(studio_for(Provider(DENIED), bucket, wall), fox())
    assert receipt(bucket).state == "failed"


async def test_a_picture_that_was_brought_does_not_pass_for_the_paid_one():
    bucket = Bucket()
    bucket.objects["mine.png"] = png("red")
    studio = studio_for(Provider(), bucket)
    await adopt(studio, "mine.png", KEY)
    bought = await buy(studio, fox())
    assert bought.media_url == "https://x.test/a.png"
    assert await in_bucket(studio, bought.held.receipt) is None


async def test_a_picture_that_is_brought_does_not_lie_on_a_paid_one():
    bucket = Bucket()
    bucket.objects["mine.png"] = png("red")
    studio = studio_for(Provider(), bucket)
    bought = await buy(studio, fox())
    landed = await bucket.upload("b/fox/image.png", png("blue"), task_id=TASK)
    await studio.ledger.landed(bought.held, landed)
    with pytest.raises(RequestChanged, match="start image"):
        await adopt(studio, "mine.png", KEY)
    beside = await adopt(studio, "mine.png", fox(take=2).key)
    assert beside.key == "b/fox/image.take2.png"
    assert bucket.objects["b/fox/image.png"] == png("blue")


async def test_media_are_handed_over_for_what_is_sent_alone():
    bucket, provider = Bucket(), Provider()
    image = Input.of(await bucket.upload("b/fox/inputs/x.png", png("blue")))
    asked = ImageAsked(model="nano-banana-2", prompt="a fox", images=(image.sha256,))
    studio = studio_for(provider, bucket)
    order = order_for(studio, KEY, asked, [image])
    assert "X-Amz-Signature" not in str(order.request.body())
    first = await buy(studio, order)
    assert "X-Amz-Signature" in str(provider.bodies)
    kept = bucket.objects.pop("b/fox/inputs/x.png")
    assert (await buy(studio, order)).task_id == first.task_id
    other = order_for(studio, KEY, asked.model_copy(update={"ratio": "1:1"}), [image])
    with pytest.raises(RequestChanged):
        await buy(studio, other)
    assert provider.posts == 1
    # Should the job turn out failed and free, it is sent anew, and not with stand-ins.
    failed = receipt(bucket).moved("failed", studio.ledger.now(), error=NotSent("no").info())
    bucket.objects[KEY.receipt_key] = failed.to_json()
    with pytest.raises(InvalidRequest, match="is gone"):
        await buy(studio, order)
    assert provider.posts == 1
    bucket.objects["b/fox/inputs/x.png"] = kept
    await buy(studio, order)
    assert provider.posts == 2
    assert "stand-in" not in str(provider.bodies)


def dated(bucket: Bucket, clock: FakeClock) -> None:
    """Let each URL say when it was made."""

    async def presign(key: str, seconds: int) -> str:
        return f"https://bucket.test/{key}?X-Amz-Date={clock.now():.0f}"

    bucket.presign_get = presign  # type: ignore[method-assign]


async def ordered(studio: Studio, bucket: Bucket) -> Order:
    image = Input.of(await bucket.upload("b/fox/inputs/x.png", png("blue")))
    asked = ImageAsked(model="nano-banana-2", prompt="a fox", images=(image.sha256,))
    return order_for(studio, KEY, asked, [image])


@pytest.mark.parametrize("waits_for", ["a place", "a pause"])
async def test_what_waited_for_hours_is_sent_with_a_url_that_lives(waits_for):
    bucket, provider, clock = Bucket(), Provider(), FakeClock()
    studio = studio_for(provider, bucket, clock=clock)
    dated(bucket, clock)
    order = await ordered(studio, bucket)
    if waits_for == "a pause":
        studio.client.cooldown.trip(30 * 3600)
        bought = await buy(studio, order)
    else:
        studio.limits.hold_back(True)
        waiting = asyncio.create_task(buy(studio, order))
        await clock.sleep(30 * 3600)
        assert provider.posts == 0
        studio.limits.hold_back(False)
        bought = await waiting
    (made,) = re.findall(r"Date=(\d+)", str(provider.bodies))
    assert int(made) >= 1000 + 30 * 3600
    assert bought.held.receipt.asked == order.asked
    assert "Date" not in bought.held.receipt.model_dump_json()


async def test_no_claim_runs_out_while_media_are_handed_over():
    bucket, provider, clock = Bucket(), Provider(), FakeClock()
    studio = studio_for(provider, bucket, clock=clock)
    order = await ordered(studio, bucket)
    seen = []

    async def review() -> MediaRequest:
        seen.append(KEY.receipt_key in bucket.objects)
        return order.request

    clock.seconds += 2 * 3600
    await buy(studio, replace(order, renew=review))
    assert seen == [False]
    assert provider.posts == 1


async def test_media_that_are_gone_meanwhile_are_not_paid_for():
    bucket, provider, clock = Bucket(), Provider(), FakeClock()
    studio = studio_for(provider, bucket, clock=clock)
    order = await ordered(studio, bucket)
    clock.seconds += 2 * 3600
    del bucket.objects["b/fox/inputs/x.png"]
    with pytest.raises(InvalidRequest, match="is gone"):
        await buy(studio, order)
    assert (provider.posts, KEY.receipt_key in bucket.objects) == (0, False)


async def test_a_voice_without_an_id_is_looked_at_again():
    asked = CloneAsked(model="soundCloningClone", sample="ab" * 32)
    key = KEY.model_copy(update={"stage": "voice"})
    order = Order(key=key, request=dry_request(asked, CATALOGUE), asked=asked.to_asked())
    done = {"id": TASK, "status": "completed", "audioUrl": "https://x.test/a.wav"}
    provider, bucket = Provider(httpx.Response(200, json=done)), Bucket()
    with pytest.raises(CompletedWithoutMedia, match="does not say its id"):
        await buy(studio_for(provider, bucket), order)
    assert Receipt.from_json(bucket.objects[key.receipt_key], "it").state == "submitted"
    provider.look = httpx.Response(200, json={**done, "modelId": "voice-7"})
    for _ in range(2):
        bought = await buy(studio_for(provider, bucket), order)
        assert bought.held.receipt.voice_id == "voice-7"
        provider.look = httpx.Response(200, json=done)
    assert provider.posts == 1


async def test_a_lost_answer_is_told_also_when_the_bucket_is_away():
    bucket = Bucket()

    def lose(request: httpx.Request) -> httpx.Response:
        bucket.faults = lambda _: "refuse"
        raise httpx.ReadError("reset")

    with pytest.raises(OutcomeUnknown):
        await buy(studio_for(lose, bucket), fox())
    assert receipt(bucket).state == "intent"  # which nobody sends again either


async def test_a_pause_of_an_hour_is_waited_for_without_a_claim():
    provider, bucket = Provider(), Bucket()
    studio = studio_for(provider, bucket)
    studio.client.cooldown.trip(3600)
    waiting = asyncio.create_task(buy(studio, fox()))
    await asyncio.sleep(0)
    assert not bucket.objects
    await waiting
    assert provider.posts == 1


async def test_a_pause_that_begins_after_the_claim_gives_it_back():
    provider, bucket = Provider(), Bucket()
    studio = studio_for(provider, bucket)

    def close_the_gate(called: str) -> None:
        if called == "put_if_absent":
            studio.client.cooldown.trip(3600)

    bucket.faults = close_the_gate
    with pytest.raises(NotSent):
        await buy(studio, fox())
    kept = receipt(bucket)
    assert kept.error is not None
    assert (kept.state, kept.error.charged, provider.posts) == ("failed", "no", 0)


async def test_what_is_sent_again_belongs_to_the_key_it_is_sent_with():
    bucket, wall = Bucket(), Wall()
    await submitted(bucket, wall)
    old = json.loads(bucket.objects[KEY.receipt_key])
    old |= {
        "state": "unknown",
        "key_hash": "another",
        "error": OutcomeUnknown("?").info().model_dump(),
    }
    del old["task_id"]
    bucket.objects[KEY.receipt_key] = json.dumps(old).encode()
    studio = studio_for(Provider(), bucket, wall)
    held = await studio.ledger.look(KEY)
    assert held is not None
    sent = await send_again(studio, fox(), held, by="ana")
    assert sent.receipt.key_hash == studio.client.key_hash


@pytest.mark.parametrize("size", [(32, 32), (64, 64), None])
async def test_no_video_is_asked_for_without_its_picture(size):
    bucket = Bucket()
    studio = studio_for(Provider(), bucket)
    image = Input.of(await bucket.upload("b/fox/image.png", png("blue")))
    row = studio.client.catalogue.model("openAiSora2Plus")
    assert await hand_over(studio, image, row, size=size)
    if size == (32, 32):
        del bucket.objects[f"b/fox/frame-32x32-{image.sha256[:12]}.png"]
    del bucket.objects["b/fox/image.png"]
    with pytest.raises(InvalidRequest, match=r"image\.png is gone"):
        await hand_over(studio, image, row, size=size)
