"""Every fault as a client sees it, and what it does to the account."""

import json
import socket
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.chaos import ALL, MEDIA, Chaos, Occasion, Rule, parse_plan
from sandbox.settings import MEDIA_BASE
from tests.sandbox.running import FAST, IMAGE, Running

BANANA = "/v1/banana/images"


def _billed(box: Running) -> int:
    return int(box.account()["totals"]["billed"])


def _create(box: Running, rule: dict[str, Any]) -> httpx.Response:
    box.chaos(rule)
    return box.image()


# --- the connection ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "accepted", "error"),
    [
        ("reset", 0, httpx.ReadError),
        ("lose_answer", 1, httpx.ReadError),
        ("close", 0, httpx.RemoteProtocolError),
        ("cut", 1, httpx.RemoteProtocolError),
    ],
)
def test_a_broken_connection_before_or_after_acceptance(
    box: Running, fault: str, accepted: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        _create(box, {"fault": fault})

    assert _billed(box) == accepted
    assert box.account()["posts"] == {BANANA: 1}
    assert box.image().status_code == 200  # once by default


def test_a_reset_is_a_reset_and_not_a_close(box: Running) -> None:
    with pytest.raises(httpx.ReadError, match="reset by peer"):
        _create(box, {"fault": "reset"})


@pytest.mark.parametrize("accepted", [False, True])
def test_silence_makes_the_client_time_out(box: Running, accepted: bool) -> None:
    box.chaos({"fault": "hang", "accepted": accepted})
    with pytest.raises(httpx.ReadTimeout):
        box.http.post(MEDIA_BASE + BANANA, json=IMAGE, timeout=0.2)
    assert _billed(box) == accepted


def test_silence_ends_in_a_reset(box: Running) -> None:
    with pytest.raises(httpx.ReadError):
        _create(box, {"fault": "hang", "seconds": 0.05})


def test_a_drip_is_slower_than_each_read_and_still_whole(box: Running) -> None:
    box.chaos({"fault": "drip", "seconds": 0.6})
    answer = box.http.post(MEDIA_BASE + BANANA, json=IMAGE, timeout=0.3)
    assert answer.json()["status"] == "queued"
    assert answer.elapsed.total_seconds() > 0.3


def test_a_stop_does_not_wait_for_those_who_hang(capfd: pytest.CaptureFixture[str]) -> None:
    running = Running.start(*FAST)
    running.chaos({"fault": "hang"})
    body = json.dumps(IMAGE).encode()
    head = f"POST {MEDIA_BASE}{BANANA} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(running.base).port or 0)) as waiting:
        waiting.sendall(head.encode() + body)
        while not running.account()["posts"]:
            pass
        assert running.stop() == 0
        waiting.settimeout(5)
        assert waiting.recv(100) == b""
    assert capfd.readouterr().err == ""


# --- answers that are no help --------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("accepted", [False, True])
def test_gateway_errors_before_or_after_acceptance(
    box: Running, status: int, accepted: bool
) -> None:
    answer = _create(box, {"fault": "error", "status": status, "accepted": accepted})
    assert answer.status_code == status
    assert _billed(box) == accepted


@pytest.mark.parametrize("header", [None, "5", "soon", "999999999"])
def test_rate_limits_with_and_without_advice(box: Running, header: str | None) -> None:
    advice = {"retry_after": header} if header else {}
    answer = _create(box, {"fault": "rate_limited", **advice})
    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == header
    assert _billed(box) == 0


def test_rate_limits_with_a_date(box: Running) -> None:
    answer = _create(box, {"fault": "rate_limited", "retry_after": "date:90"})
    said = parsedate_to_datetime(answer.headers["retry-after"])
    now = parsedate_to_datetime(answer.headers["date"])
    assert 85 <= (said - now).total_seconds() <= 91


def test_bodies_that_are_not_what_was_promised(box: Running) -> None:
    html = _create(box, {"fault": "html", "status": 200})
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert html.text.startswith("<html>")
    assert (empty := _create(box, {"fault": "empty"})).status_code == 200
    assert empty.content == b""
    half = _create(box, {"fault": "truncated_json"})
    assert half.text.startswith('{"id": "image_')
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        half.json()
    assert _billed(box) == 2  # the empty and the truncated answer hide a billed job


def test_an_error_envelope_under_200(box: Running) -> None:
    answer = _create(box, {"fault": "error_envelope", "message": "系统繁忙"})
    assert answer.status_code == 200
    assert answer.json() == {"code": 500, "data": None, "msg": "系统繁忙"}
    assert _billed(box) == 0


def test_creates_that_are_accepted_in_odd_shapes(box: Running) -> None:
    bare = _create(box, {"fault": "accepted_202"})
    assert (bare.status_code, list(bare.json())) == (202, ["id"])
    assert box.look(bare.json()["id"]).json()["status"] == "completed"
    assert "id" not in _create(box, {"fault": "no_id"}).json()
    assert _create(box, {"fault": "wrapped"}).json()["data"]["status"] == "queued"
    assert _billed(box) == 3


def test_failed_at_create_has_an_id_and_is_not_charged(box: Running) -> None:
    for answer in (_create(box, {"fault": "failed_at_create"}), box.image(prompt="x [refuse] y")):
        assert answer.status_code == 200
        assert answer.json()["status"] == "failed"
        assert answer.json()["error"] == "provider rejected prompt"
    assert _billed(box) == 0


# --- text ----------------------------------------------------------------------------------------


def test_lost_text_answers_are_billed_and_counted(box: Running) -> None:
    box.chaos({"fault": "lose_answer", "route": "chat"}, {"fault": "reset", "route": "chat"})
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            box.chat()
    account = box.account()
    assert (len(account["texts"]), account["posts"]) == (1, {"/v1/chat/completions": 2})
    assert account["totals"]["texts_amount"] == account["texts"][0]["amount"] > 0


def test_scripts_that_are_not_plain_json(box: Running) -> None:
    box.chaos({"fault": "prose"}, {"fault": "fenced"})
    said = [box.chat().json()["choices"][0]["message"]["content"] for _ in range(3)]
    assert "{" not in said[0]
    assert said[1].startswith("```json\n{")
    assert said[2].startswith("{")


# --- jobs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt", ["x [moderate] y", "A Celebrity Deepfake for an advert"], ids=["marker", "phrase"]
)
def test_prompts_that_are_moderated_fail_after_their_time(box: Running, prompt: str) -> None:
    created = box.image(prompt=prompt)
    task = box.finished(created)
    assert created.json()["status"] == "queued"
    assert (task["status"], task["amount"]) == ("failed", None)
    assert task["error"] == {"message": "content rejected"}
    assert _billed(box) == 0


