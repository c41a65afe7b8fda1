"""What each media endpoint refuses, in the words of its page; nothing is accepted or charged."""

from typing import Any

import pytest

from sandbox.settings import MEDIA_BASE
from tests.sandbox.good_requests import GOOD, TEXT, part
from tests.sandbox.running import FAST, Running

URL = "http://127.0.0.1:9/a"
DATA = "data:image/png;base64,AAAA"
FIRST, LAST = part("image", URL, "first_frame"), part("image", URL, "last_frame")
SEEN, FILM = part("image", URL, "reference_image"), part("video", URL, "reference_video")
HEARD = part("audio", URL, "reference_audio")
SPECIAL = "sd_2.0_special_720p"

# The endpoint, what differs from its good request, and what the refusal says. None takes a field
# away.
REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("gpt_image_2", {"quality": "best"}, "low, medium, high"),
    ("gpt_image_2", {"size": "1000x1000"}, "1024x1024"),
    ("gpt_image_2", {"size": None, "resolution": "8k", "ratio": "1:1"}, "1k, 2k, 4k"),
    ("gpt_image_2", {"size": None, "ratio": "7:3"}, "16:9"),
    ("gpt_image_2", {"image_urls": [URL] * 7}, "at most 6"),
    ("gpt_image_2", {"model": "gpt-image-2-o", "image_urls": []}, "left out"),
    ("sora", {"image_urls": [URL]}, "together"),
    ("veo", {"resolution": "480p"}, "720p, 1080p"),
    ("veo", {"model": "veo_3_1_fast_stable"}, "at most 0"),
    ("veo", {"model": "veo_3_1_pro_stable", "resolution": "4k"}, "720p, 1080p"),
    ("veo", {"input_reference": [URL] * 4}, "at most 3"),
    ("veo", {"first_image": URL}, "together"),
    ("veo", {"input_reference": None, "last_image": URL}, "needs first"),
    ("veo", {"aspect_ratio": "1:1"}, "16:9, 9:16"),
    ("seedance_1_5", {"content": [TEXT, TEXT]}, "exactly one text"),
    ("seedance_1_5", {"content": [TEXT, SEEN]}, "at most 0"),
    ("seedance_1_5", {"content": [TEXT, LAST]}, "needs first"),
    ("seedance_1_5", {"content": [TEXT, FIRST, FIRST]}, "first frame"),
    ("seedance_1_5", {"content": [TEXT | {"text": "猫" * 501}]}, "500 Chinese"),
    ("seedance_1_5", {"content": [TEXT | {"text": "cat " * 1001}]}, "1000 words"),
    ("seedance_1_5", {"content": "a cat"}, "array"),
    ("seedance_1_5", {"content": [TEXT, {"type": "smell_url"}]}, "smell_url"),
    ("seedance_1_5", {"content": [TEXT, {"type": "image_url", "image_url": URL}]}, "url"),
    ("seedance_1_5", {"duration": 3}, "4, 5"),
    ("seedance_1_5", {"generate_audio": "yes"}, "true or false"),
    ("seedance_2_0", {"referenceVideos": None}, "at least 1"),
    ("seedance_2_0", {"referenceVideos": [URL] * 4}, "at most 3"),
    ("seedance_2_0", {"model": "seedance_2_0_pro", "first_image": URL}, "together"),
    ("seedance_2_0", {"duration": "10"}, "integer"),
    ("seedance_2_0", {"generateAudio": "true"}, "true or false"),
    ("seedance_2_0", {"referenceVideos": ["asset://asset-nobody"]}, "asset not found"),
    ("seedance_2_0", {"referenceVideos": ["ftp://a/b"]}, "http"),
    ("seedance_x1", {"content": [TEXT]}, "at least one image"),
    ("seedance_x1", {"content": [TEXT, HEARD]}, "needs a reference image or video"),
    ("seedance_x1", {"content": [TEXT, FIRST, SEEN]}, "together"),
    ("seedance_x1", {"resolution": "2k"}, "480p, 720p, 1080p"),
    ("seedance_x1", {"ratio": "adaptive"}, "16:9"),
    ("seedance_x1", {"content": [TEXT, part("image", URL, "reference_video")]}, "no role"),
    ("seedance_special", {"model": SPECIAL}, "_with_video_ref"),
    ("seedance_special", {"content": [TEXT, SEEN]}, "_with_video_ref"),
    ("seedance_special", {"model": SPECIAL, "content": [TEXT, HEARD]}, "needs a reference image"),
    ("seedance_special", {"model": SPECIAL, "content": [TEXT, FIRST, SEEN]}, "together"),
    ("seedance_special", {"model": SPECIAL, "content": [TEXT, *[SEEN] * 10]}, "at most 9"),
    ("seedance_special", {"model": SPECIAL, "content": [TEXT, part("image", DATA)]}, "http"),
    ("seedance_special", {"watermark": False}, "not supported"),
    ("seedance_special", {"seed": -2}, "between -1"),
    ("seedance_special", {"return_last_frame": "yes"}, "true or false"),
    ("seedance_discount", {"callback_url": URL}, "not supported"),
    ("seedance_discount", {"duration": 16}, "15"),
    ("vidu", {"first_image": None}, "needs first"),
    ("vidu", {"resolution": "480p"}, "540p, 720p, 1080p"),
    ("vidu", {"duration": 17}, "16"),
    ("grok", {"image_urls": [URL] * 8}, "at most 7"),
    ("grok", {"model": "grok_video3_max", "aspect_ratio": "1:1", "image_urls": [DATA]}, "http"),
    ("grok", {"model": "grok_video3_pro", "duration": 10, "aspect_ratio": "1:1"}, "16:9"),
    ("grok", {"model": "grok_video3_max", "duration": 7, "aspect_ratio": "1:1"}, "6, 10, 12"),
    ("starvideos", {"first_image": None}, "needs first"),
    ("starvideos", {"referenceImages": [URL]}, "together"),
    (
        "starvideos",
        {"first_image": None, "last_image": None, "referenceImages": [URL] * 5,
         "referenceVideos": [URL]},
        "At most 4",
    ),
    ("starvideos", {"first_image": [URL, URL]}, "one image"),
    ("videos", {"referenceImages": None}, "needs a reference image"),
    ("videos", {"model": "videos_stable", "prompt": "x" * 5001}, "5000"),
    ("videos", {"model": "videos_stable", "referenceAudios": [URL] * 2}, "at most 1"),
    ("videos", {"model": "videos_stable", "ratio": "21:9"}, "16:9, 9:16, 1:1"),
    ("videos", {"resolution": "1080p"}, "720p"),
    ("videos", {"image": URL + "1", "first_image": URL}, "Parameter conflict"),
    ("sd2_manxue", {"model": "sd2_manxue_720p"}, "at most 0"),
    ("sd2_manxue", {"first_image": URL}, "together"),
    ("sd2_manxue", {"referenceVideos": None, "last_image": URL}, "needs first"),
    ("sd2_manxue", {"lastFrameImage": URL, "last_image": URL + "1"}, "Parameter conflict"),
    ("luxvid", {"prompt": "x" * 1501}, "1500"),
    ("luxvid", {"referenceImages": [URL]}, "together"),
    ("luxvid", {"resolution": "1080p"}, "720p"),
    ("omni_flash", {"seconds": 10}, "string"),
    ("omni_flash", {"duration": 10}, "together"),
    ("omni_flash", {"seconds": "8"}, "10"),
    ("omni_flash", {"images": None, "input_video": DATA}, "http"),
    ("omni_flash", {"first_image_url": URL}, "together"),
    ("omni_flash", {"images": None, "last_image_url": URL}, "needs first"),
    ("omni_flash", {"referenceImages": [URL + "1"]}, "Parameter conflict"),
    ("happyhorse_t2v", {"resolution": "720p"}, "720P"),
    ("happyhorse_t2v", {"prompt": "猫" * 2501}, "2500 Chinese"),
    ("happyhorse_t2v", {"seed": -1}, "between 0"),
    ("happyhorse_i2v", {"first_image": None}, "required"),
    ("happyhorse_i2v", {"first_image": DATA}, "http"),
    ("happyhorse_r2v", {"referenceImages": []}, "at least 1"),
    ("happyhorse_r2v", {"referenceImages": [URL] * 10}, "at most 9"),
    ("happyhorse_edit", {"referenceVideos": [URL] * 2}, "at most 1"),
    ("happyhorse_edit", {"referenceVideos": None}, "at least 1"),
    ("happyhorse_edit", {"audioSetting": "mute"}, "auto, origin"),
    ("digital_human", {"audioUrl": "http://a/声音.mp3"}, "Chinese"),
    ("digital_human", {"videoUrl": "asset://a"}, "http"),
    ("digital_human", {"modelVersion": 3}, "1, 2"),
    ("digital_human", {"sideFace": True}, "0, 1"),
    ("voice_clone", {"contentText": "猫" * 270}, "269"),
    ("voice_clone", {"soundVersion": "v3"}, "v1, v2"),
    ("voice_clone", {"language": "Klingon"}, "Chinese"),
    ("voice_clone", {"language": "Swedish"}, "v2"),
    ("speech", {"modelId": "voice_of_nobody"}, "modelId"),
    ("speech", {"modelId": "voice_2_of_another_seed"}, "modelId"),
    ("speech", {"contentText": "x" * 10_000}, "9999"),
    ("speech", {"emotion": "bored"}, "neutral"),
    ("speech", {"speed": 2.5}, "between 0.5 and 2"),
    ("speech", {"vol": 0}, "between 0 and 10"),
    ("speech", {"pitch": 13}, "between -12 and 12"),
    ("speech", {"subtitleType": "line"}, "word"),
    ("model_center", {"prompt": ""}, "prompt is required"),
    ("model_center", {"duration": 31}, "10, 11"),
    ("model_center", {"resolution": "768P"}, "768p"),
    ("model_center", {"reference_images": None}, "needs a reference image"),
    ("model_center", {"reference_images": [DATA]}, "http"),
    ("model_center", {"first_image": [URL]}, "no first frame"),
    ("model_center", {"seed": "7.5"}, "integer"),
    ("model_center", {"watermark": "no"}, "true or false"),
    ("model_center", {"reference_mode": "both"}, "image, frame"),
    ("model_center", {"size": "2560x1440"}, "left out"),
)  # fmt: skip

