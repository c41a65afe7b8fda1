"""The shapes integrators met: creates C1-C12, results R1-R18, errors E1-E14."""

from decimal import Decimal

import pytest

from globalaiopc import errors
from globalaiopc.parse import parse_create, parse_result
from tests.globalaiopc.doubles import body

NO_HANDLER = "No handler found for POST /kyyReactApiServer/kyyReactApiServer/v2/model-center/tasks"
NO_METHOD = {"msg": "Request method 'GET' not supported", "code": 500, "data": None}
URL = "https://media.example.com/a.mp4?sig=s"


def create(payload, status_code=200, **headers):
    return parse_create(status_code, body(payload), headers, model="asked")


def look(payload, status_code=200, **headers):
    return parse_result(status_code, body(payload), headers, "t-1")


@pytest.mark.parametrize(
    ("payload", "task_id", "status"),
    [
        pytest.param(
            {"id": "mcp_1", "object": "video", "model": "m", "status": "queued", "error": None},
            "mcp_1",
            "queued",
            id="C1",
        ),
        pytest.param({"id": "x", "status": "queued"}, "x", "queued", id="C2"),
        pytest.param({"id": "x", "status": "processing"}, "x", "processing", id="C3"),
        pytest.param({"id": "x"}, "x", "queued", id="C4-only-id"),
        pytest.param(
            {"id": "image_1", "object": "nanobanana", "status": "queued"},
            "image_1",
            "queued",
            id="C5",
        ),
        pytest.param({"data": {"id": "x"}}, "x", "queued", id="C6-id"),
        pytest.param({"code": 0, "data": {"task_id": "x"}}, "x", "queued", id="C6-task_id"),
        pytest.param(
            {"code": "0", "msg": None, "data": {"projectId": "proj_1"}},
            "proj_1",
            "queued",
            id="projectId",
        ),
        pytest.param({"data": [{"id": "x"}]}, "x", "queued", id="C7-id"),
        pytest.param({"data": [{"task_id": "x"}]}, "x", "queued", id="C7-task_id"),
        pytest.param({"taskId": "x"}, "x", "queued", id="C8-taskId"),
        pytest.param({"request_id": "x"}, "x", "queued", id="C8-request_id"),
        pytest.param({"result": {"task_id": "x"}}, "x", "queued", id="C8-result"),
        pytest.param({"output": {"task_id": "x"}}, "x", "queued", id="C8-output"),
        pytest.param({"task": {"id": "x"}}, "x", "queued", id="C8-task"),
        pytest.param({"job": {"id": "x"}}, "x", "queued", id="C8-job"),
        pytest.param(
            {"request_id": "r", "data": {"id": "x"}}, "x", "queued", id="id-before-request_id"
        ),
        pytest.param({"id": 42, "status": "queued"}, "42", "queued", id="number"),
        pytest.param({"id": "a b/c", "status": "queued"}, "a b/c", "queued", id="opaque"),
        pytest.param({"code": 200, "msg": "ok", "data": {"id": "x"}}, "x", "queued", id="code-200"),
        pytest.param({"code": "success", "data": {"id": "x"}}, "x", "queued", id="code-success"),
        pytest.param({"id": "x", "status": "levitating"}, "x", "unknown_word", id="unknown-word"),
    ],
)
def test_accepted_creates(payload, task_id, status):
    submission = create(payload)
    assert (submission.task_id, submission.status) == (task_id, status)
    assert submission.model == "asked"
    assert submission.view is None


def test_c4_accepted_with_202():
    assert create({"id": "x"}, 202).task_id == "x"


def test_c12_finished_already_in_the_create():
    submission = create({"id": "x", "status": "completed", "image_url": URL, "amount": 0.12})
    assert submission.status == "completed"
    assert submission.view is not None
    assert submission.view.media_url == URL
    assert submission.view.amount == Decimal("0.12")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        pytest.param(
            {"id": "v", "status": "failed", "error": "provider rejected prompt"},
            errors.Moderated,
            id="C9-moderated",
        ),
        pytest.param(
            {"id": "v", "status": "failed", "error": "no capacity"}, errors.Refused, id="C9"
        ),
        pytest.param(
            {"code": 500, "data": None, "msg": NO_HANDLER}, errors.NotHandled, id="C10-E4"
        ),
        pytest.param({"status": "queued"}, errors.OutcomeUnknown, id="C11"),
        pytest.param(NO_METHOD, errors.NotHandled, id="E5"),
        pytest.param(
            {"code": 1001, "msg": "素材 URL 无法访问", "data": None}, errors.Refused, id="E6"
        ),
        pytest.param({"msg": "缺少必填参数: prompt"}, errors.Refused, id="E7"),
        pytest.param({"code": -1, "data": None}, errors.Refused, id="E8"),
        pytest.param({"code": 1, "msg": "数据异常"}, errors.Refused, id="E12"),
        pytest.param({"code": 1, "msg": "审核未通过"}, errors.Moderated, id="E13"),
        pytest.param({"code": "204", "msg": "登录验证失败"}, errors.LoginFailed, id="login"),
        pytest.param({"error": {"message": "bad"}, "request_id": "r"}, errors.Refused, id="error"),
        pytest.param({"code": 429, "msg": "slow down"}, errors.RateLimited, id="envelope-429"),
        pytest.param({"code": 401, "msg": "no"}, errors.Unauthorized, id="envelope-401"),
        pytest.param({"code": 500, "msg": "账户余额不足"}, errors.BalanceTooLow, id="balance"),
        pytest.param({"code": 504, "msg": "timeout"}, errors.OutcomeUnknown, id="envelope-504"),
        pytest.param(
            {"code": 500, "data": {"id": "x", "status": "queued"}},
            errors.OutcomeUnknown,
            id="a-job-and-an-error",
        ),
        pytest.param({"msg": "操作成功"}, errors.OutcomeUnknown, id="text-only"),
    ],
)
def test_refused_creates_under_http_200(payload, kind):
    with pytest.raises(errors.GlobalAIOPCError) as caught:
        create(payload)
    assert type(caught.value) is kind
    assert caught.value.charged == ("unknown" if kind is errors.OutcomeUnknown else "no")


