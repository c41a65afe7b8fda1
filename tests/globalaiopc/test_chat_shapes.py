"""The shapes of a chat model's answer: whole, in parts, and without any text."""

import pytest

from globalaiopc import errors
from globalaiopc.parse_text import parse_text
from tests.globalaiopc.doubles import body

CHAT = {
    "id": "chatcmpl-1",
    "model": "gpt-5.4",
    "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": "4"},
}


def test_a_chat():
    reply = parse_text("chat_completions", 200, body(CHAT), {})
    assert (reply.id, reply.model, reply.text) == ("chatcmpl-1", "gpt-5.4", "hello")
    assert (reply.finish_reason, reply.input_tokens, reply.output_tokens) == ("stop", 3, 4)
    assert parse_text("chat_completions", 200, body({"code": 0, "data": CHAT}), {}) == reply


def test_chat_content_in_parts():
    parts = [{"type": "text", "text": "hel"}, "lo", {"type": "image"}]
    payload = {**CHAT, "choices": [{"message": {"content": parts}}]}
    assert parse_text("chat_completions", 200, body(payload), {}).text == "hello"


@pytest.mark.parametrize(
    ("payload", "kind", "charged", "says"),
    [
        ({"id": "c", "choices": []}, errors.OutcomeUnknown, "unknown", "without any text"),
        ({**CHAT, "choices": []}, errors.OutcomeUnknown, "yes", "without any text"),
        ({"id": "c"}, errors.OutcomeUnknown, "unknown", "no choices"),
        (
            {**CHAT, "choices": [{"message": {"content": ""}, "finish_reason": "length"}]},
            errors.OutcomeUnknown,
            "yes",
            "max_tokens",
        ),
        (
            {**CHAT, "choices": [{"finish_reason": "content_filter"}]},
            errors.Moderated,
            "yes",
            "filter",
        ),
        ({"error": {"message": "model overloaded"}}, errors.Refused, "no", "overloaded"),
    ],
)
def test_a_chat_without_text(payload, kind, charged, says):
    with pytest.raises(kind, match=says) as caught:
        parse_text("chat_completions", 200, body(payload), {})
    assert caught.value.charged == charged
