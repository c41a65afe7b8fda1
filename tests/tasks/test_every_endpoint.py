"""One job at each media endpoint, against the stand-in API and a real bucket: paid once, landed.

Without Prefect: the tasks' own functions are called. The flows' tests run them under it.
"""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pytest
from prefect import Task

from globalaiopc import GlobalAIOPCClient, InvalidRequest
from ledger import JobKey, Ledger, Mine, ObjectStore, Receipt
from sandbox.services import S3Access, SandboxService
from tasks import PAID, Limits, Order, Studio, land
from tasks.asked import Asked, SpeechAsked, TalkingAsked, VideoAsked
from tasks.inputs import Input, land_input
from tasks.landing import LandingRoom, media_client
from tasks.ordering import order_again, order_for
from tasks.orders import MAKES
from tasks.paid import send_again
from tests.conftest import SandboxFactory
from tests.sandbox.good_requests import CLIP, LONG_SOUND, OTHER, PICTURE, SOUND, media
from tests.tasks.jobs import JOBS, REVIEWED

R = TypeVar("R")
LEASE_AND_MORE = timedelta(minutes=10)
KINDS = {PICTURE: "image", OTHER: "image", CLIP: "video", SOUND: "audio", LONG_SOUND: "audio"}


async def direct(task: Task[Any, Coroutine[Any, Any, R]], *args: Any, **kwargs: Any) -> R:
    return await task.fn(*args, **kwargs)


class Process:
    """What a worker process has; the bucket outlives it."""

    def __init__(self, s3: S3Access, sandbox: SandboxService, prefix: str) -> None:
        self._s3, self._sandbox, self._prefix = s3, sandbox, prefix

    @asynccontextmanager
    async def studio(self, *, later: timedelta = timedelta()) -> AsyncIterator[Studio]:
        base = self._sandbox.environment()
        client = GlobalAIOPCClient(
            self._sandbox.key,
            text_base_url=base["GLOBALAIOPC_TEXT_BASE_URL"],
            media_base_url=base["GLOBALAIOPC_MEDIA_BASE_URL"],
            time_scale=0.01,
        )
        s3 = self._s3.client()
        async with client, media_client() as http:
            studio = Studio(
                client=client,
                s3=s3,
                store=ObjectStore(s3, self._s3.bucket, self._prefix),
                limits=Limits(text=8, image=8, video=8),
                room=LandingRoom(4),
                media_http=http,
            )
            studio.ledger = Ledger(studio.store, wall=lambda: datetime.now(UTC) + later)
            yield studio

    def posts(self, endpoint: str) -> int:
        path = PAID[endpoint].description.split(",")[0].removeprefix("POST ")
        account = httpx.get(f"{self._sandbox.url}/sandbox/jobs", trust_env=False).json()
        return int(account["posts"].get(path, 0))


@pytest.fixture
def process(s3: S3Access, sandbox: SandboxService) -> Process:
    return Process(s3, sandbox, f"every-{secrets.token_hex(4)}")


HASHES = {name: hashlib.sha256(body).hexdigest() for name, body in media().items()}


async def given(studio: Studio, folder: str, asked: Asked) -> list[Input]:
    """The media that a job names, brought to its folder."""
    landed = []
    for name in [name for name in HASHES if HASHES[name] in [sha for _, sha in asked.media()]]:
        await studio.store.put(f"theirs/{name}", media()[name], content_type="x/y")
        kind: Any = KINDS[name]
        landed.append(await land_input(studio, f"theirs/{name}", folder, kind, name))
    return landed


async def ordered(studio: Studio, endpoint: str) -> Order:
    stage, asked_with = JOBS[endpoint]
    key = JobKey(batch_id="b", brief_id=endpoint, stage=stage)
    asked = asked_with(HASHES)
    order = order_for(studio, key, asked, await given(studio, key.folder, asked), run=direct)
    return await handed_over(studio, order)


async def handed_over(studio: Studio, order: Order) -> Order:
    """The order as it is sent."""
    return await order.renewed(studio.client.clock.now(), studio.client.key_hash)


async def receipt_of(studio: Studio, order: Order) -> Receipt:
    held = await studio.ledger.look(order.key)
    assert held is not None
    return held.receipt


def without_addresses(order: Order) -> str:
    """The body, its presigned URLs cut off where their signature begins."""
    return repr(shortened(order.request.body()))


def shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value.partition("?X-Amz")[0]
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    return [shortened(inner) for inner in value] if isinstance(value, list) else value


def test_there_is_a_job_for_every_endpoint():
    assert set(JOBS) == set(PAID)


SPREAD = {"gpt_image_2", "seedance_2_0", "seedance_special", "model_center", "speech"}
"""One of each kind of dialect: the others are for `make test-all`."""
EACH = [
    pytest.param(endpoint, marks=() if endpoint in SPREAD else pytest.mark.exhaustive)
    for endpoint in JOBS
]


@pytest.fixture(scope="module")
def sandbox(sandbox_factory: SandboxFactory) -> SandboxService:
    """Its films are plain: only their structure is looked at."""
    return sandbox_factory(options=("--plain-media",))


