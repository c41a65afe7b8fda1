"""The three flows of one brief over the real parts: each run once, all at the same time."""

import asyncio
import io
import json
import re
from hashlib import sha256
from typing import Any

import av
import pytest
from PIL import Image

from flows.briefs import Brief
from flows.image_to_video import image_to_video
from flows.text_to_image import text_to_image
from flows.text_to_video import text_to_video
from tests.pipeline import Ended, Pipeline, ended

pytestmark = pytest.mark.stack

LANDED_TYPES = {
    "script.json": "application/json",
    "image.png": "image/png",
    "image.png.json": "application/json",
    "video.mp4": "video/mp4",
    "video.mp4.json": "application/json",
    "poster.jpg": "image/jpeg",
    "receipts/script.json": "application/json",
    "receipts/image.json": "application/json",
    "receipts/video.json": "application/json",
}


@pytest.fixture(scope="module")
def address(pipeline: Pipeline) -> str:
    """A web address of a square picture, with a signature in its query."""
    return pipeline.buy_image("a ceramic teapot")


@pytest.fixture(scope="module")
def runs(pipeline: Pipeline, address: str) -> dict[str, Ended]:
    picture = pipeline.fetch(address)
    uri = pipeline.put("uploads/teapot.png", picture)
    own: dict[str, Any] = {"video_prompt": "Steam rises from the spout"}
    asked: dict[str, tuple[Any, dict[str, Any]]] = {
        "full": (text_to_video, {"brief": Brief(id="fox", topic="A fox in fresh snow")}),
        "tall": (
            text_to_video,
            {
                "brief": Brief(
                    id="kite",
                    image_prompt="A red kite",
                    video_prompt="It soars",
                    ratio="9:16",
                    resolution="2k",
                ),
                "batch_id": "tall",
            },
        ),
        "image": (
            text_to_image,
            {
                "brief": Brief(id="kettle", topic="A copper kettle", ratio="1:1"),
                "batch_id": "only-{date}",
            },
        ),
        "from-key": (
            image_to_video,
            {"brief": Brief(id="key", image="uploads/teapot.png", **own), "batch_id": "starts"},
        ),
        "from-s3": (
            image_to_video,
            {"brief": Brief(id="s3", image=uri, **own), "batch_id": "starts"},
        ),
        "from-web": (
            image_to_video,
            {"brief": Brief(id="web", image=address, **own), "batch_id": "starts"},
        ),
        "no-picture": (image_to_video, {"brief": Brief(id="none", topic="A kettle")}),
        "lost-picture": (
            image_to_video,
            {"brief": Brief(id="lost", image="uploads/gone.png", **own), "batch_id": "starts"},
        ),
        "moderated": (
            text_to_image,
            {"brief": Brief(id="bad", topic="[moderate] A rude gesture"), "batch_id": "bad"},
        ),
        "no-block": (
            text_to_image,
            {"brief": Brief(id="early", topic="A kettle"), "connection": "nobodys"},
        ),
    }

    async def all_at_once() -> list[Ended]:
        return await asyncio.gather(
            *(ended(flow, **parameters) for flow, parameters in asked.values())
        )

    return dict(zip(asked, asyncio.run(all_at_once()), strict=True))


def image_size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


