"""Cloned voices, speech and the talking head."""

import hashlib
import json
import wave
from io import BytesIO

import pytest

from sandbox.settings import MEDIA_BASE
from tests.sandbox.asking import finished, found_at, sound_seconds
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.good_requests import (
    CLIP,
    GOOD,
    media,
)
from tests.sandbox.running import FAST, Running, difference, frames_of


def test_a_talking_head_starts_as_the_person_and_says_the_sound(
    box: Running, host: ReferenceHost
) -> None:
    good = GOOD["digital_human"]
    task = finished(box, good.path, found_at(host, good.body))
    film = box.plain.get(task["video_url"]).content

    assert hashlib.md5(film).hexdigest() == task["md5"]
    assert difference(frames_of(film)[0], frames_of(media()[CLIP])[0]) < 5
    assert host.asked == ["/clip", "/sound"]


def test_a_cloned_voice_speaks_and_is_wav(box: Running, host: ReferenceHost) -> None:
    good = GOOD["voice_clone"]
    clone = finished(box, good.path, found_at(host, good.body))
    with wave.open(BytesIO(box.plain.get(clone["audioUrl"]).content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(3)

    body = {"modelId": clone["modelId"], "contentText": "hello there", "speed": 2}
    task = finished(box, GOOD["speech"].path, body)

    assert (task["model"], task["modelId"]) == ("soundCloningAudio", clone["modelId"])
    assert task["audioUrl"].partition("?")[0].endswith(".mp3")
    assert sound_seconds(box.plain.get(task["audioUrl"]).content) == pytest.approx(1, abs=0.15)
    assert "subtitleFile" not in task


def test_subtitles_hold_every_word_with_its_time(box: Running) -> None:
    good = GOOD["speech"]
    task = finished(box, good.path, good.body)
    rows = json.loads(box.plain.get(task["subtitleFile"]).content)
    assert [row["text"] for row in rows] == ["word"] * 6
    assert rows[-1]["time_end"] == 3500


def test_an_expired_voice_is_refused_unless_it_has_spoken(host: ReferenceHost) -> None:
    lasting, passing = Running.start(*FAST), Running.start(*FAST, "--voice-ttl", "0")
    good = GOOD["voice_clone"]
    try:
        for running, status in ((lasting, 200), (passing, 400)):
            clone = finished(running, good.path, found_at(host, good.body))
            body = {"modelId": clone["modelId"], "contentText": "hello"}
            answer = running.http.post(MEDIA_BASE + GOOD["speech"].path, json=body)
            assert answer.status_code == status
    finally:
        lasting.stop()
        passing.stop()
    assert "modelId" in answer.json()["error"]["message"]


def test_a_sound_of_the_wrong_length_is_half_as_long(box: Running) -> None:
    good = GOOD["speech"]
    box.chaos({"fault": "wrong_seconds"})
    task = finished(box, good.path, good.body | {"contentText": "x" * 60})
    halved, whole = (box.plain.get(task["audioUrl"]).content for _ in range(2))
    assert sound_seconds(halved) == pytest.approx(2, abs=0.15)
    assert sound_seconds(whole) == pytest.approx(4, abs=0.15)
