"""Streams of text: their pace, and how they break."""

import json
import time

import anthropic
import httpx
import openai
import pytest

from sandbox.settings import TEXT_BASE
from tests.sandbox.running import Running
from tests.sandbox.texting import (
    ASKED,
    CLAUDE,
    GEMINI,
    GPT,
    HELLO,
    anthropic_client,
    gemini,
    openai_client,
    the_text,
)

STREAMS = {
    "chat": ("/v1/chat/completions", {"model": GPT, "messages": ASKED, "stream": True}),
    "messages": (
        "/v1/messages",
        {"model": CLAUDE, "max_tokens": 200, "messages": ASKED, "stream": True},
    ),
    "responses": ("/v1/responses", {"model": GPT, "input": HELLO, "stream": True}),
    "gemini": (
        f"/v1/models/{GEMINI}:streamGenerateContent?alt=sse",
        {"contents": [{"parts": [{"text": HELLO}]}]},
    ),
}
ENDS = {
    "chat": "[DONE]",
    "messages": "message_stop",
    "responses": "response.completed",
    "gemini": "finishReason",
}


def _stream(box: Running, route: str, timeout: float = 20) -> httpx.Response:
    path, body = STREAMS[route]
    return box.http.post(TEXT_BASE + path, json=body, timeout=timeout)


@pytest.mark.parametrize("after", [0, 3, 1000])
@pytest.mark.parametrize("route", STREAMS)
def test_a_cut_stream_ends_without_its_terminator_and_is_billed(
    box: Running, route: str, after: int
) -> None:
    whole = _stream(box, route).text
    box.reset()
    box.chaos({"fault": "cut_stream", "route": route, "after": after})

    cut = _stream(box, route).text

    assert ENDS[route] in whole
    assert ENDS[route] not in cut
    assert whole.count("data:") > cut.count("data:") >= min(after, 8)
    assert the_text(box)["streamed"]
    assert ENDS[route] in _stream(box, route).text  # once by default


def test_a_cut_array_does_not_close(box: Running) -> None:
    box.chaos({"fault": "cut_stream", "after": 2}, {"fault": "stream_error"})
    cut = gemini(box, "streamGenerateContent").text
    assert len(json.loads(cut.rstrip(",\r\n") + "]")) == 2
    assert gemini(box, "streamGenerateContent").json()[0]["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("route", STREAMS)
def test_a_stream_may_end_in_an_error_of_its_own(box: Running, route: str) -> None:
    box.chaos({"fault": "stream_error", "route": route, "after": 2})

    events = [line for line in _stream(box, route).text.splitlines() if line.startswith("data:")]

    last = json.loads(events[-1].removeprefix("data: "))
    assert "error" in last or last["type"] == "error"
    assert last.get("sequence_number", len(events) - 1) == len(events) - 1
    assert ENDS[route] not in "".join(events)
    assert len(events) > 2
    assert the_text(box)["streamed"]


def test_the_sdks_raise_or_tell_the_error_of_a_stream(box: Running) -> None:
    box.chaos({"fault": "stream_error", "times": None})
    with openai_client(box) as gpt:
        with pytest.raises(openai.APIError, match="server had an error"):
            list(gpt.chat.completions.create(model=GPT, messages=ASKED, stream=True))
        told = list(gpt.responses.create(model=GPT, input=HELLO, stream=True))
    assert told[-1].type == "error"
    with (
        anthropic_client(box) as claude,
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
    ):
        list(claude.messages.create(model=CLAUDE, max_tokens=9, messages=ASKED, stream=True))


@pytest.mark.parametrize("route", STREAMS)
def test_the_other_faults_strike_streams_as_well(box: Running, route: str) -> None:
    box.chaos(
        {"fault": "lose_answer", "route": route},
        {"fault": "cut", "route": route},
        {"fault": "truncated_json", "route": route},
        {"fault": "error", "route": route, "status": 502, "accepted": True},
        {"fault": "drip", "route": route, "seconds": 0.4},
    )
    with pytest.raises(httpx.ReadError):
        _stream(box, route)
    with pytest.raises(httpx.RemoteProtocolError):
        _stream(box, route)
    half = _stream(box, route)
    assert half.status_code == 200
    assert ENDS[route] not in half.text
    assert _stream(box, route).status_code == 502
    slow = _stream(box, route, timeout=0.3)  # each read is in time, the whole takes longer
    assert ENDS[route] in slow.text
    assert slow.elapsed.total_seconds() > 0.3
    assert box.account()["totals"]["texts"] == 5


def test_a_fault_of_streams_leaves_whole_answers_alone(box: Running) -> None:
    box.chaos({"fault": "cut_stream", "times": None}, {"fault": "prose", "route": "messages"})
    assert box.chat().json()["choices"][0]["finish_reason"] == "stop"
    body = STREAMS["messages"][1] | {"stream": False}
    answer = box.http.post(f"{TEXT_BASE}/v1/messages", json=body)
    assert answer.json()["content"][0]["text"].startswith("Sure!")


def test_tokens_arrive_as_they_come() -> None:
    running = Running.start("--text-seconds", "0.8", "--spread", "0")
    try:
        times, began = [], time.monotonic()
        with openai_client(running) as client:
            for chunk in client.chat.completions.create(model=GPT, messages=ASKED, stream=True):
                if chunk.choices[0].delta.content:
                    times.append(time.monotonic() - began)
        billed = running.account()["totals"]["texts"]
    finally:
        running.stop()
    assert billed == 1
    assert len(times) > 4
    assert times[0] < 0.5 < 0.75 < times[-1]


def test_who_hangs_up_in_the_middle_has_paid(capfd: pytest.CaptureFixture[str]) -> None:
    running = Running.start("--text-seconds", "1", "--spread", "0")
    path, body = STREAMS["chat"]
    try:
        with running.http.stream("POST", TEXT_BASE + path, json=body) as answer:
            assert next(answer.iter_lines()).startswith("data: ")
        assert running.account()["totals"]["texts"] == 1
    finally:
        assert running.stop() == 0
    assert capfd.readouterr().err == ""
