"""Models of every kind in the flows, over the real parts: routing, fallbacks, takes."""

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import av
import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.fan_out import fan_out
from flows.image_to_video import image_to_video
from flows.text_to_image import text_to_image
from flows.text_to_video import text_to_video
from tests.conftest import SandboxFactory
from tests.landing.makers import mp4, picture, sound
from tests.pipeline import PRICES, Ended, Pipeline, ended, run, saved

pytestmark = pytest.mark.stack

NOT_OURS = ("nano-banana-pro", "veo_3_1_fast", "gpt-5.5")
"""Models that the key of this module may not use."""


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    options = ["--plain-media"]
    for model in NOT_OURS:
        options += ["--forbid-model", model]
    for parts in saved(Pipeline(s3, prefect_server, sandbox_factory(options=tuple(options)))):
        parts.put("own/who.png", picture(width=640, height=480))
        parts.put("own/end.png", picture(width=1280, height=720))
        parts.put("own/walk.mp4", mp4(seconds=4, width=1280, height=720))
        parts.put("own/song.wav", sound(seconds=4))
        yield parts


def own(name: str, **more: Any) -> Brief:
    return Brief(id=name, image_prompt=f"A {name}", video_prompt=f"The {name} moves", **more)


ROUTES: dict[str, Brief] = {
    "alone": own("alone", video_model="happyhorse-1.0-t2v", seconds=3),
    "topic": Brief(id="topic", topic="A topic boat", video_model="happyhorse-1.0-t2v"),
    "started": own("started", video_model="happyhorse-1.0-i2v"),
    "seen": own("seen", video_model="happyhorse-1.0-r2v", reference_images=["own/who.png"]),
    "edited": Brief(
        id="edited",
        video_prompt="The edited moves",
        video_model="happyhorse-1.0-video-edit",
        video="own/walk.mp4",
    ),
    "both-ends": own("both-ends", video_model="wan2.7-i2v", last_image="own/end.png"),
    "sung": own(
        "sung", video_model="LuxVid_video", reference_audios=["own/song.wav"], resolution="720p"
    ),
    "named": own("named", video_model="model_center/videos_stable", image_model="gpt-image-2"),
}
NO_PICTURE = {"alone", "topic", "edited"}


@pytest.fixture(scope="module")
def routed(pipeline: Pipeline) -> Ended:
    return run(content_batch, briefs=list(ROUTES.values()), batch_id="routes")


@pytest.mark.parametrize("name", ROUTES)
def test_each_model_gets_what_it_takes_and_makes_a_video(
    pipeline: Pipeline, routed: Ended, name: str
) -> None:
    item = routed.items[name]
    assert (item["state"], item["error"]) == ("landed", None)
    with av.open(io.BytesIO(pipeline.body(item["video"]))) as film:
        assert sum(1 for _ in film.decode(video=0)) > 0
    stages = [job["stage"] for job in item["jobs"]]
    assert stages == (["video"] if name in NO_PICTURE else ["image", "video"])
    assert (item["image"] is None) == (name in NO_PICTURE)
    (video,) = pipeline.jobs(f"{name}", "video")
    assert video["billed"]
    assert len(pipeline.jobs(name, "image")) == (name not in NO_PICTURE)


def test_the_receipts_name_media_by_their_bytes(pipeline: Pipeline, routed: Ended) -> None:
    asked = {name: pipeline.json(f"routes/{name}/receipts/video.json")["asked"] for name in ROUTES}
    made = {
        name: pipeline.json(f"routes/{name}/receipts/image.json")["media"]["sha256"]
        for name in ROUTES
        if name not in NO_PICTURE
    }
    assert asked["started"]["first_frame"] == made["started"]
    assert asked["seen"]["images"][0] == made["seen"]
    assert len(asked["seen"]["images"]) == 2
    assert asked["both-ends"]["first_frame"] == made["both-ends"]
    assert len(asked["both-ends"]["last_frame"]) == len(asked["edited"]["videos"][0]) == 64
    assert asked["sung"]["images"] == [made["sung"]]
    assert asked["named"]["model"] == "model_center/videos_stable"
    folder = pipeline.objects("routes/sung/inputs")
    assert [key[-4:] for key in folder] == [".wav"]


