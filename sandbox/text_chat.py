"""POST /v1/chat/completions in OpenAI's shape (docs: chat completions; the fields are OpenAI's).

Tools are accepted and never called. Streams are `data:` lines that end with `[DONE]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from sandbox.answers import Answer, openai_error
from sandbox.streams import Part, Streamed, event
from sandbox.text_asked import (
    BadAsk,
    Body,
    Call,
    Said,
    Shown,
    TextAsked,
    flag,
    inner,
    number,
    objects,
    positive,
    text,
)

_SYSTEM = ("system", "developer")
_ROLES = (*_SYSTEM, "user", "assistant", "tool", "function")


class ChatCompletions:
    route = "chat"
    endpoint = "chat_completions"
    path = "/v1/chat/completions"
    id_prefix = "chatcmpl-"

    def read(self, call: Call) -> TextAsked:
        body = call.body
        number(body, "temperature", 0, 2)
        number(body, "top_p", 0, 1)
        stream = flag(body, "stream")
        if body.get("stream_options") is not None and not stream:
            raise BadAsk("'stream_options' needs 'stream'.", param="stream_options")
        model, shown = text(body, "model"), list[Shown]()
        said = [_message(message, shown) for message in objects(body, "messages")]
        return TextAsked(
            call=call,
            model=model,
            system=" ".join(words for role, words in said if role in _SYSTEM),
            turns=tuple(turn for turn in said if turn[0] not in _SYSTEM),
            shown=tuple(shown),
            limit=positive(body, "max_completion_tokens", "max_tokens"),
            schema=wanted_schema(inner(body, "response_format"), "json_schema"),
            stream=stream,
        )

    def error(self, refusal: BadAsk) -> Answer:
        return openai_error(refusal.status, refusal.text, refusal.code, refusal.param)

    def whole(self, asked: TextAsked, said: Said) -> Mapping[str, object]:
        message: dict[str, object] = {
            "role": "assistant",
            "content": said.text,
            "refusal": None,
            "annotations": [],
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(said)}
        return {
            "id": said.id,
            "object": "chat.completion",
            "created": int(said.created),
            "model": asked.model,
            "choices": [choice],
            "usage": _usage(said),
        }

    def streamed(self, asked: TextAsked, said: Said) -> Streamed:
        with_usage = flag(inner(asked.call.body, "stream_options"), "include_usage")
        return Streamed(tuple(_chunks(asked, said, with_usage=with_usage)), _failed)


def wanted_schema(wanted: Body, inside: str | None) -> Body | None:
    """The schema of a `response_format` (inside `json_schema`) or of a Responses `text.format`."""
    kind = wanted.get("type", "text")
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    if kind != "json_schema":
        allowed = "'json_object', 'json_schema' and 'text'"
        raise BadAsk(f"Invalid value: '{kind}'. Supported values are: {allowed}.", param="type")
    holder = inner(wanted, inside) if inside else wanted
    text(holder, "name")
    schema = inner(holder, "schema")
    if not schema:
        raise BadAsk("Missing required parameter: 'schema'.", param="schema")
    return schema


def _message(message: Body, shown: list[Shown]) -> tuple[str, str]:
    """(role, text); images are put on `shown`."""
    role = message.get("role")
    if role not in _ROLES:
        allowed = ", ".join(f"'{name}'" for name in _ROLES)
        raise BadAsk(
            f"Invalid value: '{role}'. Supported values are: {allowed}.", param="messages[].role"
        )
    content = message.get("content")
    if isinstance(content, str):
        return str(role), content
    if content is None and role == "assistant":
        return str(role), ""
    return str(role), " ".join(_part(part, shown) for part in objects(message, "content"))


def _part(part: Body, shown: list[Shown]) -> str:
    kind = part.get("type")
    if kind == "text" and isinstance(words := part.get("text"), str):
        return words
    if kind == "refusal":
        return str(part.get("refusal") or "")
    if kind == "image_url":
        shown.append(Shown(text(inner(part, "image_url"), "url")))
        return ""
    raise BadAsk(
        f"Invalid content part of type '{kind}'. Supported values are: 'text' and 'image_url'.",
        param="messages[].content",
    )


def _chunks(asked: TextAsked, said: Said, *, with_usage: bool) -> Iterator[Part]:
    def chunk(delta: dict[str, str] | None, finish: str | None, usage: JsonValue) -> Part:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        body: dict[str, object] = {
            "id": said.id,
            "object": "chat.completion.chunk",
            "created": int(said.created),
            "model": asked.model,
            "choices": [] if delta is None else [choice],
        }
        if with_usage:
            body["usage"] = usage
        return event(body, spoken=bool(delta and delta.get("content")))

    yield chunk({"role": "assistant", "content": ""}, None, None)
    for piece in said.pieces():
        yield chunk({"content": piece}, None, None)
    yield chunk({}, _finish(said), None)
    if with_usage:
        yield chunk(None, None, dict(_usage(said)))
    yield Part(b"data: [DONE]\n\n")


def _failed(_: int) -> Part:
    error = {"message": "The server had an error.", "type": "server_error", "param": None}
    return event({"error": error | {"code": None}})


def _finish(said: Said) -> str:
    return "length" if said.cut else "stop"


def _usage(said: Said) -> Mapping[str, int]:
    return {
        "prompt_tokens": said.input_tokens,
        "completion_tokens": said.output_tokens,
        "total_tokens": said.input_tokens + said.output_tokens,
    }
