"""Every model, by its name in a brief, through a Prefect flow to a file that decodes.

`make test` takes one model of each endpoint; `make test-all` takes every row of the catalogue.
"""

import io
import os
from collections.abc import Iterator
from typing import Any

import av
import pytest
from PIL import Image

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.text_to_image import text_to_image
from globalaiopc import Catalogue, ModelRow
from tests.conftest import SandboxFactory
from tests.landing.makers import mp4, picture, sound
from tests.pipeline import Ended, Pipeline, run, saved

pytestmark = pytest.mark.stack

CATALOGUE = Catalogue.load()
ALL = os.environ.get("EVERY_MODEL") == "1"
SPOKEN = ("digital_human",)
"""No brief has a talking head: `test_talking_head_run.py` has it."""

START, END, WALK, SONG = "own/start.png", "own/end.png", "own/walk.mp4", "own/song.wav"


def _chosen(makes: str) -> list[ModelRow]:
    rows = [row for row in CATALOGUE if row.makes == makes and row.endpoint not in SPOKEN]
    return rows if ALL else list({row.endpoint: row for row in reversed(rows)}.values())


VIDEOS, IMAGES, TEXTS = _chosen("video"), _chosen("image"), _chosen("text")
PICTURES = [
    (TEXTS[turn % len(TEXTS)], IMAGES[turn % len(IMAGES)])
    for turn in range(max(len(TEXTS), len(IMAGES)))
]


def _name(row: ModelRow) -> str:
    return f"{row.endpoint}-{row.name}"


def _video_brief(row: ModelRow) -> Brief:
    """The least that the model can be asked for, from files of one's own: no picture is bought."""
    brief: dict[str, Any] = {
        "id": _name(row),
        "image_prompt": "A paper boat",
        "video_model": CATALOGUE.id_of(row),
    }
    if row.prompt_limit != 0:
        brief["video_prompt"] = f"{_name(row)} sails"
    if row.first_frame != "no" or row.references.get("image"):
        brief["image"] = START
    if row.ratios:
        brief["ratio"] = row.default_ratio or row.ratios[0]
    if row.resolutions:
        brief["resolution"] = row.resolutions[0]
    if row.seconds:
        brief["seconds"] = min(row.seconds)
    if row.last_frame in ("needed", "paired"):
        brief["last_image"] = END
    if row.references_needed.get("video"):
        brief["reference_videos"] = [WALK]
    if row.references_needed.get("audio"):
        brief["reference_audios"] = [SONG]
    return Brief(**brief)


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    """As everywhere; the films are plain, since only their structure is looked at."""
    for parts in saved(Pipeline(s3, prefect_server, sandbox_factory(options=("--plain-media",)))):
        parts.put(START, picture(width=1280, height=720))
        parts.put(END, picture(width=1280, height=720))
        parts.put(WALK, mp4(seconds=4, width=1280, height=720))
        parts.put(SONG, sound(seconds=4))
        yield parts


@pytest.fixture(scope="module")
def videos(pipeline: Pipeline) -> Ended:
    briefs = [_video_brief(row) for row in VIDEOS]
    return run(content_batch, briefs=briefs, batch_id="every-video", limit=len(briefs))


def test_one_job_for_each_video_model(pipeline: Pipeline, videos: Ended) -> None:
    assert {name: item["error"] for name, item in videos.items.items() if item["error"]} == {}
    asked = [job["model"] for job in pipeline.jobs(kind="video")]
    assert len(asked) == len(VIDEOS)
    assert pipeline.jobs(kind="image") == []


@pytest.mark.parametrize("row", VIDEOS, ids=_name)
def test_a_video_model_leaves_a_video(pipeline: Pipeline, videos: Ended, row: ModelRow) -> None:
    item = videos.items[_name(row)]
    assert (item["state"], item["error"]) == ("landed", None)
    with av.open(io.BytesIO(pipeline.body(item["video"]))) as film:
        frames = sum(1 for _ in film.decode(video=0))
        assert frames > 0
        if row.seconds and not row.references_needed.get("video"):
            assert frames / 24 == pytest.approx(min(row.seconds), abs=0.2)


@pytest.mark.parametrize(
    ("text", "image"), PICTURES, ids=[f"{_name(text)}-{_name(image)}" for text, image in PICTURES]
)
def test_a_text_model_and_an_image_model_leave_a_picture(
    pipeline: Pipeline, text: ModelRow, image: ModelRow
) -> None:
    brief = Brief(
        id=f"{_name(text)}-{_name(image)}",
        topic="A lighthouse",
        text_model=CATALOGUE.id_of(text),
        image_model=CATALOGUE.id_of(image),
        ratio=image.ratios[0] if image.ratios else "16:9",
    )
    ended = run(text_to_image, brief=brief, batch_id="every-picture")
    assert (ended.type, ended.outcome["error"]) == ("COMPLETED", None)
    script = pipeline.json(ended.outcome["script"])
    assert "A lighthouse" in script["script"]["image_prompt"]
    with Image.open(io.BytesIO(pipeline.body(ended.outcome["image"]))) as landed:
        landed.load()
    assert ended.outcome["jobs"][0]["model"] == CATALOGUE.id_of(image)