def test_what_was_made_is_reused_and_the_plan_says_so(pipeline: Pipeline, routed: Ended) -> None:
    before = pipeline.account()["posts"]
    plan = run(content_batch, briefs=list(ROUTES.values()), batch_id="routes", plan=True)
    assert {one["verdict"] for one in plan.outcome["briefs"]} == {"reuse"}
    steps = {one["id"]: [step["stage"] for step in one["steps"]] for one in plan.outcome["briefs"]}
    assert steps["alone"] == ["script", "video"]
    again = run(content_batch, briefs=list(ROUTES.values()), batch_id="routes")
    assert again.name == "Completed"
    assert pipeline.account()["posts"] == before


async def test_a_video_is_the_start_of_image_to_video_too(pipeline: Pipeline) -> None:
    brief = Brief(
        id="hat",
        video_prompt="A hat appears",
        video_model="wan2.7-videoedit",
        video="own/walk.mp4",
    )
    done = await ended(image_to_video, brief=brief, batch_id="hats")
    assert done.name == "Completed", done.message
    neither = await ended(image_to_video, brief=Brief(id="hat", topic="A hat"), batch_id="hats")
    assert "no start image, nor a start video" in neither.message


async def test_what_no_model_of_the_brief_can_do_is_refused_before_anything_is_asked(
    pipeline: Pipeline,
) -> None:
    before = pipeline.account()["posts"]
    path = pipeline.put(
        "wrong.csv",
        b"id,topic,video_model,last_image,sound\n"
        b"a,A fox,happyhorse-1.0-t2v,own/end.png,\n"
        b"b,A crow,wan2.7-i2v,,\n"
        b"c,A hare,,,yes\n",
    )
    done = await ended(content_batch, briefs=path, batch_id="wrong")
    assert done.name == "Refused"
    for said in (
        'row 1 (line 2), brief "a", last_image: happyhorse-1.0-t2v does not take a last frame',
        'row 2 (line 3), brief "b", last_image: wan2.7-i2v needs a last frame',
        'row 3 (line 4), brief "c", sound: openAiSora2Plus has no switch for sound',
        "These can: ",
    ):
        assert said in done.message
    missing = own("gone", video_model="wan2.7-i2v", last_image="own/nowhere.png")
    done = await ended(text_to_video, brief=missing, batch_id="wrong")
    assert (done.name, done.outcome["error"]["charged"]) == ("Blocked", "no")
    assert "own/nowhere.png" in done.message
    assert pipeline.account()["posts"] == before


FALLBACK = Brief(
    id="swan",
    topic="A swan at dusk",
    text_model="gpt-5.5",
    text_fallbacks=["gpt-5.4"],
    image_model="nano-banana-pro",
    image_fallbacks=["nano-banana-2"],
    video_model="veo_3_1_fast",
    video_fallbacks=["openAiSora2Plus"],
)


@pytest.fixture(scope="module")
def fallen(pipeline: Pipeline) -> Ended:
    return run(content_batch, briefs=[FALLBACK], batch_id="lake")


def test_a_refused_model_is_followed_by_the_next_and_one_job_is_billed(
    pipeline: Pipeline, fallen: Ended
) -> None:
    item = fallen.items["swan"]
    assert (item["state"], item["error"]) == ("landed", None)
    assert [job["model"] for job in item["jobs"]] == ["nano-banana-2", "openAiSora2Plus"]
    jobs = pipeline.jobs("A swan")
    assert [(job["kind"], job["billed"]) for job in jobs] == [("image", True), ("video", True)]
    assert pipeline.json("lake/swan/receipts/script.json")["model"] == "gpt-5.4"
    assert pipeline.json("lake/swan/receipts/video.json")["attempts"] == 2
    assert set(fallen.outcome["totals"]["by_model"]) == {"nano-banana-2", "openAiSora2Plus"}


def test_a_rerun_goes_on_with_the_model_that_was_used(pipeline: Pipeline, fallen: Ended) -> None:
    before = pipeline.account()["posts"]
    plan = run(content_batch, briefs=[FALLBACK], batch_id="lake", plan=True)
    (brief,) = plan.outcome["briefs"]
    assert brief["verdict"] == "reuse"
    assert [step["model"] for step in brief["steps"]] == [
        "gpt-5.4",
        "nano-banana-2",
        "openAiSora2Plus",
    ]
    again = run(content_batch, briefs=[FALLBACK], batch_id="lake")
    assert (again.name, again.items["swan"]["video"]) == ("Completed", "lake/swan/video.mp4")
    assert pipeline.account()["posts"] == before


