"""Every media endpoint: its documented request, its answers' shape, and the file it makes."""

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sandbox import films
from sandbox.__main__ import main
from sandbox.endpoints import ENDPOINTS
from sandbox.settings import MEDIA_BASE
from tests.sandbox.asking import finished, found_at, link_of, sound_seconds
from tests.sandbox.conftest import ReferenceHost
from tests.sandbox.good_requests import (
    CLIP,
    GOOD,
    LONG_SOUND,
    OTHER,
    PICTURE,
    SOUND,
    TEXT,
    Good,
    media,
    part,
    png,
)
from tests.sandbox.running import FAST, Running, difference, frames_of


def test_every_endpoint_of_the_table_has_its_request_here() -> None:
    assert {row.row_name for row in ENDPOINTS} == set(GOOD)
    assert {row.row_name: row.path for row in ENDPOINTS} == {n: g.path for n, g in GOOD.items()}


@pytest.mark.parametrize("name", GOOD)
def test_the_documented_request_is_made_as_asked(
    box: Running, host: ReferenceHost, name: str
) -> None:
    good = GOOD[name]
    body = found_at(host, good.body)
    created = box.http.post(MEDIA_BASE + good.path, json=body).json()

    task = finished(box, good.path, body)

    assert list(created) == ["id", "object", "created", "model", "status", "error"]
    assert (created["object"], created["status"]) == (good.objects[0], "queued")
    assert re.fullmatch(good.prefix + r"[0-9a-f-]{24,36}", created["id"])
    assert (task["status"], task["object"]) == ("completed", good.objects[1]), task
    assert task["amount"] > 0
    assert set(good.also) <= {field for field, value in task.items() if value}
    answer = box.plain.get(link_of(task))
    assert answer.status_code == 200
    _check_file(good, task, answer.headers["content-type"], answer.content)


def _check_file(good: Good, task: dict[str, Any], kind: str, data: bytes) -> None:
    if kind == "image/png":
        with Image.open(BytesIO(data)) as image:
            image.load()
            assert image.size == good.size
    elif kind == "video/mp4":
        frames = frames_of(data)
        assert (frames[0].size, len(frames)) == (good.size, round(good.seconds * 24))
        assert task["actualDuration"] == good.seconds
        assert sound_seconds(data) == pytest.approx(good.seconds if good.sound else 0, abs=0.15)
    else:
        assert kind in ("audio/wav", "audio/mpeg")
        assert sound_seconds(data) == pytest.approx(good.seconds, abs=0.15)


def test_a_film_ends_on_its_last_frame(box: Running, host: ReferenceHost) -> None:
    good = GOOD["vidu"]
    body = found_at(host, good.body) | {"aspect_ratio": "16:9", "resolution": "720p"}
    frames = frames_of(box.plain.get(link_of(finished(box, good.path, body))).content)

    pictures = [Image.open(BytesIO(media()[name])) for name in (PICTURE, OTHER)]

    assert difference(frames[0], pictures[0]) < 5
    assert difference(frames[-1], pictures[1]) < 5
    assert difference(frames[10], pictures[1]) > 20


def test_a_last_frame_alone_is_not_the_beginning(box: Running, host: ReferenceHost) -> None:
    good = GOOD["luxvid"]
    body = found_at(host, good.body) | {"ratio": "16:9"}
    frames = frames_of(box.plain.get(link_of(finished(box, good.path, body))).content)
    with Image.open(BytesIO(media()[OTHER])) as last:
        assert difference(frames[-1], last) < 5 < difference(frames[0], last)


def test_the_last_frame_that_was_asked_for_is_the_film_s(box: Running, host: ReferenceHost) -> None:
    good = GOOD["seedance_special"]
    task = finished(box, good.path, found_at(host, good.body))
    frames = frames_of(box.plain.get(task["video_url"]).content)
    with Image.open(BytesIO(box.plain.get(task["last_frame_url"]).content)) as last:
        assert difference(frames[-1], last) == 0


