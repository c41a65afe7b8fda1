"""The same answer ("Hello, 世界!") in each text dialect: whole, and as the events of a stream."""

import json
from dataclasses import dataclass
from typing import Any

from globalaiopc import (
    ChatMessage,
    ChatRequest,
    GenerateContentRequest,
    MessagesRequest,
    ResponsesRequest,
    StreamGenerateContentRequest,
    TextRequest,
)

USER = (ChatMessage(role="user", content="say hello"),)
PIECES = ("Hello, ", "世界", "!")
TEXT = "".join(PIECES)
GPT, CLAUDE, GEMINI = "gpt-5.4", "claude-opus-4-7", "gemini-3.1-pro-preview"


@dataclass(frozen=True)
class Dialect:
    """`begin` comes before the first piece, `end` after the last; `finish` is how it ended.

    `error` is how the dialect tells of an overload: in an answer of its own, and in a stream.
    """

    request: TextRequest
    path: str
    whole: dict[str, Any]
    begin: tuple[bytes, ...]
    pieces: tuple[bytes, ...]
    end: tuple[bytes, ...]
    finish: str
    error: bytes

    @property
    def stream(self) -> bytes:
        return b"".join((*self.begin, *self.pieces, *self.end))


def event(body: object, name: str = "", end: str = "\n") -> bytes:
    head = f"event: {name}{end}" if name else ""
    return f"{head}data: {json.dumps(body, ensure_ascii=False)}{end}{end}".encode()


def typed(name: str, **body: object) -> bytes:
    return event({"type": name, **body}, name)


def chunk(delta: object, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event({"id": "c-1", "model": GPT, "choices": [choice], "usage": None, **more})


def _chat() -> Dialect:
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    choice = {"message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    return Dialect(
        ChatRequest(model=GPT, messages=USER),
        "/v1/chat/completions",
        {"id": "c-1", "model": GPT, "choices": [choice], "usage": usage},
        (b": keep-alive\n\n", chunk({"role": "assistant", "content": ""})),
        tuple(chunk({"content": piece}) for piece in PIECES),
        (
            chunk({}, "stop"),
            event({"id": "c-1", "model": GPT, "choices": [], "usage": usage}),
            b"data: [DONE]\n\n",
        ),
        "stop",
        event({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}),
    )


def _messages() -> Dialect:
    whole = {
        "id": "c-1",
        "type": "message",
        "model": CLAUDE,
        "content": [
            {"type": "thinking", "thinking": "hm"},
            *({"type": "text", "text": piece} for piece in PIECES),
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "output_tokens": 7},
    }
    begun = {**whole, "content": [], "stop_reason": None}
    begun["usage"] = {"input_tokens": 5, "output_tokens": 1}
    return Dialect(
        MessagesRequest(model=CLAUDE, messages=USER, max_tokens=99),
        "/v1/messages",
        whole,
        (
            typed("message_start", message=begun),
            typed("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            typed("ping"),
        ),
        tuple(
            typed("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in PIECES
        ),
        (
            typed("content_block_stop", index=0),
            typed("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7}),
            typed("message_stop"),
        ),
        "end_turn",
        typed("error", error={"type": "rate_limit_error", "message": "slow down"}),
    )


def _responses() -> Dialect:
    whole = {
        "id": "c-1",
        "object": "response",
        "status": "completed",
        "error": None,
        "model": GPT,
        "output": [
            {"type": "reasoning", "summary": []},
            {
                "type": "message",
                "id": "msg-1",
                "status": "completed",
                "content": [{"type": "output_text", "text": TEXT}],
            },
        ],
        "usage": {"input_tokens": 5, "output_tokens": 7},
    }
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    return Dialect(
        ResponsesRequest(model=GPT, input="say hello"),
        "/v1/responses",
        whole,
        (
            typed("response.created", response=begun),
            typed("response.in_progress", response=begun),
            typed("response.code_interpreter_call_code.done", code="print(1)"),
        ),
        tuple(typed("response.output_text.delta", delta=piece) for piece in PIECES),
        (
            typed("response.output_text.done", text=TEXT),
            typed("response.completed", response=whole),
        ),
        "completed",
        typed("error", code="rate_limit_exceeded", message="slow down", param=None),
    )


def _gemini(kind: type[TextRequest], verb: str) -> Dialect:
    def reply(text: str, finish: str | None, counted: int | None) -> dict[str, Any]:
        parts = [{"text": "hm", "thought": True}, {"text": text}]
        candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": finish}
        usage = {"promptTokenCount": 5, "candidatesTokenCount": counted}
        if counted:
            usage |= {"candidatesTokenCount": 4, "thoughtsTokenCount": 3}
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": GEMINI,
            "responseId": "c-1",
        }

    *early, last = PIECES
    return Dialect(
        kind(model=GEMINI, contents=USER),
        f"/v1/models/{GEMINI}:{verb}",
        reply(TEXT, "STOP", 4),
        (),
        tuple(event(reply(piece, None, None), end="\r\n") for piece in early),
        (event(reply(last, "STOP", 4), end="\r\n"),),
        "STOP",
        event({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}),
    )


DIALECTS = {
    dialect.request.endpoint: dialect
    for dialect in (
        _chat(),
        _messages(),
        _responses(),
        _gemini(GenerateContentRequest, "generateContent"),
        _gemini(StreamGenerateContentRequest, "streamGenerateContent"),
    )
}