async def test_no_other_model_is_asked_where_something_may_have_been_charged(
    pipeline: Pipeline,
) -> None:
    moderated = Brief(
        id="rude",
        topic="[moderate] A rude gesture",
        image_fallbacks=["gpt-image-2"],
    )
    done = await ended(text_to_image, brief=moderated, batch_id="rude")
    assert done.outcome["error"]["charged"] == "unknown"
    (job,) = pipeline.jobs("[moderate]")
    assert job["model"] == "nano-banana-2"


async def test_plan_and_budget_know_the_other_models(pipeline: Pipeline) -> None:
    prices = pipeline.put("prices.toml", PRICES.encode())
    before = pipeline.account()["posts"]
    asked: dict[str, Any] = {
        "briefs": [own("heron", image_fallbacks=["nano-banana-2-stable"])],
        "batch_id": "reeds",
        "prices": prices,
    }
    plan = await ended(content_batch, **asked, plan=True)
    (brief,) = plan.outcome["briefs"]
    _, image, video = brief["steps"]
    assert (image["model"], image["then"], video["then"]) == (
        "nano-banana-2",
        ["nano-banana-2-stable"],
        [],
    )
    assert plan.outcome["cost"] == 0.52
    refused = await ended(content_batch, **asked, budget=5)
    assert refused.name == "Refused"
    assert "nano-banana-2-stable: no row in prices.toml" in refused.message
    assert pipeline.account()["posts"] == before


def takes(batch: str, **more: Any) -> Ended:
    return run(fan_out, brief=own("vase"), takes=3, batch_id=batch, **more)


def test_takes_are_made_once_and_the_chosen_ones_become_videos(pipeline: Pipeline) -> None:
    first = takes("kiln")
    assert first.name == "Completed", first.message
    assert "3 of 3 takes of vase landed" in first.message
    assert [(item["take"], item["image"]) for item in first.outcome["items"]] == [
        (1, "kiln/vase/image.png"),
        (2, "kiln/vase/image.take2.png"),
        (3, "kiln/vase/image.take3.png"),
    ]
    assert len(pipeline.jobs("vase", "image")) == 3
    assert pipeline.jobs("vase", "video") == []

    for _ in range(2):
        chosen = takes("kiln", chosen=[2, 3])
        assert chosen.name == "Completed", chosen.message
        assert [item["video"] for item in chosen.outcome["items"]] == [
            None,
            "kiln/vase/video.take2.mp4",
            "kiln/vase/video.take3.mp4",
        ]
        assert len(pipeline.jobs("vase", "image")) == 3
        assert len(pipeline.jobs("vase", "video")) == 2
    image = pipeline.json("kiln/vase/receipts/image.take2.json")["media"]["sha256"]
    asked = pipeline.json("kiln/vase/receipts/video.take2.json")["asked"]
    assert asked["first_frame"] == image
    tables = pipeline.all("artifacts", artifacts={"key": {"any_": ["takes-kiln-vase"]}})
    assert len(tables) == 3


async def test_takes_that_cannot_be_are_refused(pipeline: Pipeline) -> None:
    before = pipeline.account()["posts"]
    wrong = [
        {"chosen": [4]},
        {"takes": 0},
        {"brief": own("vase", image="own/who.png")},
        {"brief": own("vase", take=2)},
        {"brief": own("vase", video_model="happyhorse-1.0-t2v"), "chosen": [1]},
    ]
    said = ["no take 4", "cannot be 0 takes", "exists already", "by `takes`", "not shown a picture"]
    for fields, words in zip(wrong, said, strict=True):
        asked = {"brief": own("vase"), "takes": 3, "batch_id": "no", **fields}
        done = await ended(fan_out, **asked)
        assert (done.name, words in done.message) == ("Refused", True), done.message
    assert pipeline.account()["posts"] == before


def test_two_runs_of_a_brief_with_fallbacks_at_once_buy_one_of_each(pipeline: Pipeline) -> None:
    brief = FALLBACK.model_copy(update={"id": "goose", "topic": "A goose at dawn"})

    async def twice() -> list[Ended]:
        asked: dict[str, Any] = {"briefs": [brief], "batch_id": "pond"}
        return await asyncio.gather(*(ended(content_batch, **asked) for _ in range(2)))

    for done in asyncio.run(twice()):
        assert done.name == "Completed", done.message
    assert sorted(job["kind"] for job in pipeline.jobs("A goose")) == ["image", "video"]
