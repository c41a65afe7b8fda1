"""What the text host refuses, and which models it has where."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.settings import TEXT_BASE
from tests.sandbox.running import FAST, SCRIPT, Running
from tests.sandbox.texting import ASKED, CLAUDE, GPT, HELLO

CHAT: dict[str, Any] = {"model": GPT, "messages": ASKED}
RESPONSE: dict[str, Any] = {"model": GPT, "input": HELLO}
MESSAGE: dict[str, Any] = {"model": CLAUDE, "max_tokens": 9, "messages": ASKED}


def _user(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", CHAT | {"temperature": 3}),
        ("chat/completions", CHAT | {"max_tokens": 0}),
        ("chat/completions", CHAT | {"messages": [{"role": "robot", "content": "x"}]}),
        ("chat/completions", CHAT | _user({"type": "video"})),
        ("chat/completions", CHAT | {"messages": [{"role": "user"}]}),
        ("chat/completions", CHAT | {"messages": ["x"]}),
        ("chat/completions", CHAT | {"response_format": {"type": "xml"}}),
        (
            "chat/completions",
            CHAT | {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        ),
        ("chat/completions", CHAT | {"stream": "yes"}),
        ("chat/completions", CHAT | {"stream_options": {"include_usage": True}}),
        ("chat/completions", CHAT | {"model": None}),
        ("responses", RESPONSE | {"input": ""}),
        ("responses", RESPONSE | {"input": []}),
        ("responses", RESPONSE | {"input": [{"role": "tool", "content": "x"}]}),
        (
            "responses",
            RESPONSE | {"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        ),
        ("responses", RESPONSE | {"temperature": -1}),
        ("responses", RESPONSE | {"text": {"format": {"type": "json_schema", "name": "x"}}}),
        ("responses", RESPONSE | {"previous_response_id": 7}),
        ("messages", MESSAGE | _user({"type": "video"})),
        ("messages", MESSAGE | _user({"type": "image", "source": {"type": "file"}})),
        (
            "messages",
            MESSAGE
            | _user(
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/bmp", "data": "Qk0="},
                }
            ),
        ),
        ("messages", MESSAGE | {"system": 7}),
        ("messages", MESSAGE | {"model": ""}),
    ],
    ids=lambda given: given if isinstance(given, str) else json.dumps(given)[-60:],
)
def test_wrong_fields_are_refused_and_cost_nothing(
    box: Running, path: str, body: dict[str, Any]
) -> None:
    answer = box.http.post(f"{TEXT_BASE}/v1/{path}", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert box.account()["texts"] == []


def test_a_row_of_one_s_own_is_served_at_its_endpoint(tmp_path: Path) -> None:
    rows = tmp_path / "rows.toml"
    rows.write_text('[[model]]\nnames = ["house-llm"]\nendpoint = "chat_completions"\n')
    running = Running.start(*FAST, "--catalogue", str(rows))
    try:
        chat = running.chat(model="house-llm")
        other = running.http.post(
            f"{TEXT_BASE}/v1/responses", json={"model": "house-llm", "input": HELLO}
        )
    finally:
        running.stop()
    assert (chat.status_code, other.status_code) == (200, 404)


def test_nobody_without_a_key_learns_what_is_wrong(box: Running) -> None:
    for body in ({}, SCRIPT, {"model": "gpt-99"}):
        answer = box.plain.post(f"{TEXT_BASE}/v1/chat/completions", json=body)
        assert answer.status_code == 401
