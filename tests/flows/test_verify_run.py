"""A batch's files against their receipts, on the real parts: sound, damaged, and put back."""

import pytest

from flows.content_batch import content_batch
from flows.rescue import rescue
from flows.verify import verify
from tests.landing.makers import picture
from tests.pipeline import Ended, Pipeline, run

pytestmark = pytest.mark.stack

BRIEFS = [
    {"id": "owl", "topic": "An owl at night"},
    {"id": "hare", "topic": "A hare in a field", "reference_images": "mine/leaf.png"},
]
SCRIPTS, MEDIA, LEAF = 2, 4, 1


def findings(ended: Ended) -> dict[str, str]:
    return {one["key"]: one["finding"] for one in ended.outcome["files"]}


@pytest.fixture(scope="module")
def kept(pipeline: Pipeline) -> Pipeline:
    pipeline.put("mine/leaf.png", picture())
    made = run(content_batch, briefs=BRIEFS, batch_id="kept")
    assert made.name == "Completed", made.message
    return pipeline


def test_a_batch_is_verified_and_its_damage_is_found_and_mended(kept: Pipeline) -> None:
    sound = run(verify, batch_id="kept")
    assert (sound.name, sound.type) == ("Verified", "COMPLETED"), sound.message
    assert sound.outcome["counts"]["ok"] == SCRIPTS + MEDIA + LEAF
    assert sound.outcome["files"] == []

    video, image = kept.body("kept/owl/video.mp4"), kept.body("kept/hare/image.png")
    middle = len(video) // 2
    flipped = video[:middle] + bytes([video[middle] ^ 1]) + video[middle + 1 :]
    kept.put("kept/owl/video.mp4", flipped)
    kept.put("kept/owl/stranger.png", picture())
    leaf = next(key for key in kept.objects("kept/hare") if key.startswith("inputs/"))
    for key in ("image.png", leaf):
        kept.delete(f"kept/hare/{key}")
    before = kept.posts()
    damaged = run(verify, batch_id="kept")
    assert (damaged.name, damaged.type) == ("Damaged", "FAILED")
    assert "kept/owl/video.mp4" in damaged.message
    assert "1 changed, 2 missing" in damaged.message
    assert "Run rescue" in damaged.message
    stem = leaf.rpartition(".")[0]
    assert findings(damaged) == {
        "kept/owl/video.mp4": "changed",
        "kept/hare/image.png": "missing",
        f"kept/hare/{stem}": "missing",
        "kept/owl/stranger.png": "unlisted",
    }
    (shown,) = kept.all("artifacts", artifacts={"flow_run_id": {"any_": [damaged.run_id]}})
    assert (shown["key"], "stranger.png" in shown["data"]) == ("verify-kept", True)

    mended = run(rescue, batch_id="kept")
    assert {job["job"]: job["fate"] for job in mended.outcome["jobs"]} == {
        "kept/hare/image": "recovered"
    }
    assert kept.body("kept/hare/image.png") == image
    kept.put("kept/owl/video.mp4", video)
    kept.put(f"kept/hare/{leaf}", picture())
    again = run(verify, batch_id="kept")
    assert (again.name, findings(again)) == ("Verified", {"kept/owl/stranger.png": "unlisted"})
    assert kept.posts() == before, "neither verify nor rescue buys anything"


def test_a_batch_whose_receipts_are_gone_is_known_by_its_manifest(kept: Pipeline) -> None:
    for key in kept.objects("kept/owl"):
        if key.startswith("receipts/"):
            kept.delete(f"kept/owl/{key}")
    kept.put("kept/hare/receipts/video.json", b"{}")
    found = run(verify, batch_id="kept")
    assert (found.name, found.type) == ("NotAllVerified", "FAILED")
    assert found.outcome["counts"]["ok"] == 1 + MEDIA + LEAF, "of the owl's script no hash is left"
    assert "hare/receipts/video.json" in found.outcome["unreadable"][0]


def test_a_batch_that_is_not_there_is_refused_by_name(kept: Pipeline) -> None:
    found = run(verify, batch_id="nowhere")
    assert (found.name, found.type) == ("Refused", "FAILED")
    assert "There is no batch nowhere in s3://" in found.message