@pytest.mark.parametrize("endpoint", EACH)
async def test_a_job_is_paid_once_by_whatever_number_of_processes_and_lands(
    process: Process, endpoint: str, caplog: pytest.LogCaptureFixture
):
    before = process.posts(endpoint)
    with caplog.at_level(logging.INFO):
        async with process.studio() as studio:
            order = await ordered(studio, endpoint)
            assert order.request.endpoint == endpoint
            assert ("://asset" in repr(order.request.body())) == (endpoint in REVIEWED)
            # It dies after it was answered: the receipt says submitted, nobody waits.
            claimed = await studio.ledger.claim(
                order.key,
                endpoint=endpoint,
                model=order.model,
                api=order.request.api,
                key_hash=studio.client.key_hash,
                asked=order.asked,
            )
            assert isinstance(claimed, Mine)
            submission = await studio.client.create(order.request)
            await studio.ledger.submitted(claimed.held, submission.task_id)
        async with process.studio() as studio:
            bought = await PAID[endpoint].fn(studio, await ordered(studio, endpoint))
            landed = await land.fn(studio, bought)
            receipt = await receipt_of(studio, order)
            # Sent again on a person's word, it would be the same.
            again = await handed_over(studio, await order_again(studio, receipt, run=direct))
        async with process.studio() as studio:
            third = await PAID[endpoint].fn(studio, await ordered(studio, endpoint))
            assert await land.fn(studio, third) == landed
    assert process.posts(endpoint) == before + 1
    assert (receipt.state, receipt.task_id) == ("landed", submission.task_id)
    assert landed.content_type.startswith(MAKES[order.key.stage])
    assert landed.key.startswith(f"b/{endpoint}/{order.key.stage}.")
    assert (again.key, again.asked) == (order.key, order.asked)
    assert without_addresses(again) == without_addresses(order)
    assert "X-Amz-Signature" not in caplog.text + repr(order) + receipt.to_json().decode()


async def test_a_voice_is_cloned_speaks_and_moves_lips(process: Process):
    async with process.studio() as studio:
        clone = await PAID["voice_clone"].fn(studio, await ordered(studio, "voice_clone"))
        preview = await land.fn(studio, clone)
        voice = clone.held.receipt.voice_id
        assert voice
        assert preview.key == "b/voice_clone/voice.wav"
        folder = "b/voice_clone"
        key = JobKey(batch_id="b", brief_id="voice_clone", stage="speech")
        said = SpeechAsked(
            model="soundCloningAudio", text="good morning", voice=voice, subtitles=True
        )
        spoken = await PAID["speech"].fn(studio, order_for(studio, key, said))
        speech = await land.fn(studio, spoken)
        assert speech.seconds is not None
        beside = [one async for one in studio.store.iter_keys(f"{folder}/speech.")]
        assert {key.removeprefix(f"{folder}/speech") for key in beside} == {
            ".mp3",
            ".mp3.json",  # how it was made
            ".json",  # the subtitles
        }
        talking = TalkingAsked(model="kyy_digitalHuman", audio=speech.sha256, video=HASHES[CLIP])
        brought = await given(studio, folder, talking)
        key = JobKey(batch_id="b", brief_id="voice_clone", stage="video")
        order = order_for(studio, key, talking, [*brought, Input.of(speech)])
        order = await handed_over(studio, order)
        film = await land.fn(studio, await PAID["digital_human"].fn(studio, order))
        assert film.seconds == pytest.approx(speech.seconds, abs=0.5)
        receipt = await receipt_of(studio, order)
        again = await handed_over(studio, await order_again(studio, receipt))
        assert without_addresses(again) == without_addresses(order)


async def test_a_job_of_unknown_fate_is_sent_again_from_its_receipt_alone(process: Process):
    before = process.posts("videos")
    async with process.studio() as studio:
        order = await ordered(studio, "videos")
        await studio.ledger.claim(
            order.key,
            endpoint="videos",
            model=order.model,
            api=order.request.api,
            key_hash=studio.client.key_hash,
            asked=order.asked,
        )
    async with process.studio(later=LEASE_AND_MORE) as studio:
        held = await studio.ledger.look(order.key)
        assert held is not None
        held = await studio.ledger.expire(held)
        again = await order_again(studio, held.receipt)
        sent = await send_again(studio, again, held, by="ana")
        assert sent.receipt.state == "submitted"
        media = await land.fn(studio, await PAID["videos"].fn(studio, again))
        assert media.key == "b/videos/video.mp4"
    assert process.posts("videos") == before + 1


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"asked": {"images": ["ab" * 32]}}, "images", "not in b/videos/ any more"),
        (
            {"asked": {"first_frame": "ab" * 32, "images": [], "audios": []}},
            "first_frame",
            "not in b/videos/ any more",
        ),
        ({"asked": {"mood": "calm"}}, "mood", "cannot be built again"),
        ({"asked": {"model": "no-such-model"}}, "model", "no model"),
        ({"endpoint": "model_center", "api": "v2"}, "model", "was sent to model_center"),
        ({"stage": "script"}, "resubmit", "cannot be sent again"),
    ],
)
async def test_what_cannot_be_sent_again_is_said_by_name(process, changes, field, why):
    async with process.studio() as studio:
        order = await ordered(studio, "videos")
        claimed = await studio.ledger.claim(
            order.key,
            endpoint="videos",
            model=order.model,
            api="v1",
            key_hash="k",
            asked=order.asked,
        )
        receipt = claimed.held.receipt
        job = receipt.job.model_copy(update={"stage": changes.pop("stage", "video")})
        asked = {**receipt.asked, **changes.pop("asked", {})}
        asked = {name: value for name, value in asked.items() if value != []}
        changed = receipt.model_copy(update={"job": job, "asked": asked, **changes})
        with pytest.raises(InvalidRequest, match=why) as refused:
            await order_again(studio, changed)
    assert refused.value.field == field


async def test_an_order_without_its_media_is_refused_before_anything_is_handed_over(process):
    asked = VideoAsked(model="videos", prompt="p", seconds=4, images=("ab" * 32,))
    key = JobKey(batch_id="b", brief_id="x", stage="video")
    async with process.studio() as studio:
        with pytest.raises(InvalidRequest, match="not given") as refused:
            order_for(studio, key, asked)
    assert refused.value.field == "images"