def film(data: bytes) -> tuple[int, int, float]:
    """Width, height and seconds, after decoding every frame."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        assert stream.average_rate
        return stream.width, stream.height, float(frames / stream.average_rate)


def test_a_topic_becomes_script_image_video_and_poster(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = runs["full"]
    assert (run.name, run.type) == ("Completed", "COMPLETED")
    item = run.outcome
    folder = item["script"].rpartition("/")[0]
    assert item["state"] == "landed"
    assert item["error"] is None
    made = {name: item[name] for name in ("script", "image", "video", "poster")}
    assert made == {
        "script": f"{folder}/script.json",
        "image": f"{folder}/image.png",
        "video": f"{folder}/video.mp4",
        "poster": f"{folder}/poster.jpg",
    }
    keys = pipeline.objects(folder)
    assert {key for key in keys if not key.startswith("frame-")} == LANDED_TYPES.keys()
    assert {key: pipeline.content_type(f"{folder}/{key}") for key in LANDED_TYPES} == LANDED_TYPES
    assert film(pipeline.body(item["video"])) == (1280, 720, 4.0)
    assert image_size(pipeline.body(item["poster"])) == (1280, 720)
    assert item["cost"] == pytest.approx(0.12 + 4 * 0.10)
    assert item["seconds"] == 4.0
    script = pipeline.json(item["script"])["script"]
    assert "A fox in fresh snow" in script["image_prompt"]
    assert {job["prompt"] for job in pipeline.jobs("A fox")} == set(script.values())


def test_beside_and_inside_each_medium_it_says_how_it_was_made(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    folder = runs["full"].outcome["video"].rpartition("/")[0]
    image, video = (pipeline.json(f"{folder}/{name}.json") for name in ("image.png", "video.mp4"))
    receipt = pipeline.json(f"{folder}/receipts/video.json")
    assert receipt["media"]["sha256"] == sha256(pipeline.body(f"{folder}/video.mp4")).hexdigest()
    assert receipt["media"]["source_sha256"] != receipt["media"]["sha256"]
    assert video.pop("software").startswith("globalaiopc-pipelines ")
    assert video == {
        "schema_version": 1,
        "file": "video.mp4",
        **{name: value for name, value in receipt["media"].items() if name != "key"},
        "digital_source_type": "trainedAlgorithmicMedia",
        **receipt["job"],
        "model": "openAiSora2Plus",
        "endpoint": "sora",
        "job_id": receipt["task_id"],
        "prompt": receipt["asked"]["prompt"],
        "asked": {"ratio": "16:9", "seconds": 4, "first_frame": image["sha256"]},
        "inputs": [{"field": "first_frame", "sha256": image["sha256"], "file": "image.png"}],
        "cost": 0.4,
        **{name: receipt["times"][name] for name in ("submitted", "completed")},
    }
    assert len(json.dumps(video)) < 1500
    for made in (image, video):
        packet = pipeline.body(f"{folder}/{made['file']}")
        for word in (made["prompt"], made["job_id"], made["brief_id"], "trainedAlgorithmicMedia"):
            assert word.encode() in packet, word


def test_a_batch_without_a_name_is_named_after_its_run(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = pipeline.api.get(f"/flow_runs/{runs['full'].run_id}").json()
    assert run["name"] == "fox"
    assert runs["full"].outcome["video"] == f"fox-{run['id'][:8]}/fox/video.mp4"


def test_a_batch_name_is_filled_from_the_scheduled_time(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = pipeline.api.get(f"/flow_runs/{runs['image'].run_id}").json()
    assert runs["image"].outcome["image"] == (
        f"only-{run['expected_start_time'][:10]}/kettle/image.png"
    )


def test_own_prompts_are_used_as_they_stand_and_no_text_is_bought(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    item = runs["tall"].outcome
    assert item["state"] == "landed"
    assert film(pipeline.body(item["video"])) == (720, 1280, 4.0)
    assert [job["prompt"] for job in pipeline.jobs("A red kite", "image")] == ["A red kite"]
    assert [job["prompt"] for job in pipeline.jobs("It soars", "video")] == ["It soars"]
    assert not [text for text in pipeline.account()["texts"] if "kite" in text["prompt"]]
    assert "receipts/script.json" not in pipeline.objects("tall/kite")


def test_a_resolution_reaches_the_model_that_offers_it(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    assert runs["tall"].name == "Completed"
    assert pipeline.json("tall/kite/receipts/image.json")["asked"]["resolution"] == "2k"
    assert "resolution" not in pipeline.json("tall/kite/receipts/video.json")["asked"]


def test_text_to_image_ends_with_the_image(pipeline: Pipeline, runs: dict[str, Ended]) -> None:
    item = runs["image"].outcome
    assert (item["state"], item["video"], item["poster"]) == ("landed", None, None)
    folder = item["image"].rpartition("/")[0]
    assert pipeline.objects(folder) == {
        "image.png",
        "image.png.json",
        "script.json",
        "receipts/image.json",
        "receipts/script.json",
    }
    assert image_size(pipeline.body(item["image"])) == (1024, 1024)
    assert not pipeline.jobs("A copper kettle", "video")


@pytest.mark.parametrize("source", ["key", "s3", "web"])
def test_a_start_image_becomes_a_video_and_no_image_is_bought(
    pipeline: Pipeline, runs: dict[str, Ended], source: str, address: str
) -> None:
    run = runs[f"from-{source}"]
    assert run.name == "Completed", run.message
    item = run.outcome
    assert pipeline.body(item["video"])
    assert film(pipeline.body(item["video"])) == (1280, 720, 4.0)
    copy = f"starts/{source}/image.png"
    assert pipeline.body(copy) == pipeline.fetch(address)
    assert [job["stage"] for job in item["jobs"]] == ["video"]
    assert len(pipeline.jobs(kind="video", text="Steam rises")) == 3
    receipt = pipeline.body(f"starts/{source}/receipts/video.json").decode()
    assert not re.search("https?:|Signature", receipt)


def test_a_start_image_that_is_missing_blocks_the_brief(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    refused, lost = runs["no-picture"], runs["lost-picture"]
    assert (refused.name, refused.type) == ("Refused", "FAILED")
    assert '"none", image: There is no start image, nor' in refused.message
    assert (lost.name, lost.type) == ("Blocked", "FAILED")
    assert "There is no start image at" in lost.message
    assert "uploads/gone.png" in lost.message
    assert lost.outcome["error"]["charged"] == "no"


def test_a_brief_that_fails_ends_in_a_state_named_after_it(runs: dict[str, Ended]) -> None:
    run = runs["moderated"]
    assert (run.name, run.type) == ("Failed", "FAILED")
    assert run.message.startswith("bad: ")
    assert "content rejected" in run.message
    assert run.outcome["state"] == "failed"
    assert run.outcome["error"]["who_acts"] == "user"


def test_a_missing_block_is_one_sentence_and_no_traceback(
    pipeline: Pipeline, runs: dict[str, Ended]
) -> None:
    run = runs["no-block"]
    assert (run.name, run.type) == ("NotReady", "FAILED")
    assert "globalaiopc/nobodys" in run.message
    assert "python -m blocks" in run.message
    assert "Traceback" not in run.message
    assert not [line for line in pipeline.logs(run.run_id) if "Traceback" in line]
