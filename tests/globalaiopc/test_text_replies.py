"""Whole answers of the four text dialects: one shape of reply, one truth about errors."""

from collections.abc import Mapping

import httpx
import pytest

from globalaiopc import ChatReply, GlobalAIOPCError, errors
from globalaiopc.parse_text import parse_text
from tests.globalaiopc.doubles import Script, body, client_for
from tests.globalaiopc.text_dialects import DIALECTS, TEXT, Dialect

each_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def parsed(endpoint: str, payload: object, status_code: int = 200) -> ChatReply:
    return parse_text(endpoint, status_code, body(payload), {"x-request-id": "r-1"})


def failure(endpoint: str, payload: object, status_code: int = 200) -> GlobalAIOPCError:
    with pytest.raises(GlobalAIOPCError) as caught:
        parsed(endpoint, payload, status_code)
    assert caught.value.request_id == "r-1"
    return caught.value


@each_dialect
def test_a_whole_answer(dialect: Dialect):
    endpoint = dialect.request.endpoint
    reply = parsed(endpoint, dialect.whole)
    assert reply == ChatReply(
        id="c-1",
        model=dialect.request.model,
        text=TEXT,
        finish_reason=dialect.finish,
        input_tokens=5,
        output_tokens=7,
    )
    assert parsed(endpoint, {"code": 0, "msg": None, "data": dialect.whole}) == reply


@pytest.mark.parametrize(
    "method", ["chat_completions", "messages", "responses", "generate_content"]
)
async def test_each_method_asks_at_its_own_path(method):
    dialect = DIALECTS[method]
    script = Script(httpx.Response(200, json=dialect.whole))
    before: list[int] = []
    async with client_for(script, text_base_url="https://text.example") as api:
        reply = await getattr(api, method)(
            dialect.request, before_send=lambda: before.append(len(script.requests))
        )
        assert reply == await api.ask(dialect.request)
    assert reply.text == TEXT
    assert before == [0]
    asked = script.requests[0]
    assert asked.url.path == dialect.path
    assert (asked.url.query, asked.extensions["timeout"]["read"]) == (b"", 120.0)


# --- errors --------------------------------------------------------------------------------------


def anthropic(kind: str, message: str = "so") -> dict:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def google(code: int, status: str, message: str = "so") -> dict:
    return {"error": {"code": code, "message": message, "status": status}}


def openai(code: str, message: str = "so") -> dict:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


@pytest.mark.parametrize(
    ("endpoint", "status_code", "payload", "kind"),
    [
        ("chat_completions", 401, openai("invalid_api_key"), errors.Unauthorized),
        ("chat_completions", 404, openai("model_not_found", "no model x"), errors.Refused),
        ("chat_completions", 429, openai("insufficient_quota"), errors.BalanceTooLow),
        ("chat_completions", 429, openai("rate_limit_exceeded"), errors.RateLimited),
        ("responses", 400, openai("content_policy_violation"), errors.Moderated),
        ("messages", 401, anthropic("authentication_error"), errors.Unauthorized),
        ("messages", 403, anthropic("permission_error"), errors.Forbidden),
        ("messages", 400, anthropic("invalid_request_error"), errors.Refused),
        ("messages", 429, anthropic("rate_limit_error"), errors.RateLimited),
        ("messages", 529, anthropic("overloaded_error"), errors.OutcomeUnknown),
        ("messages", 200, anthropic("invalid_request_error"), errors.Refused),
        ("generate_content", 400, google(400, "INVALID_ARGUMENT"), errors.Refused),
        ("generate_content", 401, google(401, "UNAUTHENTICATED"), errors.Unauthorized),
        ("generate_content", 403, google(403, "PERMISSION_DENIED"), errors.Forbidden),
        ("generate_content", 429, google(429, "RESOURCE_EXHAUSTED"), errors.RateLimited),
        ("generate_content", 503, google(503, "UNAVAILABLE"), errors.OutcomeUnknown),
        ("generate_content", 200, google(400, "INVALID_ARGUMENT"), errors.Refused),
        *(
            (endpoint, 200, {"code": "204", "msg": "登录验证失败"}, errors.LoginFailed)
            for endpoint in DIALECTS
        ),
        *((endpoint, 200, {"id": "x"}, errors.OutcomeUnknown) for endpoint in DIALECTS),
        *((endpoint, 200, {}, errors.OutcomeUnknown) for endpoint in DIALECTS),
        *((endpoint, 500, {}, errors.OutcomeUnknown) for endpoint in DIALECTS),
    ],
)
def test_errors_of_each_dialect(endpoint, status_code, payload, kind):
    error = failure(endpoint, payload, status_code)
    assert type(error) is kind
    assert error.charged == ("unknown" if kind is errors.OutcomeUnknown else "no")