MISSING: tuple[tuple[str, str], ...] = (
    ("gpt_image_2", "prompt"),
    ("vidu", "model"),
    ("seedance_x1", "content"),
    ("videos", "duration"),
    ("digital_human", "audioUrl"),
    ("digital_human", "videoUrl"),
    ("voice_clone", "fileUrl"),
    ("speech", "modelId"),
    ("speech", "contentText"),
)


def _asked(box: Running, name: str, changes: dict[str, Any]) -> Any:
    good = GOOD[name]
    # Placeholders of media become an address: nothing is fetched before a request is accepted.
    body = _placed(good.body) | changes
    body = {field: value for field, value in body.items() if value is not None}
    return box.http.post(MEDIA_BASE + good.path, json=body)


def _placed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _placed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_placed(item) for item in value]
    return URL if isinstance(value, str) and value.startswith("<") else value


@pytest.mark.parametrize(("name", "changes", "says"), REFUSED)
def test_it_is_refused_and_costs_nothing(
    box: Running, name: str, changes: dict[str, Any], says: str
) -> None:
    answer = _asked(box, name, changes)

    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    assert error["code"] == "HTTP_400_C400999"
    assert error["message"].startswith("[SY_ERR:60] HTTP 400: ")
    assert says in error["message"]
    assert box.account()["totals"]["jobs"] == 0