def test_a_word_of_your_own_is_moderated() -> None:
    running = Running.start(*FAST, "--moderate", "tulip")
    try:
        assert running.finished(running.video(prompt="Tulips"))["error"] == "content rejected"
    finally:
        running.stop()


def test_fates_of_jobs(box: Running) -> None:
    box.chaos(
        {"fault": "moderated", "match": "one"},
        {"fault": "job_failed", "match": "two", "message": "GPU on fire"},
        {"fault": "never_ends", "match": "three"},
    )
    assert box.finished(box.image(prompt="one"))["error"] == {"message": "content rejected"}
    assert box.finished(box.image(prompt="two"))["error"] == {"message": "GPU on fire"}
    endless = box.image(prompt="three").json()["id"]
    assert [box.look(endless).json()["status"] for _ in range(3)] == ["processing"] * 3
    assert [job["fault"] for job in box.account()["jobs"]] == [
        "moderated",
        "job_failed",
        "never_ends",
    ]
    assert [job["billed"] for job in box.account()["jobs"]] == [False, False, True]


def test_a_fate_may_take_longer() -> None:
    running = Running.start("--image-seconds", "0.05", "--spread", "0")
    try:
        running.chaos({"fault": "slow"}, {"fault": "moderated", "factor": 4})
        for created in (running.image(), running.image()):
            running.finished(created)
        jobs = running.account()["jobs"]
    finally:
        running.stop()
    took = [job["completed"] - job["created"] for job in jobs]
    assert took == [pytest.approx(0.5), pytest.approx(0.2)]
    assert [job["state"] for job in jobs] == ["completed", "failed"]


def test_completed_without_a_url_for_a_while_or_for_ever(box: Running) -> None:
    box.chaos({"fault": "no_url", "looks": 2, "times": 1}, {"fault": "no_url"})
    for expected in ([False, False, True], [False, False, False]):
        task_id = box.image().json()["id"]
        looks = [box.look(task_id).json() for _ in range(3)]
        assert [bool(task["image_url"]) for task in looks] == expected
        assert {task["status"] for task in looks} == {"completed"}


def test_unknown_status_words_and_records_that_are_gone(box: Running) -> None:
    box.chaos({"fault": "unknown_status", "looks": 1, "word": "PENDING"}, {"fault": "gone"})
    first, second = box.image().json()["id"], box.image().json()["id"]
    words = [box.look(first).json()["status"] for _ in range(2)]
    assert words == ["PENDING", "completed"]
    assert [box.look(second).status_code for _ in range(2)] == [404, 404]
    assert _billed(box) == 2