COUNTED: Mapping[str, dict] = {
    "chat_completions": {"usage": {"prompt_tokens": 5}},
    "messages": {"usage": {"input_tokens": 5}},
    "responses": {"usage": {"input_tokens": 5}},
    "generate_content": {"usageMetadata": {"promptTokenCount": 5}},
}


def refused(text: str) -> dict:
    return {"type": "message", "content": [{"type": "refusal", "refusal": text}]}


@pytest.mark.parametrize("paid", [True, False])
@pytest.mark.parametrize(
    ("endpoint", "payload", "kind", "says"),
    [
        ("chat_completions", {"choices": [{"message": {"refusal": "No."}}]}, "moderated", "No."),
        ("chat_completions", {"choices": [{"finish_reason": "content_filter"}]}, "moderated", ""),
        ("chat_completions", {"choices": [{"finish_reason": "length"}]}, "empty", "max_tokens"),
        ("chat_completions", {"choices": []}, "empty", "without any text"),
        ("messages", {"content": [], "stop_reason": "refusal"}, "moderated", "filter"),
        ("messages", {"content": [], "stop_reason": "max_tokens"}, "empty", "max_tokens"),
        ("messages", {"content": [{"type": "tool_use", "name": "x"}]}, "empty", "without any"),
        ("responses", {"output": [refused("No.")], "status": "completed"}, "moderated", "No."),
        (
            "responses",
            {"output": [], "incomplete_details": {"reason": "content_filter"}},
            "moderated",
            "filter",
        ),
        (
            "responses",
            {"output": [], "incomplete_details": {"reason": "max_output_tokens"}},
            "empty",
            "max_tokens",
        ),
        ("generate_content", {"promptFeedback": {"blockReason": "SAFETY"}}, "moderated", "SAFETY"),
        ("generate_content", {"candidates": [{"finishReason": "SAFETY"}]}, "moderated", "filter"),
        ("generate_content", {"candidates": [{"finishReason": "BLOCKLIST"}]}, "moderated", ""),
        ("generate_content", {"candidates": [{"finishReason": "MAX_TOKENS"}]}, "empty", "max"),
    ],
)  # fmt: skip
def test_an_answer_without_text(endpoint, payload, kind, says, paid):
    error = failure(endpoint, {"id": "c-1", **payload, **(COUNTED[endpoint] if paid else {})})
    code = {"moderated": "moderated", "empty": "empty_reply"}[kind]
    assert (error.code, error.charged) == (code, "yes" if paid else "unknown")
    assert says in error.message


def test_a_text_that_a_filter_cut_short_is_still_a_text():
    content = {"parts": [{"text": "Once"}]}
    payload = {"candidates": [{"content": content, "finishReason": "SAFETY"}]}
    reply = parsed("generate_content", payload)
    assert (reply.text, reply.finish_reason) == ("Once", "SAFETY")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "server_error", "message": "boom"}, errors.OutcomeUnknown),
        ({"code": "rate_limit_exceeded", "message": "slow"}, errors.RateLimited),
        ({"code": "image_content_policy_violation", "message": "no"}, errors.Moderated),
        (None, errors.OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("tokens", [0, 5])
def test_a_response_that_says_that_it_failed(error, kind, tokens):
    payload = {"id": "c-1", "status": "failed", "error": error, "output": []}
    problem = failure("responses", {**payload, "usage": {"input_tokens": tokens}})
    assert type(problem) is kind
    assert (problem.charged, problem.retry_is_free) == ("yes" if tokens else "unknown", False)