@pytest.mark.parametrize(("name", "field"), MISSING)
def test_what_is_missing_is_named_under_200(box: Running, name: str, field: str) -> None:
    answer = _asked(box, name, {field: None})
    assert (answer.status_code, answer.json()) == (200, {"msg": f"缺少必填参数: {field}"})


@pytest.mark.parametrize("name", GOOD)
def test_every_endpoint_knows_its_own_models_only(box: Running, name: str) -> None:
    answer = _asked(box, name, {"model": "nobody-s-model"})
    assert (answer.status_code, answer.json()) == (400, {"error": {"message": "模型不可用"}})


@pytest.mark.parametrize("name", GOOD)
def test_fields_that_nobody_names_pass(box: Running, name: str) -> None:
    answer = _asked(box, name, {"some_new_switch": {"deep": [1, None]}})
    assert answer.status_code == 200
    assert "id" in answer.json()


@pytest.mark.parametrize("name", GOOD)
def test_every_endpoint_checks_the_key(box: Running, name: str) -> None:
    answer = box.plain.post(MEDIA_BASE + GOOD[name].path, json=GOOD[name].body)
    assert (answer.status_code, answer.json()["code"]) == (200, "204")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("veo", {"resolution": "720P"}),
        ("seedance_1_5", {"duration": -1}),
        ("omni_flash", {"seconds": None, "duration": 10}),
        ("omni_flash", {"images": None, "referenceImages": [URL]}),
        ("omni_flash", {"images": None, "input_video": URL}),
        ("gpt_image_2", {"ratio": "16:9", "resolution": "2k"}),
        ("gpt_image_2", {"model": "gpt-image-2-r", "quality": "ignored"}),
        ("model_center", {"seed": "-1", "watermark": "false"}),
        ("model_center", {"reference_audios": [], "audio_reference": URL}),
        ("seedance_special", {"generate_audio": True}),
        ("seedance_special", {"resolution": "720p"}),
        ("digital_human", {"model": None}),
        ("voice_clone", {"model": None, "language": "Swedish", "soundVersion": "v2"}),
        ("speech", {"model": None, "speed": 0.5, "vol": 10, "pitch": -12, "emotion": "sad"}),
        ("luxvid", {"last_image": None}),
    ],
)
def test_what_pages_or_integrators_do_is_accepted(
    box: Running, name: str, changes: dict[str, Any]
) -> None:
    answer = _asked(box, name, changes)
    assert "id" in answer.json(), answer.json()


def test_base64_that_is_too_large_is_abnormal_data(box: Running) -> None:
    answer = _asked(box, "grok", {"image_urls": [DATA + "A" * 10_000_000]})
    assert (answer.status_code, answer.json()["msg"]) == (200, "数据异常")


def test_unknown_models_are_only_looked_at_for_their_types() -> None:
    running = Running.start(*FAST, "--any-model")
    try:
        for changes, status in (({"duration": 99}, 200), ({"duration": "5"}, 400)):
            body = {"model": "viduq9", "last_image": URL} | changes
            answer = _asked(running, "vidu", body)
            assert answer.status_code == status
    finally:
        running.stop()