def test_a_job_beside_an_error_keeps_its_id():
    with pytest.raises(errors.OutcomeUnknown) as caught:
        create({"code": 500, "data": {"id": "x", "status": "queued"}})
    assert caught.value.task_id == "x"


def test_a_job_that_failed_at_once_but_was_charged_says_so():
    with pytest.raises(errors.Refused) as caught:
        create({"id": "x", "status": "failed", "error": "late", "amount": "0.3"})
    assert caught.value.charged == "yes"
    assert caught.value.task_id == "x"


E3 = {
    "error": {
        "code": "HTTP_400_C400999",
        "message": "[SY_ERR:60] HTTP 400: Duration must be between 1.8s and 30.2s.",
    }
}


def test_e3_and_e11_say_what_the_provider_said():
    with pytest.raises(errors.Refused, match=r"between 1\.8s and 30\.2s") as caught:
        create(E3, 400)
    assert "HTTP_400_C400999" in caught.value.message
    with pytest.raises(errors.Refused, match="模型不可用"):
        create({"error": {"message": "模型不可用"}}, 400)


@pytest.mark.parametrize(
    "payload",
    [
        {"code": "E77", "message": "no"},
        {"error": {"code": "E77", "message": "no"}},
        {"data": {"error_code": "E77"}, "error": "no"},
        {"result": {"errorCode": "E77"}, "error": "no"},
        {"data": {"error": {"code": "E77", "message": "no"}}},
    ],
)
def test_e10_the_code_is_found_wherever_it_is_buried(payload):
    with pytest.raises(errors.Refused, match="E77"):
        create(payload, 400)


def test_e10_fail_reason():
    assert look({"status": "failed", "fail_reason": "too dark"}).error_message == "too dark"


DONE = {
    "id": "t-1",
    "status": "completed",
    "progress": 100,
    "result_url": URL,
    "video_url": URL,
    "amount": 0.32,
    "actualDuration": 5,
    "error": None,
}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(DONE, id="R2"),
        pytest.param({"id": "t-1", "status": "completed", "video_url": URL}, id="R3"),
        pytest.param({"id": "t-1", "status": "completed", "result_url": URL}, id="R4"),
        pytest.param({"data": DONE}, id="R5"),
        pytest.param({"code": 0, "msg": "success", "data": DONE}, id="R5-envelope"),
        pytest.param({"status": "ok", "data": DONE}, id="R5-envelope-status"),
        pytest.param({"status": "completed", "officialMediaUrl": URL}, id="R9"),
        pytest.param({"object": "image.generation", **DONE, "image_url": URL}, id="R10"),
        pytest.param({"status": "completed", "result": {"image_url": URL}}, id="R12-image_url"),
        pytest.param({"status": "completed", "result": {"image": URL}}, id="R12-image"),
        pytest.param(
            {"status": "completed", "result": {"images": [{"url": [URL]}]}}, id="R12-url-list"
        ),
        pytest.param({"status": "completed", "images": [URL]}, id="R12-plain"),
        pytest.param({"status": "completed", "data": {"video_url": URL}}, id="status-outside"),
        pytest.param({"audioUrl": URL, "status": "completed", "modelId": "v"}, id="R13"),
        pytest.param({"id": "t-1", "video_url": URL}, id="URL-without-status"),
    ],
)
def test_done_in_every_shape(payload):
    view = look(payload)
    assert (view.status, view.media_url, view.final) == ("completed", URL, True)
    assert view.task_id == "t-1"


def test_the_media_url_is_not_in_the_repr():
    assert "sig=s" not in repr(look(DONE))
    assert "sig=s" not in repr(create({**DONE, "id": "x"}))