def test_a_reference_video_decides_length_and_shape_where_the_page_says_so(
    box: Running, host: ReferenceHost
) -> None:
    body = GOOD["starvideos"].body | {"first_image": "", "last_image": ""}
    asked = found_at(host, body | {"duration": 9, "referenceVideos": [CLIP]})
    task = finished(box, GOOD["starvideos"].path, asked)
    assert (task["status"], task["actualDuration"]) == ("completed", 3)
    assert frames_of(box.plain.get(task["video_url"]).content)[0].size == (1280, 720)


def test_tokens_are_text_where_they_were_seen_as_text(box: Running, host: ReferenceHost) -> None:
    for name, kind in (("vidu", str), ("seedance_2_0", str), ("seedance_special", int)):
        task = finished(box, GOOD[name].path, found_at(host, GOOD[name].body))
        assert isinstance(task["totalTokens"], kind)


def test_seedance_2_0_answers_under_another_name(box: Running, host: ReferenceHost) -> None:
    good = GOOD["seedance_2_0"]
    answer = box.http.post(MEDIA_BASE + good.path, json=found_at(host, good.body)).json()
    assert answer["model"] == "seedance_2_0_fast"
    assert box.account()["jobs"][0]["model"] == "seedance_2_0"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("videos", {"image": PICTURE, "lastFrameImage": OTHER}),
        ("videos", {"model": "videos_fast"}),
        ("sd2_manxue", {"model": "sd2_manxue_1080p", "image": PICTURE}),
    ],
)
def test_older_words_are_answered_in_the_older_shape(
    box: Running, host: ReferenceHost, name: str, changes: dict[str, Any]
) -> None:
    plain = {"model": "videos", "prompt": "a cat", "duration": 4}
    body = found_at(host, plain | changes)

    created = box.http.post(MEDIA_BASE + GOOD[name].path, json=body).json()

    assert (created["code"], created["msg"], list(created["data"])) == ("0", None, ["projectId"])
    task_id = created["data"]["projectId"]
    assert task_id.startswith("proj_")
    assert box.look(task_id).json()["id"] == task_id


def test_old_and_new_names_may_say_the_same(box: Running, host: ReferenceHost) -> None:
    body = {"model": "sd2_manxue_720p", "prompt": "a cat", "first_image": PICTURE, "image": PICTURE}
    answer = box.http.post(MEDIA_BASE + GOOD["sd2_manxue"].path, json=found_at(host, body))
    assert "data" in answer.json()


def test_older_starvideos_take_frames_as_a_list(box: Running, host: ReferenceHost) -> None:
    body = {"model": "starvideos_v3", "prompt": "x", "duration": 3,
            "images": [PICTURE, OTHER, "http://127.0.0.1:9/never-fetched"]}  # fmt: skip
    task = finished(box, GOOD["starvideos"].path, found_at(host, body))
    assert task["status"] == "completed"
    assert host.asked == ["/picture", "/other"]


def test_base64_is_taken_where_the_page_allows_it(box: Running) -> None:
    data = "data:image/png;base64," + base64.b64encode(png((64, 64), flipped=False)).decode()
    body = GOOD["grok"].body | {"image_urls": [data]}
    assert finished(box, GOOD["grok"].path, body)["status"] == "completed"
    assert len(box.account()["jobs"][0]["request"]["image_urls"][0]) < 80


