"""The talking head over the real parts: words, voice, speech, and the person who says it."""

import asyncio
import re

import pytest

from flows.rescue import rescue
from flows.spoken import SpokenBrief
from flows.talking_head import talking_head
from ledger import JobKey, Mine
from tasks import open_studio
from tests.flows.spoken_parts import PERSON, SAMPLE, frames, heard, posts, put_media, receipt
from tests.pipeline import Ended, Pipeline, ended, run, until

pytestmark = pytest.mark.stack

LANDED = {
    "script.json",
    "voice.wav",
    "speech.mp3",
    "video.mp4",
    "poster.jpg",
    *("voice.wav.json", "speech.mp3.json", "video.mp4.json"),
    "receipts/script.json",
    "receipts/voice.json",
    "receipts/speech.json",
    "receipts/video.json",
}


def head(name: str, **fields: object) -> SpokenBrief:
    given = {"text": f"I am {name}, and I speak.", "voice_sample": SAMPLE, "person": PERSON}
    return SpokenBrief.model_validate({"id": name, **given, **fields})


@pytest.fixture(scope="module")
def runs(pipeline: Pipeline) -> dict[str, Ended]:
    put_media(pipeline)
    asked = {
        "anna": head("anna", text=None, topic="Why lighthouses still matter"),
        "beth": head("beth", model_version=2, side_face=True, tilted_face=True),
        "nobody": head("nobody", person="people/nobody.mp4"),
        "voiceless": head("voiceless", person=SAMPLE),
        "alone": head("alone", person=None),
    }

    async def all_at_once() -> list[Ended]:
        return await asyncio.gather(
            *(ended(talking_head, brief=brief, batch_id="heads") for brief in asked.values())
        )

    return dict(zip(asked, asyncio.run(all_at_once()), strict=True))