def test_polls_fail_and_the_job_lives_on(box: Running) -> None:
    task_id = box.image().json()["id"]
    faults = ("error", "html", "reset", "not_found", "wrapped", "empty", "truncated_json")
    box.chaos(*({"fault": fault, "route": "result"} for fault in faults))

    assert [box.look(task_id).status_code for _ in range(2)] == [502, 502]
    with pytest.raises(httpx.ReadError):
        box.look(task_id)
    assert box.look(task_id).status_code == 404
    assert box.look(task_id).json()["data"]["status"] == "completed"
    assert box.look(task_id).content == b""
    assert box.look(task_id).text.startswith('{"id"')
    assert box.look(task_id).json()["status"] == "completed"
    assert box.account()["jobs"][0]["result_polls"] == 8


# --- which, when, how often ----------------------------------------------------------------------


def test_rules_choose_by_route_model_kind_and_prompt(box: Running) -> None:
    box.chaos(
        {"fault": "error", "status": 501, "model": "nano-banana-pro"},
        {"fault": "error", "status": 502, "kind": "video", "times": None},
        {"fault": "error", "status": 503, "match": "BRIEF-3"},
        {"fault": "error", "status": 504, "route": "banana"},
    )
    assert box.image(model="nano-banana-pro").status_code == 501
    assert [box.video().status_code for _ in range(2)] == [502, 502]
    assert box.image(prompt="of brief-3").status_code == 503
    assert [box.image().status_code for _ in range(2)] == [504, 200]


def test_nth_times_and_each_job(box: Running) -> None:
    box.chaos({"fault": "error", "nth": [2, 4]})
    assert [box.image().status_code for _ in range(5)] == [200, 502, 200, 502, 200]
    box.chaos({"fault": "error", "times": 1, "each_job": True})
    prompts = ["a", "b", "a", "b"]
    assert [box.image(prompt=text).status_code for text in prompts] == [502, 502, 200, 200]


def test_the_plan_shows_what_it_did_and_a_wrong_one_is_refused(box: Running) -> None:
    box.chaos({"fault": "error", "nth": 2})
    box.image()
    box.image()
    (rule,) = box.plain.get("/sandbox/chaos").json()["rules"]
    assert rule == {"fault": "error", "nth": 2, "seen": 2, "fired": 1}
    refused = box.plain.post("/sandbox/chaos", json=[{"fault": "explode"}])
    assert refused.status_code == 400
    assert "unknown fault 'explode'" in refused.text
    assert box.plain.post("/sandbox/chaos", json=[{"fault": "reset", "tims": 1}]).status_code == 400
    assert len(box.plain.get("/sandbox/chaos").json()["rules"]) == 1


def test_a_plan_from_a_file_holds_from_the_start(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('{"rules": [{"fault": "error", "status": 503}]}')
    running = Running.start(*FAST, "--chaos", str(plan))
    try:
        assert [running.image().status_code for _ in range(2)] == [503, 200]
    finally:
        running.stop()


def test_seeded_chance_repeats_in_any_order_and_about_as_often_as_asked() -> None:
    rules = (Rule(probability=0.3, faults=("reset", "lose_answer", "error"), accepted="either"),)

    def outcomes(seed: int, order: list[int]) -> dict[int, tuple[str, bool] | None]:
        chaos = Chaos(seed, rules)
        found = {}
        for number in order:
            hit = chaos.answer_fault(
                Occasion(frozenset({"banana", "create", "*"}), "image", "m", f"prompt {number}")
            )
            found[number] = (hit.name, hit.accepted) if hit else None
        return found

    forward = outcomes(1, list(range(400)))
    assert outcomes(1, list(reversed(range(400)))) == forward
    assert outcomes(2, list(range(400))) != forward
    struck = [hit for hit in forward.values() if hit]
    assert 80 <= len(struck) <= 160
    assert {name for name, _ in struck} == {"reset", "lose_answer", "error"}
    assert {accepted for name, accepted in struck if name == "error"} == {True, False}


def test_every_fault_is_documented_and_none_strikes_where_it_makes_no_sense() -> None:
    import sandbox.chaos  # noqa: PLC0415 - its docstring is the documentation under test

    documented = sandbox.chaos.__doc__ or ""
    assert [name for name in sorted(ALL) if f"    {name} " not in documented] == []
    everything = parse_plan(f'[{{"faults": {sorted(MEDIA)!r}, "times": null}}]'.replace("'", '"'))
    create = Occasion(frozenset({"banana", "create", "*"}), "image", "m", "p")
    assert Chaos(1, everything).answer_fault(create) is None
