"""The text endpoints: one conversation, asked in the dialect of whoever made the model.

What a dialect has beyond these fields (tools, stop words, safety settings) goes into `extra`.
"""

import mimetypes
from collections.abc import Callable, Mapping
from typing import ClassVar, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.requests.base import Request
from globalaiopc.requests.turns import ChatMessage, ImagePart, Part, TextPart, images_in

Table = dict[str, JsonValue]


class TextRequest(Request):
    """A question to a text model, answered at once: whole, or as a stream."""

    def turns(self) -> tuple[ChatMessage, ...]:
        """The conversation."""
        raise NotImplementedError

    def wish(self) -> Generation:
        """What it holds, for what the catalogue has to say of it."""
        said = "\n".join(turn.words for turn in self.turns()).strip()
        # Pictures alone can be asked about; that the prompt is needed is said of generations.
        return Generation(
            model=self.model, prompt=said or "(no words)", images=images_in(self.turns())
        )

    def address(self, *, stream: bool) -> str:
        """The path, with its query."""
        del stream
        return self.path

    def plain_body(self) -> Table:
        """The body of a call that is answered in one piece.

        Raises `InvalidRequest` when `extra` asks for a stream, which would be paid for unread.
        """
        if self.extra.get("stream"):
            raise InvalidRequest(
                "This call takes its answer in one piece; client.stream() reads a stream.",
                field="stream",
                allowed="false",
            )
        return self.body()

    def stream_body(self) -> Table:
        """The body of a call whose answer is a stream."""
        if self.extra.get("stream", True) is not True:
            raise InvalidRequest(
                "client.stream() reads nothing but a stream.", field="stream", allowed="true"
            )
        return {**self.body(), "stream": True}


