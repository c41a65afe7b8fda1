"""The model center (v2): its ids, its wrappers, and what only it spells so."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from sandbox.settings import MEDIA_BASE
from tests.sandbox.asking import CENTER, finished, found_at, link_of
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.good_requests import (
    OTHER,
    PICTURE,
    media,
)
from tests.sandbox.running import Running, difference, frames_of


def test_each_version_looks_up_its_own_ids_only(box: Running) -> None:
    body = {"model": "wan2.7-t2v", "prompt": "a cat", "duration": 4}
    newer = box.http.post(CENTER, json=body).json()["id"]
    older = box.video().json()["id"]

    for url in (f"{CENTER}/{older}", f"{MEDIA_BASE}/v1/result/{newer}", f"{CENTER}/mcp_nobody"):
        answer = box.http.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert box.http.get(f"{CENTER}/{newer}").status_code == 200


def test_the_model_center_wraps_some_answers_and_not_others(box: Running) -> None:
    wrappers, fields = set(), set()
    for number in range(30):
        body = {"model": "wan2.7-t2v", "prompt": f"cat {number}", "duration": 4}
        task_id = box.http.post(CENTER, json=body).json()["id"]
        looks = [box.http.get(f"{CENTER}/{task_id}").json() for _ in range(2)]
        task = looks[0].get("data", looks[0])
        assert [looks[0].get("code"), set(looks[0])] == [looks[1].get("code"), set(looks[1])]
        wrappers.add((looks[0].get("code"), "data" in looks[0]))
        fields.add(tuple(name for name in ("video_url", "result_url") if name in task))
        assert task["usage"]["total_tokens"] == task["totalTokens"]
    assert wrappers == {(None, False), (None, True), (0, True), ("0", True)}
    assert fields == {("video_url",), ("result_url",), ("video_url", "result_url")}


def test_the_model_center_makes_images_too(box: Running) -> None:
    for model, changes, size in (
        ("seedream_5.0Pro", {"resolution": "1K", "aspect_ratio": "3:2"}, (1264, 848)),
        ("seedream-5.0", {"size": "1000x600"}, (1000, 600)),
    ):
        task = finished(box, "/v2/model-center/tasks", {"model": model, "prompt": "x"} | changes)
        with Image.open(BytesIO(box.plain.get(link_of(task)).content)) as image:
            assert image.size == size
        assert box.account()["jobs"][-1]["kind"] == "image"


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({"model": "model_center/seedance_1_5_pro_480p", "size": "1:1"}, (480, 480)),
        ({"model": "minimax-h3", "duration": 5, "size": "1440x1440"}, (1440, 1440)),
        ({"model": "minimax-h3", "duration": 5, "resolution": "2k"}, (1920, 1080)),
    ],
)
def test_sizes_of_the_model_center(
    box: Running, body: dict[str, Any], size: tuple[int, int]
) -> None:
    asked = {"prompt": "x", "duration": 4} | body
    asked["model"] = asked["model"].removeprefix("model_center/")
    task = finished(box, "/v2/model-center/tasks", asked)
    assert frames_of(box.plain.get(link_of(task)).content)[0].size == size


def test_frames_ride_among_the_references_when_the_mode_says_so(
    box: Running, host: ReferenceHost
) -> None:
    body = {"model": "videos_fast_933_c1", "prompt": "x", "duration": 4, "aspect_ratio": "16:9",
            "resolution": "720p", "reference_mode": "frame", "face_processing": "true",
            "reference_images": [PICTURE, OTHER]}  # fmt: skip
    task = finished(box, "/v2/model-center/tasks", found_at(host, body))
    with Image.open(BytesIO(media()[OTHER])) as last:
        assert difference(frames_of(box.plain.get(link_of(task)).content)[-1], last) < 5


def test_a_rule_for_images_strikes_images_of_the_model_center(box: Running) -> None:
    box.chaos({"fault": "job_failed", "kind": "image", "times": None})
    image = finished(box, "/v2/model-center/tasks", {"model": "seedream_5.0Pro", "prompt": "x"})
    video = finished(box, "/v2/model-center/tasks", {"model": "wan2.7-t2v", "prompt": "x"})
    assert (image["status"], video["status"]) == ("failed", "completed")
    assert image["error"] == {"message": "generation failed"}
