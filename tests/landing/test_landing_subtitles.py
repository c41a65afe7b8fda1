"""Subtitles: a small text beside a speech, by what it holds; never worth its loss."""

import logging

import pytest

from ledger import StoreError
from tasks.landing import LandingFailed
from tasks.landing.guard import Guard
from tasks.landing.subtitles import MOST_BYTES, land_subtitles
from tests.landing.media_host import Answer

SRT = "1\n00:00:00,000 --> 00:00:01,500\n你好\n".encode()


@pytest.fixture
def land(store, http, clock):
    async def call(url):
        return await land_subtitles(
            store=store,
            key_stem="b/fox/speech",
            url=url,
            http=http,
            guard=Guard(),
            wall=clock.wall(),
        )

    return call


@pytest.mark.parametrize(
    ("body", "extension"),
    [
        (SRT, ".srt"),
        (b"\xef\xbb\xbf" + SRT, ".srt"),
        (b"WEBVTT\n\n00:00.000 --> 00:01.500\nhello\n", ".vtt"),
        (b'[{"text": "hello", "time_begin": 0.0}]', ".json"),
    ],
)
async def test_they_lie_beside_the_speech_as_they_came(land, host, store, body, extension):
    assert await land(host.url("/s", Answer(body))) == f"b/fox/speech{extension}"
    assert (await store.get(f"b/fox/speech{extension}")).body == body


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404),
        Answer(b""),
        Answer(b"<html>--></html>"),
        Answer(b"\xff\xfe\x00"),
        Answer(SRT, declared=MOST_BYTES + 1),
    ],
)
async def test_what_is_wrong_with_them_is_only_told(land, host, store, caplog, answer):
    with caplog.at_level(logging.WARNING):
        assert await land(host.url("/s", answer)) is None
    assert "No subtitles for b/fox/speech" in caplog.text
    assert "canary-secret" not in caplog.text
    assert [key async for key in store.iter_keys("")] == []


@pytest.mark.parametrize("answer", [Answer(status=503), Answer(SRT, sent=10, reset=True)])
async def test_a_host_that_stumbles_is_asked_again(land, host, caplog, answer):
    url = host.url("/s", answer, Answer(SRT))
    with pytest.raises(LandingFailed, match="b/fox/speech did not come") as failed:
        await land(url)
    error = failed.value
    assert (error.charged, error.retry_is_free, error.who_acts) == ("yes", True, "nobody")
    assert "canary-secret" not in caplog.text + str(error)
    assert await land(url) == "b/fox/speech.srt"


async def test_a_bucket_that_is_away_is_tried_again(land, host, store, monkeypatch):
    async def away(*_, **__):
        raise StoreError("The bucket is away.", transient=True)

    monkeypatch.setattr(store, "put", away)
    with pytest.raises(StoreError):
        await land(host.url("/s", Answer(SRT)))


async def test_a_private_host_is_not_asked(land, caplog):
    assert await land("https://10.0.0.7/s.srt?Signature=canary-secret") is None
    assert "canary-secret" not in caplog.text