@pytest.mark.parametrize(
    ("name", "changes", "why"),
    [
        ("happyhorse_i2v", {"first_image": "small"}, "300"),
        ("happyhorse_r2v", {"referenceImages": ["small"]}, "400"),
        ("happyhorse_edit", {"referenceVideos": ["short"]}, "Duration must be between 3s and 60s"),
        ("seedance_2_0", {"referenceVideos": ["broken"]}, "not a readable video"),
        ("voice_clone", {"fileUrl": SOUND}, "Duration must be between 15s and 60s"),
        ("voice_clone", {"fileUrl": PICTURE}, "not readable audio"),
        ("digital_human", {"videoUrl": "nowhere"}, "素材 URL 无法访问"),
        ("sd2_manxue", {"referenceAudios": [LONG_SOUND]}, "at most 15 s"),
        ("model_center", {"reference_videos": ["short"]}, "between 1.8s and 30.2s"),
    ],
)
def test_media_that_cannot_be_used_fail_the_job_uncharged(
    box: Running, host: ReferenceHost, tmp_path: Path, name: str, changes: dict[str, Any], why: str
) -> None:
    films.write(films.Film("x", "", (640, 480), 1, "s", None), tmp_path / "short.mp4")
    host.put("small", png((280, 300), flipped=False))
    host.put("short", (tmp_path / "short.mp4").read_bytes())
    host.put("broken", media()[CLIP][:3000])
    own = {"small", "short", "broken", "nowhere"}

    def placed(value: Any) -> Any:
        if isinstance(value, list):
            return [placed(item) for item in value]
        return f"{host.base}/{value}" if value in own else found_at(host, value)

    body = found_at(host, GOOD[name].body) | {n: placed(v) for n, v in changes.items()}
    task = finished(box, GOOD[name].path, body)

    error = task["error"]
    assert why in (error["message"] if isinstance(error, dict) else error)
    assert box.account()["jobs"][0]["billed"] is False


def test_assets_stand_for_their_media(box: Running, host: ReferenceHost) -> None:
    upload = {"assetType": "Image", "url": found_at(host, PICTURE), "name": "cat"}
    answer = box.http.post(MEDIA_BASE + "/kyyVideo2/asset/upload", json=upload).json()
    asset = "asset://" + answer["data"]["assetId"]
    body = {"model": "seedance_2_0_pro", "prompt": "x", "duration": 4, "referenceImages": [asset]}
    for _ in range(2000):
        created = box.http.post(MEDIA_BASE + GOOD["seedance_2_0"].path, json=body)
        if created.status_code == 200:
            break
    assert box.finished(created)["status"] == "completed"
    assert "/picture" in host.asked


def test_one_s_own_models_and_unknown_ones(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[model]]\nnames = ["vidu-next"]\nendpoint = "vidu"\nmakes = "video"\nseconds = [2]\n'
        'default_seconds = 2\nratios = ["16:9"]\n'
    )
    answers = {}
    for flags in (("--catalogue", str(own)), ("--any-model",)):
        running = Running.start(*FAST, *flags)
        try:
            for model in ("vidu-next", "vidu-never"):
                body = {"model": model, "prompt": "x", "duration": 2, "aspect_ratio": "16:9"}
                answer = running.http.post(MEDIA_BASE + GOOD["vidu"].path, json=body)
                answers[flags[0], model] = answer.status_code
        finally:
            running.stop()
    assert answers == {
        ("--catalogue", "vidu-next"): 200,
        ("--catalogue", "vidu-never"): 400,
        ("--any-model", "vidu-next"): 200,
        ("--any-model", "vidu-never"): 200,
    }


def test_a_catalogue_that_cannot_be_read_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("[[model]]\n")
    assert main(["--catalogue", str(tmp_path / "bad.toml")]) == 2
    assert "bad.toml" in capsys.readouterr().err


def test_rules_of_chaos_name_an_endpoint_either_way(box: Running) -> None:
    for route in ("banana", "nano_banana"):
        box.chaos({"fault": "error", "route": route})
        assert box.image().status_code == 502
        assert box.image().status_code == 200


@pytest.mark.parametrize("fault", ["accepted_202", "no_id", "wrapped"])
def test_faults_bend_the_older_answer_as_well(box: Running, fault: str) -> None:
    box.chaos({"fault": fault, "route": "videos"})
    body = {"model": "videos_fast", "prompt": "x", "duration": 4}
    answer = box.http.post(MEDIA_BASE + GOOD["videos"].path, json=body)
    assert answer.status_code == (202 if fault == "accepted_202" else 200)
    found = answer.json().get("data", {})
    assert list(found) == ([] if fault == "no_id" else ["projectId"])


def test_words_of_a_content_part_are_the_prompt(box: Running, host: ReferenceHost) -> None:
    content = [TEXT | {"text": "[moderate] a cat"}, part("image", PICTURE)]
    body = found_at(host, GOOD["seedance_x1"].body | {"content": content})
    assert finished(box, GOOD["seedance_x1"].path, body)["error"] == "content rejected"
