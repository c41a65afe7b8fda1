"""Forty lines of a public prompt file become forty videos that are what was asked for.

PROMPTS_TSV may name a file to take the first forty lines of (columns as in PartiPrompts); else it
is the excerpt beside the tests.
"""

import io
import os

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from flows.content_batch import content_batch
from tasks.landing import fit_image
from tests.conftest import ROOT
from tests.pipeline import Ended, Pipeline, run

pytestmark = pytest.mark.stack

PROMPTS = os.environ.get("PROMPTS_TSV") or str(ROOT / "tests" / "data" / "prompts-40.tsv")
COUNT = 40
SIZE = (1280, 720)
SECONDS = 4.0
# Mean absolute difference of the channels, 0 to 255. H.264 costs a few levels; another brief's
# picture is tens away. "Resembles" is both: near, and much nearer than the next brief's picture.
NEAR = 6.0
MUCH_NEARER = 4.0


@pytest.fixture(scope="module")
def batch(pipeline: Pipeline) -> Ended:
    return run(
        content_batch,
        briefs=PROMPTS,
        batch_id="prompts",
        columns={"Prompt": "topic"},
        limit=COUNT,
    )


def decoded(data: bytes) -> tuple[Image.Image, float]:
    """The first frame and the seconds of a film, of which every frame is decoded."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        frames = container.decode(stream)
        first = next(frames).to_image()
        count = 1 + sum(1 for _ in frames)
        assert stream.average_rate
        return first, float(count / stream.average_rate)


def fitted(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(fit_image(data, *SIZE))).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_every_line_becomes_a_video(pipeline: Pipeline, batch: Ended) -> None:
    assert batch.name == "Completed", batch.message
    assert [item["id"] for item in batch.outcome["items"]] == [
        f"{row:04d}" for row in range(1, COUNT + 1)
    ]
    videos = {key for key in pipeline.objects("prompts") if key.endswith("/video.mp4")}
    assert videos == {f"{name}/video.mp4" for name in batch.items}
    assert pipeline.posts() == {"text": COUNT, "image": COUNT, "video": COUNT}
    assert {item["seconds"] for item in batch.outcome["items"]} == {SECONDS}


def test_every_video_is_whole_and_starts_from_its_own_image(
    pipeline: Pipeline, batch: Ended
) -> None:
    pictures = {name: fitted(pipeline.body(item["image"])) for name, item in batch.items.items()}
    names = list(pictures)
    for name, another in zip(names, [*names[1:], names[0]], strict=True):
        first, seconds = decoded(pipeline.body(batch.items[name]["video"]))
        assert (first.size, seconds) == (SIZE, SECONDS), name
        own, control = difference(first, pictures[name]), difference(first, pictures[another])
        print(f"{name}: own {own:.1f}, another's {control:.1f}")
        assert own < NEAR, name
        assert control > MUCH_NEARER * own, name
