"""POST /v1/models/{model}:generateContent and :streamGenerateContent in Google's shape.

Docs: the prefix is /v1 and the key a Bearer; Gemini models only. Both camelCase and snake_case
names are read, as Google's own service does. A stream is SSE with `?alt=sse` and else one JSON
array; neither has a terminator of its own but the `finishReason` of its last part (and the "]").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sandbox.answers import Answer, dump
from sandbox.asked import Kind
from sandbox.streams import Part, Streamed
from sandbox.text_asked import (
    BadAsk,
    Body,
    Call,
    Said,
    Shown,
    TextAsked,
    inner,
    number,
    objects,
    positive,
    text,
)

_ERRORS = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           429: "RESOURCE_EXHAUSTED"}  # fmt: skip
_FAILED = Part(
    dump({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}})
)
_KINDS: dict[str, Kind] = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True)
class GenerateContent:
    endpoint: str
    path: str
    stream: bool
    route = "gemini"
    id_prefix = ""

    def read(self, call: Call) -> TextAsked:
        body = call.body
        config = inner(body, "generationConfig", "generation_config")
        number(config, "temperature", 0, 2)
        shown = list[Shown]()
        system = inner(body, "systemInstruction", "system_instruction")
        return TextAsked(
            call=call,
            model=call.path_model,
            system=_words(system, []) if system else "",
            turns=tuple(_turn(content, shown) for content in objects(body, "contents")),
            shown=tuple(shown),
            limit=positive(config, "maxOutputTokens", "max_output_tokens"),
            schema=_schema(config),
            stream=self.stream,
        )

    def error(self, refusal: BadAsk) -> Answer:
        status = _ERRORS.get(refusal.status, "INVALID_ARGUMENT")
        error = {"code": refusal.status, "message": refusal.text, "status": status}
        return Answer({"error": error}, refusal.status)

    def whole(self, asked: TextAsked, said: Said) -> Mapping[str, object]:
        return _reply(asked, said, said.text, last=True)

    def streamed(self, asked: TextAsked, said: Said) -> Streamed:
        replies = [
            Part(dump(_reply(asked, said, piece, last=False)), True) for piece in said.pieces()
        ]
        replies.append(Part(dump(_reply(asked, said, "", last=True))))
        if asked.call.query.get("alt") == "sse":
            return Streamed(
                tuple(_framed(reply, b"data: ", b"\r\n\r\n") for reply in replies),
                lambda _: _framed(_FAILED, b"data: ", b"\r\n\r\n"),
            )
        *first, last = replies
        return Streamed(
            (Part(b"["), *(_framed(reply, b"", b",\r\n") for reply in first), last, Part(b"]")),
            lambda _: _framed(_FAILED, b"", b"]"),
            "application/json; charset=UTF-8",
        )


DIALECTS = (
    GenerateContent("generate_content", "/v1/models/{model}:generateContent", stream=False),
    GenerateContent(
        "stream_generate_content", "/v1/models/{model}:streamGenerateContent", stream=True
    ),
)


def _framed(part: Part, before: bytes, after: bytes) -> Part:
    return replace(part, data=before + part.data + after)


def _turn(content: Body, shown: list[Shown]) -> tuple[str, str]:
    role = content.get("role", "user")
    if role not in ("user", "model"):
        raise BadAsk("Please use a valid role: user, model.")
    return str(role), _words(content, shown)


def _words(content: Body, shown: list[Shown]) -> str:
    return " ".join(_part(part, shown) for part in objects(content, "parts"))


def _part(part: Body, shown: list[Shown]) -> str:
    if isinstance(words := part.get("text"), str):
        return words
    data = inner(part, "inlineData", "inline_data")
    if data:
        media_type = str(data.get("mimeType", data.get("mime_type")))
        shown.append(_shown(f"data:{media_type};base64,{text(data, 'data')}", media_type))
        return ""
    file = inner(part, "fileData", "file_data")
    if file:
        uri = text(file, "fileUri" if "fileUri" in file else "file_uri")
        shown.append(_shown(uri, str(file.get("mimeType", file.get("mime_type", "image/*")))))
        return ""
    if any(name in part for name in ("functionCall", "functionResponse")):
        return ""
    raise BadAsk("contents.parts must not be empty: one of text, inlineData, fileData.")


def _shown(url: str, media_type: str) -> Shown:
    kind = _KINDS.get(media_type.partition("/")[0])
    if kind is None:
        raise BadAsk(f"Unsupported MIME type: {media_type}")
    return Shown(url, kind)


def _schema(config: Body) -> Body | None:
    wanted = config.get("responseMimeType", config.get("response_mime_type", "text/plain"))
    schema = inner(config, "responseSchema", "response_schema", "responseJsonSchema")
    if wanted == "application/json":
        return schema
    if schema:
        raise BadAsk("A response schema needs responseMimeType application/json.")
    if wanted != "text/plain":
        raise BadAsk("responseMimeType: allowed are text/plain and application/json.")
    return None


def _reply(asked: TextAsked, said: Said, words: str, *, last: bool) -> dict[str, object]:
    candidate: dict[str, object] = {
        "content": {"parts": [{"text": words}], "role": "model"},
        "index": 0,
    }
    usage = {"promptTokenCount": said.input_tokens, "totalTokenCount": said.input_tokens}
    if last:
        candidate["finishReason"] = "MAX_TOKENS" if said.cut else "STOP"
        usage |= {
            "candidatesTokenCount": said.output_tokens,
            "totalTokenCount": said.input_tokens + said.output_tokens,
        }
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": asked.model,
        "responseId": said.id,
    }
