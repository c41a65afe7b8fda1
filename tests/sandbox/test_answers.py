"""The documented shapes, and the refusals that integrators saw."""

import json
import re

import pytest
from starlette.requests import Request

from sandbox import account
from sandbox.jobs import Book
from sandbox.settings import DEMO_KEY, MEDIA_BASE, TEXT_BASE, Settings
from tests.sandbox.running import IMAGE, SCRIPT, Running

BANANA, SORA = MEDIA_BASE + "/v1/banana/images", MEDIA_BASE + "/v1/sora/videos"


def test_a_create_is_flat_and_queued_with_the_family_s_object_and_id(box: Running) -> None:
    image, video = box.image().json(), box.video().json()

    assert list(image) == ["id", "object", "created", "model", "status", "error"]
    assert (image["object"], image["status"], image["error"]) == ("nanobanana", "queued", None)
    assert (video["object"], video["status"]) == ("video.generation", "queued")
    assert re.fullmatch(r"image_[0-9a-f]{24}", image["id"])
    assert re.fullmatch(r"sora_[0-9a-f]{24}", video["id"])


def test_a_finished_image_has_its_url_and_amount(box: Running) -> None:
    task = box.finished(box.image())

    assert task["object"] == "image.generation"  # not the create's "nanobanana"
    assert task["image_url"].startswith(box.base + "/media/")
    assert (task["amount"], task["error"]) == (0.12, None)


def test_a_finished_video_s_length_is_a_decimal_number(box: Running) -> None:
    created = box.video()
    box.finished(created)

    body = box.look(created.json()["id"]).text

    assert '"actualDuration": 4.000000' in body
    assert '"amount": 0.40' in body


def test_a_running_job_shows_progress_and_no_url() -> None:
    running = Running.start("--video-seconds", "1000")
    try:
        task = running.look(running.video().json()["id"]).json()
    finally:
        running.stop()
    assert (task["status"], task["video_url"], task["error"]) == ("queued", None, None)


def test_chat_answers_in_openai_s_shape_with_usage(box: Running) -> None:
    answer = box.chat(messages=[{"role": "user", "content": "Hello, introduce yourself"}]).json()

    choice = answer["choices"][0]
    assert (answer["object"], choice["finish_reason"]) == ("chat.completion", "stop")
    assert "Hello, introduce yourself" in choice["message"]["content"]
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


@pytest.mark.parametrize("topic", ["a red kite over dunes", "夜雨中的江南古镇"])
def test_the_script_step_gets_two_prompts_about_the_topic(box: Running, topic: str) -> None:
    asked = [SCRIPT["messages"][0], {"role": "user", "content": f"Topic: {topic}\nRatio: 16:9"}]

    script = json.loads(box.chat(messages=asked).json()["choices"][0]["message"]["content"])

    assert set(script) == {"image_prompt", "video_prompt"}
    assert all(topic in prompt and len(prompt) > len(topic) + 8 for prompt in script.values())
    assert ("镜头" in script["video_prompt"]) == (topic[0] > "\u3000")


def test_json_mode_alone_also_asks_for_the_script(box: Running) -> None:
    asked = [{"role": "user", "content": "a kite"}]
    answer = box.chat(messages=asked, response_format={"type": "json_object"}).json()
    assert "image_prompt" in json.loads(answer["choices"][0]["message"]["content"])


@pytest.mark.parametrize("header", [None, "Bearer wrong", DEMO_KEY, f"bearer {DEMO_KEY}"])
def test_a_wrong_key_is_a_business_error_under_200_on_the_media_host(
    box: Running, header: str | None
) -> None:
    headers = {"Authorization": header} if header else {}
    for answer in (
        box.plain.post(BANANA, json=IMAGE, headers=headers),
        box.plain.get(f"{MEDIA_BASE}/v1/result/x", headers=headers),
    ):
        assert (answer.status_code, answer.json()) == (200, {"code": "204", "msg": "登录验证失败"})
    assert box.account()["totals"]["jobs"] == 0


