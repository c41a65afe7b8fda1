"""Waiting for a job, on a clock that does not wait."""

import asyncio
import logging

import httpx
import pytest

from globalaiopc import errors
from tests.globalaiopc.doubles import IMAGE, FakeClock, Script, client_for

RUNNING = {"id": "t-1", "status": "processing"}
DONE = {"id": "t-1", "status": "completed", "image_url": "https://media.example/a.png?sig=1"}
BARE = {"id": "t-1", "status": "completed"}
BUSY = httpx.Response(429, headers={"Retry-After": "100"})
HANGING = httpx.ReadTimeout("no bytes")
GONE = httpx.Response(404, json={"code": 404, "message": "task not found"})
NO_HANDLER = {"code": 500, "data": None, "msg": "No handler found for GET /a/b"}
LOGIN = {"code": "204", "msg": "登录验证失败"}


async def wait(*answers: object, model: str = "nano-banana-2", **options: object):
    """The outcome of waiting, and the script with the times of each look (the start is 1000)."""
    clock = FakeClock()
    script = Script(*answers, clock=clock)
    async with client_for(script, clock) as client:
        try:
            outcome: object = await client.wait("t-1", model=model, **options)
        except errors.GlobalAIOPCError as exc:
            outcome = exc
    return outcome, script


def gaps(script: Script) -> list[float]:
    return [after - before for before, after in zip(script.times, script.times[1:], strict=False)]


async def test_it_looks_until_the_job_is_done():
    seen: list[str] = []
    view, script = await wait(
        {"id": "t-1", "status": "queued"},
        RUNNING,
        DONE,
        on_look=lambda view: seen.append(view.status),
    )
    assert view.media_url == DONE["image_url"]
    assert seen == ["queued", "processing", "completed"]
    assert [str(request.url.path) for request in script.requests] == [
        "/kyyReactApiServer/v1/result/t-1"
    ] * 3
    assert {request.headers["authorization"].split()[0] for request in script.requests} == {
        "Bearer"
    }


@pytest.mark.parametrize(
    ("model", "shortest", "longest"),
    [("nano-banana-2", 2, 5), ("openAiSora2Plus", 30, 60), ("not-in-the-catalogue", 30, 60)],
)
async def test_never_more_often_than_the_row_advises(model, shortest, longest):
    _, script = await wait(*[RUNNING] * 20, DONE, model=model)
    assert all(shortest - 1e-6 <= gap <= longest + 1e-6 for gap in gaps(script))


async def test_failed_looks_are_not_the_jobs_failure():
    garbage = httpx.Response(200, content=b"<html>")
    view, script = await wait(
        HANGING, httpx.ConnectError("x"), httpx.Response(502), garbage, {}, RUNNING, DONE
    )
    assert view.status == "completed"
    assert len(script.requests) == 7
    assert all(gap >= 2 - 1e-6 for gap in gaps(script)), "a failed look does not hurry the next"


@pytest.mark.parametrize("status_code", [429, 503])
async def test_retry_after_is_honoured_while_looking(status_code):
    busy = httpx.Response(status_code, headers={"Retry-After": "100"})
    _, script = await wait(RUNNING, busy, DONE)
    assert gaps(script)[1] >= 100 - 1e-6


async def test_finished_exactly_at_the_deadline_is_seen_by_the_last_look():
    clock = FakeClock()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=DONE if clock.now() >= 1007 else RUNNING)

    async with client_for(answer, clock) as client:
        view = await client.wait("t-1", model="nano-banana-2", deadline_seconds=7)
    assert view.status == "completed"
    assert clock.now() == pytest.approx(1007)


async def test_the_deadline_has_one_last_look_and_then_says_so():
    outcome, script = await wait(RUNNING, deadline_seconds=7)
    assert type(outcome) is errors.DeadlinePassed
    assert (outcome.charged, outcome.retry_is_free, outcome.task_id) == ("unknown", True, "t-1")
    assert script.times[-1] == pytest.approx(1007)
    assert sum(time >= 1007 - 1e-6 for time in script.times) == 1


async def test_a_deadline_of_zero_is_one_look():
    outcome, script = await wait(DONE, deadline_seconds=0)
    assert outcome.status == "completed"
    assert script.times == [1000]


async def test_the_rows_deadline_is_the_default_and_a_hanging_provider_ends_there():
    outcome, script = await wait(HANGING)
    assert type(outcome) is errors.DeadlinePassed
    assert "no answer" in outcome.message
    assert script.times[-1] == pytest.approx(1900)


async def test_the_last_look_comes_even_in_a_cool_down():
    outcome, script = await wait(BUSY, DONE, deadline_seconds=20)
    assert outcome.status == "completed"
    assert script.times[-1] == pytest.approx(1020)
    assert len(script.times) == 2


