"""The speech flow over the real parts."""

import asyncio
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.rescue import rescue
from flows.speech import speech
from flows.spoken import SpokenBrief
from ledger import JobKey, Mine
from sandbox.sounds import speaking_seconds
from tasks import open_studio
from tests.flows.spoken_parts import SAMPLE, heard, posts, put_media, receipt, sample
from tests.pipeline import Ended, Pipeline, ended, run, until

pytestmark = pytest.mark.stack

TEXT = "Good morning! <#1.5#> Let me show you around the lighthouse."


@pytest.fixture(scope="module")
def runs(pipeline: Pipeline) -> dict[str, Ended]:
    put_media(pipeline)
    pipeline.put("voices/short.wav", sample(9))
    pipeline.put("voices/long.wav", sample(61))
    pipeline.put("voices/letter.wav", b"Dear Anna, this is no sound.")
    web = pipeline.buy_image("not a voice")
    own: dict[str, Any] = {"text": TEXT}
    asked: dict[str, dict[str, Any]] = {
        "topic": {
            "topic": "Why lighthouses still matter",
            "seconds": 20,
            "voice_sample": SAMPLE,
            "subtitles": True,
        },
        "text": {
            "text": TEXT,
            "voice_sample": SAMPLE,
            "emotion": "happy",
            "speed": 1.5,
            "pitch": -1,
            "volume": 2,
            "language": "English",
            "sound_version": "v2",
        },
        "nobody": {"text": TEXT, "voice": "nobodys-voice"},
        "short": {**own, "voice_sample": "voices/short.wav"},
        "long": {**own, "voice_sample": "voices/long.wav"},
        "letter": {**own, "voice_sample": "voices/letter.wav"},
        "picture": {**own, "voice_sample": web},
        "absent": {**own, "voice_sample": "voices/nobody.wav"},
    }

    async def all_at_once() -> list[Ended]:
        briefs = [SpokenBrief(id=name, **fields) for name, fields in asked.items()]
        return await asyncio.gather(
            *(ended(speech, brief=brief, batch_id="said") for brief in briefs)
        )

    return dict(zip(asked, asyncio.run(all_at_once()), strict=True))