class ChatRequest(TextRequest):
    """POST /v1/chat/completions in OpenAI's shape (docs: openai-chat).

    `temperature` is 0 to 2; `max_tokens` bounds the answer; `response_format`
    `{"type": "json_object"}` asks for JSON, which a message must ask for as well. All models of the
    docs take images here.
    """

    endpoint: ClassVar[str] = "chat_completions"
    path: ClassVar[str] = "/v1/chat/completions"

    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    response_format: Mapping[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not self.messages:
            raise InvalidRequest("A chat needs at least one message.", field="messages")
        return self

    def turns(self) -> tuple[ChatMessage, ...]:
        return self.messages

    def body(self) -> Table:
        """The JSON body; parameters that were not given are left out."""
        return self.with_extra(
            {
                "model": self.model,
                "messages": [_message(message, _chat_part) for message in self.messages],
                "temperature": self.temperature,
                "max_tokens": self.max_tokens,
                "response_format": _given(self.response_format),
            }
        )

    def stream_body(self) -> Table:
        """With OpenAI's switch for the token counts, which a stream has only when asked to."""
        return {"stream_options": {"include_usage": True}, **super().stream_body()}


class MessagesRequest(TextRequest):
    """POST /v1/messages in Anthropic's shape (docs: claude-messages).

    `max_tokens` has to be given (Anthropic's rule); `temperature` is 0 to 1; instructions go into
    `system`, not into a message. Claude reads images here, GPT does not (docs), and there is no
    JSON mode.
    """

    endpoint: ClassVar[str] = "messages"
    path: ClassVar[str] = "/v1/messages"

    messages: tuple[ChatMessage, ...]
    max_tokens: int = Field(gt=0)
    system: str | None = None
    temperature: float | None = None

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        _refuse_system_turns(self.messages, "messages", "system")
        if self.temperature is not None and not 0 <= self.temperature <= 1:
            raise InvalidRequest(
                f"This endpoint takes no temperature of {self.temperature:g}.",
                field="temperature",
                allowed="0 to 1",
            )
        return self

    def turns(self) -> tuple[ChatMessage, ...]:
        return self.messages

    def body(self) -> Table:
        """The JSON body; parameters that were not given are left out."""
        return self.with_extra(
            {
                "model": self.model,
                "max_tokens": self.max_tokens,
                "system": self.system or None,
                "messages": [_message(message, _anthropic_part) for message in self.messages],
                "temperature": self.temperature,
            }
        )


class ResponsesRequest(TextRequest):
    """POST /v1/responses in OpenAI's newer shape (docs: llmpower-openai-responses).

    GPT models only. `temperature` is 0 to 2; `text` `{"format": {"type": "json_object"}}` asks for
    JSON, which the input must ask for as well; `previous_response_id` goes on from an earlier
    answer.
    """

    endpoint: ClassVar[str] = "responses"
    path: ClassVar[str] = "/v1/responses"

    input: str | tuple[ChatMessage, ...]
    instructions: str | None = None
    previous_response_id: str | None = None
    temperature: float | None = None
    max_output_tokens: int | None = None
    text: Mapping[str, JsonValue] | None = None

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if not self.input:
            raise InvalidRequest("The input is empty.", field="input")
        return self

    def turns(self) -> tuple[ChatMessage, ...]:
        if isinstance(self.input, str):
            return (ChatMessage(role="user", content=self.input),)
        return self.input

    def body(self) -> Table:
        """The JSON body; parameters that were not given are left out."""
        return self.with_extra(
            {
                "model": self.model,
                "input": (
                    self.input
                    if isinstance(self.input, str)
                    else [_message(turn, _responses_part(turn)) for turn in self.input]
                ),
                "instructions": self.instructions or None,
                "previous_response_id": self.previous_response_id,
                "temperature": self.temperature,
                "max_output_tokens": self.max_output_tokens,
                "text": _given(self.text),
            }
        )


class _GeminiRequest(TextRequest):
    contents: tuple[ChatMessage, ...]
    system_instruction: str | None = None
    generation_config: Mapping[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        _refuse_system_turns(self.contents, "contents", "system_instruction")
        return self

    def turns(self) -> tuple[ChatMessage, ...]:
        return self.contents

    def address(self, *, stream: bool) -> str:
        model = quote(self.model, safe="")
        if not stream:
            return GenerateContentRequest.path.format(model=model)
        # Without it Google answers with one JSON array, which is read as well.
        return StreamGenerateContentRequest.path.format(model=model) + "?alt=sse"

    def body(self) -> Table:
        """The JSON body, which does not name the model; what was not given is left out."""
        instruction: Table = {"parts": [{"text": self.system_instruction}]}
        return self.with_extra(
            {
                "contents": [
                    {
                        "role": "model" if turn.role == "assistant" else "user",
                        "parts": [_part(part, _gemini_part) for part in turn.parts],
                    }
                    for turn in self.contents
                ],
                "systemInstruction": instruction if self.system_instruction else None,
                "generationConfig": dict(self.generation_config) or None,
            }
        )

    def stream_body(self) -> Table:
        """The same body: that it is a stream is said by the path."""
        return self.body()


class GenerateContentRequest(_GeminiRequest):
    """POST /v1/models/{model}:generateContent in Google's shape.

    Gemini only (docs: llmpower-gemini-native-chat). `generation_config` is Google's
    generationConfig: `temperature` (0 to 2), `topP`, `maxOutputTokens`, `responseMimeType`
    ("application/json" asks for JSON). A picture goes in as base64 (`inlineData`) or as the address
    of a file (`fileData`); a video is a part of its own, such as
    `{"fileData": {"fileUri": ..., "mimeType": "video/mp4"}}`.
    """

    endpoint: ClassVar[str] = "generate_content"
    path: ClassVar[str] = "/v1/models/{model}:generateContent"


class StreamGenerateContentRequest(_GeminiRequest):
    """POST /v1/models/{model}:streamGenerateContent: the same, always answered as a stream."""

    endpoint: ClassVar[str] = "stream_generate_content"
    path: ClassVar[str] = "/v1/models/{model}:streamGenerateContent"


TEXT_REQUESTS: Mapping[str, type[TextRequest]] = {
    kind.endpoint: kind
    for kind in (
        *(ChatRequest, MessagesRequest, ResponsesRequest),
        *(GenerateContentRequest, StreamGenerateContentRequest),
    )
}
"""By the endpoint's name."""


def _refuse_system_turns(turns: tuple[ChatMessage, ...], field: str, instead: str) -> None:
    if not turns:
        raise InvalidRequest("A chat needs at least one message.", field=field)
    if any(turn.role == "system" for turn in turns):
        raise InvalidRequest(
            f"Instructions are no turn of the conversation here; give them as `{instead}`.",
            field=field,
            allowed="user and assistant turns",
        )


def _given(value: Mapping[str, JsonValue] | None) -> JsonValue:
    return dict(value) if value is not None else None


def _message(message: ChatMessage, spell: Callable[[TextPart | ImagePart], Table]) -> Table:
    content: JsonValue = (
        message.content
        if isinstance(message.content, str)
        else [_part(part, spell) for part in message.content]
    )
    return {"role": message.role, "content": content}


def _part(part: Part, spell: Callable[[TextPart | ImagePart], Table]) -> Table:
    return spell(part) if isinstance(part, TextPart | ImagePart) else dict(part)


def _chat_part(part: TextPart | ImagePart) -> Table:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": {"url": part.url}}


def _anthropic_part(part: TextPart | ImagePart) -> Table:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if part.inline is None:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    media_type, data = part.inline
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def _responses_part(turn: ChatMessage) -> Callable[[TextPart | ImagePart], Table]:
    """What the model said before is another kind of text than what it was told."""
    kind = "output_text" if turn.role == "assistant" else "input_text"

    def spell(part: TextPart | ImagePart) -> Table:
        if isinstance(part, TextPart):
            return {"type": kind, "text": part.text}
        return {"type": "input_image", "image_url": part.url}

    return spell


def _gemini_part(part: TextPart | ImagePart) -> Table:
    if isinstance(part, TextPart):
        return {"text": part.text}
    if part.inline is not None:
        media_type, data = part.inline
        return {"inlineData": {"mimeType": media_type, "data": data}}
    kind, _ = mimetypes.guess_type(urlsplit(part.url).path)
    file: Table = {"fileUri": part.url, "mimeType": kind}
    return {"fileData": {name: value for name, value in file.items() if value}}
