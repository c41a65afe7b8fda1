"""The assets flow over the real parts: media into a library and out of it, and always the list."""

import hashlib
import re
from typing import Any

import pytest

from flows.assets import assets
from tests.flows.spoken_parts import sample
from tests.landing.makers import picture
from tests.pipeline import Ended, Pipeline, run

pytestmark = pytest.mark.stack

FACE = "faces/anna.png"


@pytest.fixture(scope="module")
def face(pipeline: Pipeline) -> bytes:
    data = picture("PNG", 640, 400)
    pipeline.put(FACE, data)
    return data


def uploads(pipeline: Pipeline) -> int:
    seen = pipeline.account()["posts"]
    return sum(count for path, count in seen.items() if "pload" in path)


def table(pipeline: Pipeline, done: Ended) -> dict[str, Any]:
    found = pipeline.all("artifacts", artifacts={"flow_run_id": {"any_": [done.run_id]}})
    (one,) = [row for row in found if row["key"] == "assets"]
    return one


def test_media_come_into_a_library_once_and_are_listed(pipeline: Pipeline, face: bytes) -> None:
    web = pipeline.buy_image("a portrait")
    s3 = pipeline.put("faces/again.png", face)
    done = run(assets, upload=[FACE, web, s3])
    assert (done.name, done.type) == ("Completed", "COMPLETED"), done.message
    listed = done.outcome["assets"]
    sha256 = hashlib.sha256(face).hexdigest()
    by_hash = {one["sha256"]: one for one in listed}
    assert len(listed) == len(by_hash) == 2, "the same content is one asset"
    assert by_hash[sha256]["key"] == f"assets/media/{sha256}.png"
    assert (by_hash[sha256]["library"], by_hash[sha256]["kind"]) == ("seedance2", "image")
    assert pipeline.body(by_hash[sha256]["key"]) == face
    assert uploads(pipeline) == 2
    shown = table(pipeline, done)
    assert "3 of 3 done. 2 assets are known." in shown["description"]
    assert all(one["asset_id"] in shown["data"] for one in listed)

    before = uploads(pipeline)
    again = run(assets, upload=[FACE])
    assert again.outcome["assets"] == listed
    assert uploads(pipeline) == before
    logs = pipeline.logs(done.run_id, again.run_id)
    assert not [line for line in logs if re.search("X-Amz|signature=", line)]
    assert not re.search("X-Amz|https?:", str(done.outcome) + shown["data"])


def test_without_wishes_the_list_alone_is_told(pipeline: Pipeline, face: bytes) -> None:
    before = run(assets, upload=[FACE]).outcome["assets"]
    done = run(assets)
    assert (done.type, done.outcome["failed"]) == ("COMPLETED", [])
    assert done.outcome["assets"] == before
    assert "known" in done.message


@pytest.mark.parametrize("by", ["asset_id", "sha256"])
def test_an_asset_is_forgotten_by_its_id_or_its_content(
    pipeline: Pipeline, face: bytes, by: str
) -> None:
    there = run(assets, upload=[FACE], library="kyy_video2").outcome["assets"]
    (mine,) = [one for one in there if one["library"] == "kyy_video2"]
    gone = run(assets, forget=[mine[by], mine[by]], library="kyy_video2")
    assert gone.name == "Completed", gone.message
    assert "1 of 1 done" in gone.message
    left = [one["library"] for one in gone.outcome["assets"]]
    assert "kyy_video2" not in left
    assert "seedance2" in left, "another library's asset of the same content stays"
    assert pipeline.body(mine["key"]) == face


def test_one_bad_medium_stops_no_other(pipeline: Pipeline, face: bytes) -> None:
    pipeline.put("faces/voice.wav", sample(3))
    done = run(assets, upload=["faces/nobody.png", FACE, "faces/voice.wav"])
    assert (done.name, done.type) == ("PartlyDone", "COMPLETED")
    failed = {one["what"]: one["error"]["message"] for one in done.outcome["failed"]}
    assert "There is no file" in failed["faces/nobody.png"]
    assert "not image" in failed["faces/voice.wav"]
    heard = run(assets, upload=["faces/voice.wav"], kind="audio")
    assert "audio" in {one["kind"] for one in heard.outcome["assets"]}


def test_when_nothing_could_be_done_the_run_has_failed(pipeline: Pipeline, face: bytes) -> None:
    pipeline.chaos({"fault": "asset_failed", "route": "asset_upload", "times": None})
    pipeline.put("faces/other.png", picture("PNG", 400, 400))
    done = run(assets, upload=["faces/other.png"])
    pipeline.chaos()
    assert (done.name, done.type) == ("NothingDone", "FAILED")
    assert "审核未通过" in done.message
    (failed,) = done.outcome["failed"]
    assert failed["error"]["charged"] == "no"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"library": "mine"}, "kyy_video2, sd2_manxue, seedance2"),
        ({"kind": "document"}, "image, video, audio"),
        ({"forget": ["asset-nobody"]}, "no known asset of seedance2"),
        ({"forget": ["0" * 64], "library": "kyy_video2"}, "no known asset of kyy_video2"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(
    pipeline: Pipeline, face: bytes, wrong: dict[str, Any], told: str
) -> None:
    before = uploads(pipeline)
    pipeline.put("faces/new.png", picture("PNG", 500, 500))
    refused = run(assets, upload=["faces/new.png"], **wrong)
    assert (refused.name, refused.type) == ("Refused", "FAILED")
    assert told in refused.message
    assert uploads(pipeline) == before