def test_a_topic_becomes_a_person_who_speaks(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    run = runs["anna"]
    assert (run.name, run.type) == ("Completed", "COMPLETED"), run.message
    item = run.outcome
    folder = "heads/anna"
    made = {key for key in pipeline.objects(folder) if not key.startswith("inputs/")}
    assert made == LANDED
    assert {name: item[name] for name in ("script", "speech", "video", "poster")} == {
        "script": f"{folder}/script.json",
        "speech": f"{folder}/speech.mp3",
        "video": f"{folder}/video.mp4",
        "poster": f"{folder}/poster.jpg",
    }
    assert item["voice"] == receipt(pipeline, folder, "voice")["voice_id"]
    assert [job["stage"] for job in item["jobs"]] == ["voice", "speech", "video"]
    assert item["cost"] == pytest.approx(sum(job["cost"] for job in item["jobs"]))
    film = pipeline.body(item["video"])
    length = heard(pipeline.body(item["speech"]))
    assert heard(film) == pytest.approx(length, abs=0.3)
    assert frames(film) == pytest.approx(length * 24, abs=8)
    assert item["seconds"] == pytest.approx(length, abs=0.3)


def test_what_is_brought_is_landed_and_named_by_its_hash(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    asked = receipt(pipeline, "heads/beth", "video")["asked"]
    inputs = {
        key.removeprefix("inputs/") for key in pipeline.objects("heads/beth") if "inputs" in key
    }
    assert f"{asked['video'][:16]}.mp4" in inputs
    assert receipt(pipeline, "heads/beth", "speech")["media"]["sha256"] == asked["audio"]
    assert asked == {
        "model": "kyy_digitalHuman",
        "audio": asked["audio"],
        "video": asked["video"],
        "version": 2,
        "side_face": 1,
        "tilted_face": 1,
    }


@pytest.mark.parametrize(
    ("brief", "told"), [("nobody", "There is no file"), ("voiceless", "not video")]
)
def test_a_person_who_is_no_video_costs_nothing(
    pipeline: Pipeline, runs: dict[str, Ended], brief: str, told: str
) -> None:
    run = runs[brief]
    assert (run.name, run.type) == ("Blocked", "FAILED")
    assert told in run.message
    assert not [key for key in pipeline.objects(f"heads/{brief}") if "receipts" in key]


def test_without_a_person_nothing_is_begun(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    assert runs["alone"].name == "Refused"
    assert '"alone", person: ' in runs["alone"].message
    assert not pipeline.objects("heads/alone")


def test_a_second_run_buys_nothing_and_says_the_same(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    before = posts(pipeline)
    brief = head("beth", model_version=2, side_face=True, tilted_face=True)
    assert run(talking_head, brief=brief, batch_id="heads").outcome == runs["beth"].outcome
    assert posts(pipeline) == before


def test_another_person_under_the_same_name_is_held_back(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    before = posts(pipeline)
    changed = run(talking_head, brief=head("beth", tilted_face=True), batch_id="heads")
    assert (changed.name, changed.outcome["error"]["code"]) == ("Blocked", "request_changed")
    assert posts(pipeline) == before


@pytest.mark.parametrize("stage", ["speech", "video"])
async def test_a_run_that_was_killed_between_stages_is_continued(
    pipeline: Pipeline, stage: str
) -> None:
    """Its last word is a landed medium: the next stage's create never reaches anybody."""
    put_media(pipeline)
    route = {"speech": "speech", "video": "digital_human"}[stage]
    pipeline.chaos({"fault": "rate_limited", "route": route, "retry_after": "9", "times": None})
    brief, before = head(f"cut-{stage}"), posts(pipeline)
    killed = asyncio.create_task(ended(talking_head, brief=brief, batch_id="cut"))
    await asyncio.to_thread(until, lambda: posts(pipeline)[stage] > before[stage], "the create")
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    pipeline.chaos()
    tried = posts(pipeline)
    done = await ended(talking_head, brief=brief, batch_id="cut")
    assert done.name == "Completed", done.message
    after = posts(pipeline)
    assert after["voice"] == tried["voice"] == before["voice"] + 1
    assert after[stage] == tried[stage] + 1, "what was refused with a 429, once more"
    assert len(pipeline.jobs(brief.text or "")) == 1
    if stage == "video":
        assert after["speech"] == tried["speech"] == before["speech"] + 1


async def test_a_lost_answer_is_not_paid_again_and_rescue_sends_it_by_name(
    pipeline: Pipeline,
) -> None:
    put_media(pipeline)
    pipeline.chaos({"fault": "lose_answer", "route": "digital_human"})
    brief, before = head("lost"), posts(pipeline)
    first = await ended(talking_head, brief=brief, batch_id="lost")
    assert (first.name, first.outcome["state"]) == ("Unknown", "unknown")
    assert first.outcome["speech"] == "lost/lost/speech.mp3"
    assert (await ended(talking_head, brief=brief, batch_id="lost")).name == "Unknown"
    assert posts(pipeline)["video"] == before["video"] + 1
    sent = await ended(rescue, batch_id="lost", resubmit=["lost/lost/video"])
    assert [row["fate"] for row in sent.outcome["jobs"]] == ["sent again"]
    assert (await ended(talking_head, brief=brief, batch_id="lost")).name == "Completed"
    assert posts(pipeline)["video"] == before["video"] + 2


async def test_rescue_brings_a_talking_head_home(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    old, before = receipt(pipeline, "heads/anna", "video"), posts(pipeline)
    async with open_studio() as studio:
        mine = await studio.ledger.claim(
            JobKey(batch_id="home", brief_id="anna", stage="video"),
            endpoint=old["endpoint"],
            model=old["model"],
            api=old["api"],
            key_hash=studio.client.key_hash,
            asked=old["asked"],
        )
        assert isinstance(mine, Mine)
        await studio.ledger.submitted(mine.held, old["task_id"])
    rescued = await ended(rescue, batch_id="home")
    assert [row["fate"] for row in rescued.outcome["jobs"]] == ["recovered"]
    assert {"video.mp4", "poster.jpg"} <= pipeline.objects("home/anna")
    assert posts(pipeline) == before


def test_no_address_is_kept_anywhere(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    for name in ("anna", "beth"):
        for key in pipeline.objects(f"heads/{name}"):
            if key.endswith(".json"):
                assert not re.search("https?:", pipeline.body(f"heads/{name}/{key}").decode()), key
        assert not re.search("X-Amz|https?:", str(runs[name].outcome) + runs[name].message)
        assert not [line for line in pipeline.logs(runs[name].run_id) if "X-Amz" in line]
