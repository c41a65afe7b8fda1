"""A speech whose subtitles do not come at once, over a real bucket and a real media host."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from ledger import Mine, ObjectStore, StoreError
from sandbox.services import S3Access
from tasks import Bought, Limits, Studio, land
from tasks.asked import SpeechAsked
from tasks.landing import LandingFailed, LandingRoom, media_client
from tests.globalaiopc.doubles import client_for
from tests.landing.makers import sound
from tests.landing.media_host import Answer, MediaHost
from tests.tasks.doubles import KEY, TASK, Provider

SRT = b"1\n00:00:00,000 --> 00:00:01,500\nhello\n"
SPEECH = KEY.model_copy(update={"stage": "speech"})
SIDECAR = "b/fox/speech.mp3.json"


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with MediaHost() as host:
        yield host


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def studio(s3: S3Access, provider: Provider) -> AsyncIterator[Studio]:
    client = s3.client()
    async with media_client() as http:
        yield Studio(
            client=client_for(provider),
            s3=client,
            store=ObjectStore(client, s3.bucket, f"subtitles-{secrets.token_hex(4)}"),
            limits=Limits(text=8, image=8, video=8),
            room=LandingRoom(8),
            media_http=http,
        )


async def completed(studio: Studio, host: MediaHost, *answers: Answer) -> Bought:
    """A speech that is made; its subtitles are answered for by `answers`."""
    asked = SpeechAsked(model="soundCloningAudio", text="hello", voice="v", subtitles=True)
    outcome = await studio.ledger.claim(
        SPEECH,
        endpoint="speech",
        model=asked.model,
        api="v1",
        key_hash=studio.client.key_hash,
        asked=asked.to_asked(),
    )
    assert isinstance(outcome, Mine)
    held = await studio.ledger.completed(await studio.ledger.submitted(outcome.held, TASK))
    return Bought(
        held,
        media_url=host.url("/speech", Answer(sound("mp3"))),
        subtitle_url=host.url("/subtitles", *answers),
    )


async def keys(studio: Studio) -> set[str]:
    return {key async for key in studio.store.iter_keys("b/fox/speech")}


async def test_a_503_costs_neither_the_sound_nor_its_subtitles(studio, host):
    bought = await completed(studio, host, Answer(status=503), Answer(SRT))
    with pytest.raises(LandingFailed, match="subtitles"):
        await land.fn(studio, bought)
    assert await keys(studio) == {"b/fox/speech.mp3"}
    media = await land.fn(studio, bought)
    assert await keys(studio) == {"b/fox/speech.mp3", SIDECAR, "b/fox/speech.srt"}
    held = await studio.ledger.look(SPEECH)
    assert held.receipt.media == media
    assert host.paths().count("/speech") == 1


async def test_a_sidecar_that_was_deleted_is_written_again_and_is_the_same(studio, host):
    bought = await completed(studio, host, Answer(SRT))
    await land.fn(studio, bought)
    told = (await studio.store.get(SIDECAR)).body
    assert json.loads(told)["file"] == "speech.mp3"
    await studio.store.delete(SIDECAR)
    await land.fn(studio, replace(bought, held=await studio.ledger.look(SPEECH)))
    assert (await studio.store.get(SIDECAR)).body == told


async def test_a_sidecar_that_cannot_be_written_fails_no_landing(studio, host, monkeypatch, caplog):
    async def full(*_: object, **__: object) -> str:
        raise StoreError("The bucket is full.")

    monkeypatch.setattr(studio.store, "put", full)
    bought = await completed(studio, host, Answer(status=404))
    await land.fn(studio, bought)
    assert SIDECAR not in await keys(studio)
    assert "speech.mp3.json is not written; the next run tries again" in caplog.text


async def test_a_later_run_asks_for_them_anew(studio, host, provider):
    bought = await completed(studio, host, Answer(status=503), Answer(SRT))
    with pytest.raises(LandingFailed):
        await land.fn(studio, bought)
    done = {"id": TASK, "status": "completed", "audioUrl": bought.media_url}
    provider.look = httpx.Response(200, json={**done, "subtitleFile": bought.subtitle_url})
    await land.fn(studio, replace(bought, media_url=None, subtitle_url=None))
    assert await keys(studio) == {"b/fox/speech.mp3", SIDECAR, "b/fox/speech.srt"}


async def test_a_sound_in_the_bucket_needs_no_provider_that_still_knows_it(studio, host, provider):
    bought = await completed(studio, host, Answer(status=503))
    with pytest.raises(LandingFailed):
        await land.fn(studio, bought)
    provider.look = httpx.Response(404, json={"error": {"message": "task not found"}})
    await land.fn(studio, replace(bought, media_url=None, subtitle_url=None))
    held = await studio.ledger.look(SPEECH)
    assert held.receipt.state == "landed"


async def test_subtitles_that_are_no_more_are_done_without(studio, host):
    bought = await completed(studio, host, Answer(status=404))
    await land.fn(studio, bought)
    assert await keys(studio) == {"b/fox/speech.mp3", SIDECAR}