def test_r1_waiting():
    view = look({"id": "t-1", "status": "processing", "progress": 42, "error": None})
    assert (view.status, view.progress, view.final) == ("processing", 42.0, False)


def test_an_envelopes_own_status_is_not_the_jobs():
    assert look({"status": "ok", "data": {"id": "t-1", "status": "processing"}}).final is False


def test_r6_tokens_as_a_string_win_over_usage():
    usage = {"output_tokens": "1", "total_tokens": "999999"}
    assert look({**DONE, "totalTokens": "123456", "usage": usage}).total_tokens == 123456
    assert look({**DONE, "usage": usage}).total_tokens == 999999


def test_r7_r8_last_frame_and_upstream_url():
    view = look({**DONE, "last_frame_url": URL + "f", "upstream_url": "https://other.example"})
    assert (view.last_frame_url, view.media_url) == (URL + "f", URL)


@pytest.mark.parametrize("extra", [{}, {"result": {"images": [{"b64_json": "aGk="}]}}])
def test_r14_done_without_any_url(extra):
    view = look({"status": "completed", **extra})
    assert (view.status, view.media_url) == ("completed", None)


@pytest.mark.parametrize(
    ("error", "message"),
    [("text", "text"), ({"message": "content rejected"}, "content rejected"), (None, None)],
    ids=["E1", "E2", "R15-null"],
)
def test_r15_failed(error, message):
    view = look({"status": "failed", "error": error, "message": "success"})
    assert (view.status, view.error_message) == ("failed", message)


@pytest.mark.parametrize(
    ("status_code", "content"),
    [(204, b""), (200, b""), (200, b"  "), (200, b"<html>"), (200, b'{"id":'), (200, b"[]")],
)
def test_r17_an_unreadable_look_is_only_a_failed_look(status_code, content):
    with pytest.raises(errors.PollFailed) as caught:
        parse_result(status_code, content, {}, "t-1")
    assert caught.value.code == "poll_failed"
    assert caught.value.task_id == "t-1"


def test_r17_an_empty_status_is_still_running():
    assert look({"id": "t-1", "status": ""}).final is False


@pytest.mark.parametrize(
    ("payload", "status_code"),
    [
        ({"code": 404, "message": "task not found"}, 404),
        ({}, 404),
        ({"code": 404, "msg": "x"}, 200),
        ({"code": 500, "msg": "任务不存在"}, 200),
    ],
)
def test_r18_an_unknown_id_is_not_yet_gone(payload, status_code):
    with pytest.raises(errors.PollFailed) as caught:
        look(payload, status_code)
    assert caught.value.code == "task_unknown"


@pytest.mark.parametrize(
    ("payload", "status_code", "kind"),
    [
        pytest.param(NO_METHOD, 200, errors.NotHandled, id="R16"),
        pytest.param({"code": 404, "message": NO_HANDLER}, 404, errors.NotHandled, id="E14"),
        pytest.param({"message": NO_HANDLER}, 200, errors.NotHandled, id="no-code"),
        pytest.param({"code": "204", "msg": "登录验证失败"}, 200, errors.LoginFailed, id="login"),
        pytest.param({}, 401, errors.Unauthorized, id="401"),
        pytest.param({}, 403, errors.Forbidden, id="403"),
    ],
)
def test_a_refused_look_does_not_say_that_the_job_cost_nothing(payload, status_code, kind):
    with pytest.raises(kind) as caught:
        look(payload, status_code)
    assert type(caught.value) is kind
    assert caught.value.charged == "unknown"
    assert caught.value.retry_is_free
    assert caught.value.task_id == "t-1"


def test_a_final_status_counts_more_than_the_envelope():
    assert look({"code": 500, "msg": "x", "data": {"status": "failed"}}).status == "failed"
    assert look({"code": 1, "data": DONE}).status == "completed"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("queued queue pending waiting created submitted", "queued"),
        ("processing running in_progress progress generating IN-PROGRESS", "processing"),
        ("completed complete succeeded success done finished ok", "completed"),
        ("failed failure fail error errored cancelled canceled expired", "failed"),
        ("aborting paused 排队中", "unknown_word"),
    ],
)
def test_each_status_word_in_every_case(words, status):
    for word in words.split():
        for spelt in (word, word.upper(), word.title(), f" {word} "):
            assert look({"id": "t-1", "status": spelt}).status == status, spelt


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5.0),
        ("4.000000", 4.0),
        (4.5, 4.5),
        ("", None),
        ("5s", None),
        (True, None),
        (-1, None),
        ("NaN", None),
        ("1e999999", None),
        ([5], None),
    ],
)
def test_numbers_as_anything(value, seconds):
    assert look({**DONE, "actualDuration": value}).actual_seconds == seconds


@pytest.mark.parametrize(("value", "progress"), [("42%", 42.0), ("42", 42.0), (0, 0.0)])
def test_progress_with_and_without_percent(value, progress):
    assert look({"status": "processing", "progress": value}).progress == progress