@pytest.mark.parametrize("look", [GONE, {"code": 404, "msg": "x", "data": None}])
async def test_three_unknown_tasks_in_a_row_are_gone(look):
    outcome, script = await wait(look)
    assert type(outcome) is errors.TaskGone
    assert (outcome.charged, outcome.retry_is_free, outcome.task_id) == ("yes", False, "t-1")
    assert len(script.requests) == 3


async def test_unknown_tasks_with_something_in_between_are_not_gone():
    view, _ = await wait(GONE, GONE, RUNNING, GONE, GONE, HANGING, GONE, DONE)
    assert view.status == "completed"


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        (NO_HANDLER, errors.NotHandled),
        ({"msg": "Request method 'GET' not supported", "code": 500}, errors.NotHandled),
        (LOGIN, errors.LoginFailed),
        (httpx.Response(401), errors.Unauthorized),
        (httpx.Response(403), errors.Forbidden),
    ],
)
async def test_a_wrong_configuration_stops_early_and_keeps_the_job(look, kind):
    outcome, script = await wait(look)
    assert type(outcome) is kind
    assert len(script.requests) == 3
    assert (outcome.charged, outcome.retry_is_free, outcome.task_id) == ("unknown", True, "t-1")


async def test_one_routing_error_is_passed_over():
    view, _ = await wait(NO_HANDLER, RUNNING, NO_HANDLER, NO_HANDLER, DONE)
    assert view.status == "completed"


async def test_done_without_media_gets_three_more_looks():
    outcome, script = await wait(BARE)
    assert type(outcome) is errors.CompletedWithoutMedia
    assert (outcome.charged, outcome.retry_is_free, outcome.task_id) == ("yes", True, "t-1")
    assert len(script.requests) == 4
    view, _ = await wait(BARE, BARE, BARE, DONE)
    assert view.media_url


async def test_done_without_media_at_the_deadline_is_not_still_running():
    outcome, _ = await wait(RUNNING, BARE, deadline_seconds=5)
    assert type(outcome) is errors.CompletedWithoutMedia


@pytest.mark.parametrize(
    ("look", "kind", "charged"),
    [
        ({"status": "failed", "error": "no capacity"}, errors.JobFailed, "unknown"),
        ({"status": "failed", "error": "x", "amount": 0}, errors.JobFailed, "no"),
        ({"status": "failed", "error": "x", "amount": "0.3"}, errors.JobFailed, "yes"),
        ({"status": "failed", "error": {"message": "审核未通过"}}, errors.JobModerated, "unknown"),
        ({"status": "failed", "error": "policy rejected"}, errors.JobModerated, "unknown"),
        ({"status": "CANCELLED"}, errors.JobFailed, "unknown"),
    ],
)
async def test_the_jobs_own_failure(look, kind, charged):
    outcome, script = await wait(RUNNING, look)
    assert type(outcome) is kind
    assert (outcome.charged, outcome.retry_is_free, outcome.task_id) == (charged, False, "t-1")
    assert len(script.requests) == 2


async def test_an_unknown_word_keeps_polling_and_is_logged_once(caplog):
    clock = FakeClock()
    strange = {"id": "t-1", "status": "levitating"}
    script = Script(strange, strange, DONE, strange, DONE, clock=clock)
    with caplog.at_level(logging.WARNING, "globalaiopc"):
        async with client_for(script, clock) as client:
            await client.wait("t-1", model="nano-banana-2")
            await client.wait("t-2", model="nano-banana-2")
    assert [record.message for record in caplog.records].count(caplog.records[0].message) == 1
    assert len(caplog.records) == 1
    assert "levitating" in caplog.text


async def test_one_429_holds_back_every_look_and_every_create():
    clock = FakeClock()
    times: list[tuple[str, float]] = []
    busy_once = [BUSY]

    def answer(request: httpx.Request) -> httpx.Response:
        times.append((request.method, clock.now()))
        if busy_once:
            return busy_once.pop()
        return httpx.Response(200, json=DONE)

    async with client_for(answer, clock) as client:
        with pytest.raises(errors.RateLimited):
            await client.nano_banana(IMAGE)
        await asyncio.gather(
            client.wait("a", model="nano-banana-2"),
            client.wait("b", model="openAiSora2Plus"),
            client.nano_banana(IMAGE),
            client.result("c"),
        )
    assert times[0] == ("POST", 1000)
    assert len(times) == 5
    assert all(time >= 1100 for _, time in times[1:])


async def test_ids_are_quoted_in_the_path():
    script = Script(DONE)
    async with client_for(script) as client:
        await client.result("a b/c", api="v2")
    assert script.requests[0].url.raw_path == (
        b"/kyyReactApiServer/v2/model-center/tasks/a%20b%2Fc"
    )


async def test_time_scale_scales_every_advised_wait():
    clock = FakeClock()
    script = Script(*[RUNNING] * 5, DONE, clock=clock)
    async with client_for(script, clock, time_scale=0.01) as client:
        await client.wait("t-1", model="openAiSora2Plus")
    assert all(0.3 - 1e-6 <= gap <= 0.6 + 1e-6 for gap in gaps(script))
