"""POST /v1/responses in OpenAI's Responses shape (docs: responses; GPT models only).

Tools are accepted and never called. A stream has no `[DONE]`; `response.completed` or
`response.incomplete` ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox import seeded
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
from sandbox.text_chat import wanted_schema

_SYSTEM = ("system", "developer")
_ROLES = (*_SYSTEM, "user", "assistant")
_ECHOED = {"tool_choice": "auto", "tools": [], "temperature": 1.0, "top_p": 1.0, "store": True,
           "parallel_tool_calls": True, "truncation": "disabled", "metadata": {}, "user": None,
           "instructions": None, "max_output_tokens": None, "previous_response_id": None,
           "text": {"format": {"type": "text"}}}  # fmt: skip
"""What an answer repeats of its request, with what stands there otherwise."""


class Responses:
    route = "responses"
    endpoint = "responses"
    path = "/v1/responses"
    id_prefix = "resp_"

    def read(self, call: Call) -> TextAsked:
        body = call.body
        number(body, "temperature", 0, 2)
        number(body, "top_p", 0, 1)
        model, shown = text(body, "model"), list[Shown]()
        said = _input(body, shown)
        instructions = [text(body, "instructions")] if body.get("instructions") else []
        previous = body.get("previous_response_id")
        return TextAsked(
            call=call,
            model=model,
            system=" ".join([*instructions, *(words for role, words in said if role in _SYSTEM)]),
            turns=tuple(turn for turn in said if turn[0] not in _SYSTEM),
            shown=tuple(shown),
            limit=positive(body, "max_output_tokens"),
            schema=wanted_schema(inner(inner(body, "text"), "format"), None),
            stream=flag(body, "stream"),
            previous=None if previous is None else text(body, "previous_response_id"),
            kept=body.get("store") is not False,
        )

    def error(self, refusal: BadAsk) -> Answer:
        return openai_error(refusal.status, refusal.text, refusal.code, refusal.param)

    def whole(self, asked: TextAsked, said: Said) -> Mapping[str, object]:
        return _response(asked, said, done=True)

    def streamed(self, asked: TextAsked, said: Said) -> Streamed:
        numbered = enumerate(_events(asked, said))
        return Streamed(tuple(_event(at, name, fields) for at, (name, fields) in numbered), _failed)


def _event(at: int, name: str, fields: Mapping[str, object]) -> Part:
    body = {"type": name, "sequence_number": at, **fields}
    return event(body, name=name, spoken=name.endswith(".delta"))


def _failed(at: int) -> Part:
    fields = {"code": "server_error", "message": "The server had an error.", "param": None}
    return _event(at, "error", fields)


def _input(body: Body, shown: list[Shown]) -> list[tuple[str, str]]:
    """(role, text) of each item of `input`; images are put on `shown`."""
    if isinstance(body.get("input"), str):
        return [("user", text(body, "input"))]
    found = []
    for item in objects(body, "input"):
        if item.get("type", "message") != "message":
            continue  # what a tool was asked and what it answered
        role, content = item.get("role"), item.get("content")
        if role not in _ROLES:
            allowed = ", ".join(f"'{name}'" for name in _ROLES)
            raise BadAsk(
                f"Invalid value: '{role}'. Supported values are: {allowed}.", param="input[].role"
            )
        if not isinstance(content, str):
            content = " ".join(_part(part, shown) for part in objects(item, "content"))
        found.append((str(role), content))
    return found


def _part(part: Body, shown: list[Shown]) -> str:
    kind = part.get("type")
    if kind in ("input_text", "output_text") and isinstance(words := part.get("text"), str):
        return words
    if kind == "input_image":
        shown.append(Shown(text(part, "image_url")))
        return ""
    allowed = "'input_text', 'input_image' and 'output_text'"
    raise BadAsk(
        f"Invalid value: '{kind}'. Supported values are: {allowed}.", param="input[].content"
    )


def _response(asked: TextAsked, said: Said, *, done: bool) -> dict[str, object]:
    body = asked.call.body
    echoed = {
        name: default if body.get(name) is None else body[name] for name, default in _ECHOED.items()
    }
    usage = {
        "input_tokens": said.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said.input_tokens + said.output_tokens,
    }
    return {
        "id": said.id,
        "object": "response",
        "created_at": int(said.created),
        "status": _status(said) if done else "in_progress",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if done and said.cut else None,
        "model": asked.model,
        "output": [_item(said, _status(said))] if done else [],
        "usage": usage if done else None,
        **echoed,
    }


def _item(said: Said, status: str) -> dict[str, object]:
    return {
        "type": "message",
        "id": _item_id(said),
        "status": status,
        "role": "assistant",
        "content": [] if status == "in_progress" else [_text_part(said.text)],
    }


def _text_part(words: str) -> dict[str, object]:
    return {"type": "output_text", "text": words, "annotations": [], "logprobs": []}


def _item_id(said: Said) -> str:
    return "msg_" + seeded.digest("item", said.id)[:24]


def _status(said: Said) -> str:
    return "incomplete" if said.cut else "completed"


def _events(asked: TextAsked, said: Said) -> Iterator[tuple[str, dict[str, object]]]:
    place: dict[str, object] = {"item_id": _item_id(said), "output_index": 0, "content_index": 0}
    begun = _response(asked, said, done=False)
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    yield "response.output_item.added", {"output_index": 0, "item": _item(said, "in_progress")}
    yield "response.content_part.added", {**place, "part": _text_part("")}
    for piece in said.pieces():
        yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}
    yield "response.output_text.done", {**place, "text": said.text, "logprobs": []}
    yield "response.content_part.done", {**place, "part": _text_part(said.text)}
    yield "response.output_item.done", {"output_index": 0, "item": _item(said, _status(said))}
    yield f"response.{_status(said)}", {"response": _response(asked, said, done=True)}
