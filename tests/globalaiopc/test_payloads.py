"""Every payload that the API's documentation and its integrators show, through the parser."""

import json
from pathlib import Path

import pytest

from globalaiopc import (
    ChatMessage,
    ChatRequest,
    GlobalAIOPCError,
    NanoBananaRequest,
)
from globalaiopc.parse import parse_create, parse_result
from globalaiopc.parse_text import parse_text

PAYLOADS = json.loads((Path(__file__).parent / "payloads.json").read_text("utf-8"))
ANSWERS = [payload for payload in PAYLOADS if payload["kind"] != "request"]
REQUESTS = [payload for payload in PAYLOADS if payload["kind"] == "request"]


def _id(payload: dict) -> str:
    return f"{payload['endpoint']}-{payload['expect']['is']}"


def _parse(payload: dict) -> object:
    answer = (payload["status_code"], json.dumps(payload["body"]).encode(), {})
    if "chat" in payload["endpoint"]:
        return parse_text("chat_completions", *answer)
    if payload["endpoint"].startswith("POST"):
        return parse_create(*answer)
    return parse_result(*answer, "asked-id")


@pytest.mark.parametrize("payload", ANSWERS, ids=_id)
def test_each_documented_answer_is_what_it_should_be(payload):
    expected = dict(payload["expect"])
    try:
        got: object = _parse(payload)
    except GlobalAIOPCError as exc:
        got = exc
    assert type(got).__name__ == expected.pop("is")
    for name, value in expected.items():
        found = getattr(got, name)
        assert (str(found) if name == "amount" else found) == value, name


def test_all_payloads_are_there():
    assert len(PAYLOADS) == 59
    assert len(ANSWERS) == 42


@pytest.mark.parametrize("payload", REQUESTS, ids=_id)
def test_a_request_echoed_as_an_answer_is_never_an_accepted_job(payload):
    with pytest.raises(GlobalAIOPCError):
        parse_create(200, json.dumps(payload["body"]).encode(), {})


def test_the_documented_requests_are_what_we_send():
    sent = {payload["endpoint"]: payload["body"] for payload in REQUESTS}
    chat = sent["POST /v1/chat/completions"]
    message = ChatMessage(role="user", content=chat["messages"][0]["content"])
    assert ChatRequest(model=chat["model"], messages=(message,)).body() == chat

    banana = sent["POST /v1/banana/images"]
    image_urls = banana.pop("image_urls")
    assert NanoBananaRequest(**banana, image_urls=tuple(image_urls)).body() == banana
