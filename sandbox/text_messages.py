"""POST /v1/messages in Anthropic's shape (docs: messages; the fields are Anthropic's).

The key comes as `Authorization: Bearer`; `x-api-key` is not accepted. Claude and GPT models; GPT
takes no images here (docs). Tools are accepted and never called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox import seeded
from sandbox.answers import Answer
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

_ERRORS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error",
           429: "rate_limit_error"}  # fmt: skip
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


class Messages:
    route = "messages"
    endpoint = "messages"
    path = "/v1/messages"
    id_prefix = "msg_"

    def read(self, call: Call) -> TextAsked:
        body = call.body
        model = _required(body, "model")
        limit = positive(body, "max_tokens")
        if limit is None:
            raise BadAsk("max_tokens: Field required")
        number(body, "temperature", 0, 1)
        shown = list[Shown]()
        turns = tuple(_turn(message, shown) for message in objects(body, "messages"))
        if shown and model.startswith("gpt"):
            raise BadAsk(f"messages: {model} does not take images at this endpoint")
        return TextAsked(
            call=call,
            model=model,
            system=_words(body, "system", []) if body.get("system") is not None else "",
            turns=turns,
            shown=tuple(shown),
            limit=limit,
            schema=_schema(body),
            stream=flag(body, "stream"),
        )

    def error(self, refusal: BadAsk) -> Answer:
        kind = _ERRORS.get(refusal.status, "invalid_request_error")
        request_id = "req_" + seeded.digest(refusal.status, refusal.text)[:24]
        return Answer(
            {
                "type": "error",
                "error": {"type": kind, "message": refusal.text},
                "request_id": request_id,
            },
            refusal.status,
            {"request-id": request_id},
        )

    def whole(self, asked: TextAsked, said: Said) -> Mapping[str, object]:
        content = [{"type": "text", "text": said.text}]
        return _message(asked, said, content, _stop(said), said.output_tokens)

    def streamed(self, asked: TextAsked, said: Said) -> Streamed:
        return Streamed(tuple(_events(asked, said)), _failed)


def _required(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadAsk(f"{name}: Field required")
    return value


def _turn(message: Body, shown: list[Shown]) -> tuple[str, str]:
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise BadAsk(
            f'messages: Unexpected role "{role}". Allowed roles are "user" or "assistant"; '
            "the system prompt is the top-level `system`"
        )
    return str(role), _words(message, "content", shown)


def _words(holder: Body, name: str, shown: list[Shown]) -> str:
    content = holder.get(name)
    if isinstance(content, str):
        return content
    return " ".join(_block(block, shown) for block in objects(holder, name))


def _block(block: Body, shown: list[Shown]) -> str:
    kind = block.get("type")
    if kind == "text" and isinstance(words := block.get("text"), str):
        return words
    if kind == "image":
        shown.append(Shown(_image(inner(block, "source"))))
        return ""
    if kind in ("tool_use", "tool_result", "thinking", "redacted_thinking"):
        return ""
    raise BadAsk(f"messages: Input tag '{kind}' is not one of 'text', 'image'")


def _image(source: Body) -> str:
    """A URL, or the base64 as a data URI."""
    if source.get("type") == "url":
        return text(source, "url")
    if source.get("type") != "base64":
        raise BadAsk("messages: image.source.type must be 'base64' or 'url'")
    media_type = text(source, "media_type")
    if media_type not in _IMAGES:
        raise BadAsk(f"messages: image.source.base64.media_type: not one of {', '.join(_IMAGES)}")
    return f"data:{media_type};base64,{text(source, 'data')}"


def _schema(body: Body) -> Body | None:
    """Of `output_config.format`, Anthropic's structured output."""
    wanted = inner(inner(body, "output_config"), "format")
    return inner(wanted, "schema") if wanted.get("type") == "json_schema" else None


def _message(
    asked: TextAsked, said: Said, content: object, stop: str | None, output_tokens: int
) -> dict[str, object]:
    return {
        "id": said.id,
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {
            "input_tokens": said.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": output_tokens,
        },
    }


def _events(asked: TextAsked, said: Said) -> Iterator[Part]:
    def one(name: str, *, spoken: bool = False, **fields: object) -> Part:
        return event({"type": name, **fields}, name=name, spoken=spoken)

    yield one("message_start", message=_message(asked, said, [], None, 1))
    yield one("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield one("ping")
    for piece in said.pieces():
        delta = {"type": "text_delta", "text": piece}
        yield one("content_block_delta", spoken=True, index=0, delta=delta)
    yield one("content_block_stop", index=0)
    yield one(
        "message_delta",
        delta={"stop_reason": _stop(said), "stop_sequence": None},
        usage={"output_tokens": said.output_tokens},
    )
    yield one("message_stop")


def _failed(_: int) -> Part:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    return event({"type": "error", "error": error}, name="error")


def _stop(said: Said) -> str:
    return "max_tokens" if said.cut else "end_turn"