def test_a_topic_becomes_words_a_voice_and_speech(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = runs["topic"]
    assert (run.name, run.type) == ("Completed", "COMPLETED"), run.message
    item = run.outcome
    words = pipeline.json("said/topic/script.json")["speech"]
    assert "Why lighthouses still matter" in words
    assert (item["script"], item["speech"]) == ("said/topic/script.json", "said/topic/speech.mp3")
    assert item["speech"] in run.message
    length = heard(pipeline.body(item["speech"]))
    assert length == pytest.approx(speaking_seconds(words), abs=0.2)
    assert item["seconds"] == pytest.approx(length, abs=0.2)
    assert item["cost"] > 0
    assert (item["video"], item["image"], item["poster"], item["error"]) == (None,) * 4
    assert [job["stage"] for job in item["jobs"]] == ["voice", "speech"]
    assert receipt(pipeline, "said/topic", "voice")["voice_id"] == item["voice"]
    assert receipt(pipeline, "said/topic", "speech")["asked"]["text"] == words
    assert {"voice.wav", "speech.json"} <= pipeline.objects("said/topic")
    assert heard(pipeline.body("said/topic/voice.wav")) > 0


def test_own_words_are_said_as_wished_and_no_text_is_bought(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    item = runs["text"].outcome
    assert item["state"] == "landed"
    length = heard(pipeline.body(item["speech"]))
    assert length == pytest.approx(speaking_seconds(TEXT, 1.5), abs=0.2)
    (job,) = pipeline.jobs(TEXT)
    assert "receipts/script.json" not in pipeline.objects("said/text")
    assert pipeline.json("said/text/script.json")["speech"] == TEXT
    asked = receipt(pipeline, "said/text", "speech")["asked"]
    assert asked | {"voice": ""} == {
        "model": "soundCloningAudio",
        "text": TEXT,
        "voice": "",
        "version": "v2",
        "language": "English",
        "emotion": "happy",
        "speed": 1.5,
        "volume": 2.0,
        "pitch": -1,
    }
    assert job["billed"]


@pytest.mark.parametrize(
    ("brief", "told"),
    [
        ("short", "too short: 9.0 seconds"),
        ("long", "too long: 61.0 seconds"),
        ("letter", "voice_sample|voices/letter.wav"),
        ("picture", "image/png, not audio"),
        ("absent", "There is no file"),
    ],
)
def test_a_sample_that_cannot_be_used_costs_nothing(
    pipeline: Pipeline, runs: dict[str, Ended], brief: str, told: str
) -> None:
    run = runs[brief]
    assert (run.name, run.type) == ("Blocked", "FAILED")
    assert re.search(told, run.message)
    assert run.outcome["error"]["charged"] == "no"
    assert not [key for key in pipeline.objects(f"said/{brief}") if "receipts" in key]


def test_an_unknown_voice_is_refused_with_the_way_out(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = runs["nobody"]
    assert (run.name, run.type) == ("Failed", "FAILED")
    assert "modelId does not exist" in run.message
    assert "voice_sample" in run.message
    assert (run.outcome["error"]["charged"], run.outcome["cost"]) == ("no", None)


def test_a_second_run_buys_nothing_and_says_the_same(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    before = posts(pipeline)
    brief = SpokenBrief(
        id="topic",
        topic="Why lighthouses still matter",
        seconds=20,
        voice_sample=SAMPLE,
        subtitles=True,
    )
    again = run(speech, brief=brief, batch_id="said")
    assert again.outcome == runs["topic"].outcome
    assert posts(pipeline) == before


def test_a_cloned_voice_speaks_for_other_briefs(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    before = posts(pipeline)
    voice = runs["text"].outcome["voice"]
    item = run(speech, brief=SpokenBrief(id="other", text="And again.", voice=voice)).outcome
    assert (item["state"], item["voice"]) == ("landed", voice)
    after = posts(pipeline)
    assert after == {**before, "speech": before["speech"] + 1}


def test_what_is_wrong_with_a_brief_is_said_before_anything_is_sent(pipeline: Pipeline) -> None:
    before = posts(pipeline)
    brief = SpokenBrief(
        id="all wrong",
        topic="A topic",
        text="And words",
        voice="a",
        voice_sample="b.wav",
        seconds=4,
        emotion="gleeful",
        text_model="nano-banana-2",
    )
    refused = run(speech, brief=brief)
    assert (refused.name, refused.type) == ("Refused", "FAILED")
    for told in ("id:", "topic or text, not both", "voice or voice_sample, not both", "seconds:"):
        assert told in refused.message, told
    assert "text_model" in refused.message
    assert posts(pipeline) == before


@pytest.mark.parametrize("stage", ["voice", "speech"])
async def test_a_run_that_was_killed_is_continued(pipeline: Pipeline, stage: str) -> None:
    """Its job is sent, and nobody is there any more to see it done."""
    put_media(pipeline)
    brief = SpokenBrief(id=stage, text=f"Killed in {stage}.", voice_sample=SAMPLE)
    before = posts(pipeline)
    match = "" if stage == "voice" else brief.text  # a clone has no words
    hold = {"fault": "error", "status": 500, "route": "result", "times": None, "match": match}
    pipeline.chaos(hold)
    killed = asyncio.create_task(ended(speech, brief=brief, batch_id="died"))

    def sent() -> bool:
        there = f"receipts/{stage}.json" in pipeline.objects(f"died/{stage}")
        return there and receipt(pipeline, f"died/{stage}", stage)["state"] == "submitted"

    await asyncio.to_thread(until, sent, "the job")
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    pipeline.chaos()
    assert receipt(pipeline, f"died/{stage}", stage)["state"] == "submitted"
    done = await ended(speech, brief=brief, batch_id="died")
    assert done.name == "Completed", done.message
    once = {"voice": before["voice"] + 1, "speech": before["speech"] + 1}
    assert posts(pipeline) == {**before, **once}


async def test_rescue_brings_voices_and_speeches_home(pipeline: Pipeline) -> None:
    put_media(pipeline)
    brief = SpokenBrief(id="lost", text="Bring me home.", voice_sample=SAMPLE, subtitles=True)
    assert (await ended(speech, brief=brief, batch_id="home")).name == "Completed"
    before = posts(pipeline)
    async with open_studio() as studio:
        for stage in ("voice", "speech"):
            key = JobKey(batch_id="home", brief_id="left", stage=stage)
            old = receipt(pipeline, "home/lost", stage)
            mine = await studio.ledger.claim(
                key,
                endpoint=old["endpoint"],
                model=old["model"],
                api=old["api"],
                key_hash=studio.client.key_hash,
                asked=old["asked"],
            )
            assert isinstance(mine, Mine)
            await studio.ledger.submitted(mine.held, old["task_id"])
    rescued = await ended(rescue, batch_id="home")
    assert {row["job"]: row["fate"] for row in rescued.outcome["jobs"]} == {
        "home/left/voice": "recovered",
        "home/left/speech": "recovered",
    }
    assert {"voice.wav", "speech.mp3", "speech.json"} <= pipeline.objects("home/left")
    left = receipt(pipeline, "home/left", "voice")
    assert left["voice_id"] == receipt(pipeline, "home/lost", "voice")["voice_id"]
    assert posts(pipeline) == before


def test_a_voice_that_is_too_old_is_said_to_need_a_new_take(pipeline: Pipeline) -> None:
    put_media(pipeline)
    brief = SpokenBrief(id="old", text="Too late.", voice_sample=SAMPLE)
    pipeline.chaos(
        {
            "fault": "error",
            "status": 400,
            "message": "modelId does not exist or has expired.",
            "route": "speech",
            "times": None,
        }
    )
    young = run(speech, brief=brief, batch_id="late")
    assert young.outcome["state"] == "failed"
    assert "take" not in young.message
    cloned = receipt(pipeline, "late/old", "voice")
    cloned["times"] = {
        state: (datetime.fromisoformat(at) - timedelta(days=4)).isoformat()
        for state, at in cloned["times"].items()
    }
    pipeline.put("late/old/receipts/voice.json", json.dumps(cloned).encode())
    late = run(speech, brief=brief, batch_id="late")
    assert late.outcome["error"]["charged"] == "no"
    assert "new take" in late.message
    pipeline.chaos()
    again = run(speech, brief=brief.model_copy(update={"take": 2}), batch_id="late")
    assert again.name == "Completed"
    assert again.outcome["voice"] != cloned["voice_id"]
    assert {"voice.take2.wav", "speech.take2.mp3"} <= pipeline.objects("late/old")


def test_no_address_is_kept_anywhere(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    for name in ("topic", "text", "picture"):
        for key in pipeline.objects(f"said/{name}"):
            if key.endswith(".json"):
                assert not re.search("https?:", pipeline.body(f"said/{name}/{key}").decode()), key
        assert "X-Amz" not in str(runs[name].outcome) + runs[name].message
        assert not [line for line in pipeline.logs(runs[name].run_id) if "X-Amz" in line]