def test_a_wrong_key_is_401_on_the_text_host(box: Running) -> None:
    answer = box.plain.post(TEXT_BASE + "/v1/chat/completions", json=SCRIPT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert box.account()["totals"]["texts"] == 0


def test_a_model_that_the_key_may_not_use_is_403_on_both_hosts() -> None:
    running = Running.start("--forbid-model", "nano-banana-2", "--forbid-model", "gpt-5.4")
    try:
        image, text = running.image(), running.chat()
    finally:
        running.stop()
    assert (image.status_code, image.json()) == (403, {"error": {"message": "模型不可用"}})
    assert text.status_code == 403


def test_wrong_paths_and_methods_answer_as_the_provider_s_router_does(box: Running) -> None:
    doubled = MEDIA_BASE + MEDIA_BASE + "/v1/sora/videos"
    wrong_path, wrong_method = box.http.post(doubled, json={}), box.http.get(SORA)
    models = box.http.get(MEDIA_BASE + "/v1/models")

    assert wrong_path.status_code == wrong_method.status_code == 200
    assert wrong_path.json() == {
        "code": 500,
        "data": None,
        "msg": f"No handler found for POST {doubled}",
    }
    assert wrong_method.json()["msg"] == "Request method 'GET' not supported"
    assert (models.status_code, models.json()["message"]) == (
        404,
        f"No handler found for GET {MEDIA_BASE}/v1/models",
    )
    assert box.http.get(TEXT_BASE + "/v1/nothing").status_code == 404


def test_an_unknown_task_is_404(box: Running) -> None:
    answer = box.look("sora_never_made")
    assert (answer.status_code, answer.json()["code"]) == (404, 404)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"prompt": "x" * 5001}, "5000"),
        ({"size": "1920x1080"}, "1280x720"),
        ({"aspect_ratio": "16:9"}, "together"),
        ({"seconds": 4}, "together"),
        ({"duration": 5}, "4, 8, 12"),
        ({"duration": True}, "4, 8, 12"),
        ({"image_urls": ["http://a/1.png", "http://a/2.png"]}, "at most 1"),
        ({"image_urls": ["http://a/1.png"], "input_reference": "http://a/2.png"}, "together"),
        ({"image_urls": ["data:image/png;base64,AAAA"]}, "http"),
        ({"prompt": 7}, "string"),
    ],
)
def test_what_the_pages_forbid_is_refused_and_costs_nothing(
    box: Running, changes: dict[str, object], word: str
) -> None:
    answer = box.video(**changes)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "HTTP_400_C400999")
    assert error["message"].startswith("[SY_ERR:60] HTTP 400: ")
    assert word in error["message"]
    assert box.account()["totals"]["jobs"] == 0


@pytest.mark.parametrize(
    "changes", [{"size": "16:10"}, {"resolution": "1K"}, {"image_urls": ["http://a/1.png"] * 7}]
)
def test_image_limits_hold_as_well(box: Running, changes: dict[str, object]) -> None:
    assert box.image(**changes).status_code == 400


@pytest.mark.parametrize("model", ["nano-banana-9", "openAiSora2Plus"])
def test_a_model_that_is_not_this_endpoint_s_is_unavailable(box: Running, model: str) -> None:
    answer = box.image(model=model)
    assert (answer.status_code, answer.json()) == (400, {"error": {"message": "模型不可用"}})


def test_a_missing_field_is_named_under_200(box: Running) -> None:
    answer = box.image(prompt="")
    assert (answer.status_code, answer.json()) == (200, {"msg": "缺少必填参数: prompt"})


def test_a_body_that_is_no_json_object_is_refused(box: Running) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        answer = box.http.post(BANANA, content=body)
        assert answer.status_code == 400
        assert box.http.post(TEXT_BASE + "/v1/chat/completions", content=body).status_code == 400


def test_both_spellings_of_ratio_length_and_reference_are_accepted(box: Running) -> None:
    body = {"model": "openAiSora2Pro", "prompt": "x", "aspect_ratio": "9:16", "seconds": "8"}
    answer = box.http.post(SORA, json=body)
    assert box.finished(answer)["actualDuration"] == 8.0


def test_the_account_hides_what_a_url_carries(box: Running) -> None:
    secret = "http://127.0.0.1:9/a.png?X-Amz-Signature=abc"
    box.video(image_urls=[secret])

    answer = box.plain.get("/sandbox/jobs")

    assert answer.json()["jobs"][0]["request"]["image_urls"] == ["http://127.0.0.1:9/a.png"]
    assert "X-Amz" not in answer.text


async def test_the_account_is_not_for_other_machines() -> None:
    (handler,) = (route.endpoint for route in account.ROUTES if route.path == "/sandbox/health")
    for caller, status in (("10.0.0.7", 403), ("127.0.0.1", 200), ("::1", 200)):
        answer = await handler(Request({"type": "http", "client": (caller, 4000)}))
        assert answer.status_code == status


def test_times_are_spread_by_seed_around_the_base() -> None:
    book = Book(Settings(image_seconds=100, spread=0.3))
    seconds = [book.duration("image", number) for number in range(200)]
    assert 70 <= min(seconds) < 80
    assert 120 < max(seconds) <= 130
