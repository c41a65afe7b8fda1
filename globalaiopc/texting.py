"""What is asked of a text model, in words that the four dialects share."""

from collections.abc import Callable, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from globalaiopc.catalogue import Catalogue
from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.text import (
    ChatRequest,
    GenerateContentRequest,
    MessagesRequest,
    ResponsesRequest,
    StreamGenerateContentRequest,
    TextRequest,
)
from globalaiopc.requests.turns import ChatMessage, ImagePart

DEFAULT_MAX_TOKENS = 8192
"""Where the dialect wants a number and none was given; what is not written is not billed."""

_JSON_PLEASE = "Answer with one JSON object and nothing else."


class TextAsk(BaseModel):
    """One question to a text model.

    `model` is a name of the catalogue ("gpt-5.4"), or one with an endpoint
    ("messages/claude-opus-4-7"). Turns of the role "system" join `system`; `image_urls` (http(s)
    or base64 data URIs) are shown beside the last turn. `json_mode` asks for one JSON object: say
    in words as well what is to be in it. `max_tokens` bounds the answer. `temperature` is 0 to 1
    for all models, to 2 for most. `extra` holds the dialect's own fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str
    system: str = ""
    turns: tuple[ChatMessage, ...]
    image_urls: tuple[str, ...] = Field(default=(), repr=False)
    json_mode: bool = False
    max_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = None
    extra: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.said() or self.said()[-1].role != "user":
            raise InvalidRequest("The last turn must be the user's.", field="turns")
        return self

    def instructions(self) -> str:
        """All that is said outside the conversation."""
        told = [self.system, *(turn.words for turn in self.turns if turn.role == "system")]
        return "\n\n".join(text for text in told if text)

    def said(self) -> tuple[ChatMessage, ...]:
        """The conversation, with the pictures."""
        turns = tuple(turn for turn in self.turns if turn.role != "system")
        if not self.image_urls or not turns:
            return turns
        pictures = tuple(ImagePart(url=url) for url in self.image_urls)
        shown = ChatMessage(role=turns[-1].role, content=(*turns[-1].parts, *pictures))
        return (*turns[:-1], shown)


def text_request_for(ask: TextAsk, catalogue: Catalogue) -> TextRequest:
    """The request in the dialect of the model's endpoint.

    Raises `InvalidRequest` for a model that the catalogue does not have or that makes no text.
    """
    row = catalogue.model(ask.model)
    translate = _DIALECTS.get(row.endpoint)
    if translate is None:
        raise InvalidRequest(
            f"{ask.model} is asked at {row.endpoint}, which makes no text.",
            field="model",
            allowed=", ".join(_DIALECTS),
        )
    return translate(ask, row.name)


def _chat(ask: TextAsk, name: str) -> TextRequest:
    told = ask.instructions()
    system = (ChatMessage(role="system", content=told),) if told else ()
    return ChatRequest(
        model=name,
        messages=(*system, *ask.said()),
        temperature=ask.temperature,
        max_tokens=ask.max_tokens,
        response_format={"type": "json_object"} if ask.json_mode else None,
        extra=ask.extra,
    )


def _messages(ask: TextAsk, name: str) -> TextRequest:
    # There is no JSON mode here, so it is said in words.
    told = [ask.instructions(), _JSON_PLEASE if ask.json_mode else ""]
    return MessagesRequest(
        model=name,
        messages=ask.said(),
        max_tokens=ask.max_tokens or DEFAULT_MAX_TOKENS,
        system="\n\n".join(text for text in told if text) or None,
        temperature=ask.temperature,
        extra=ask.extra,
    )


def _responses(ask: TextAsk, name: str) -> TextRequest:
    return ResponsesRequest(
        model=name,
        input=ask.said(),
        instructions=ask.instructions() or None,
        temperature=ask.temperature,
        max_output_tokens=ask.max_tokens,
        text={"format": {"type": "json_object"}} if ask.json_mode else None,
        extra=ask.extra,
    )


def _gemini(
    kind: type[GenerateContentRequest] | type[StreamGenerateContentRequest],
) -> Callable[[TextAsk, str], TextRequest]:
    def translate(ask: TextAsk, name: str) -> TextRequest:
        config: dict[str, JsonValue] = {
            "temperature": ask.temperature,
            "maxOutputTokens": ask.max_tokens,
            "responseMimeType": "application/json" if ask.json_mode else None,
        }
        return kind(
            model=name,
            contents=ask.said(),
            system_instruction=ask.instructions() or None,
            generation_config={key: value for key, value in config.items() if value is not None},
            extra=ask.extra,
        )

    return translate


_DIALECTS: Mapping[str, Callable[[TextAsk, str], TextRequest]] = {
    ChatRequest.endpoint: _chat,
    MessagesRequest.endpoint: _messages,
    ResponsesRequest.endpoint: _responses,
    GenerateContentRequest.endpoint: _gemini(GenerateContentRequest),
    StreamGenerateContentRequest.endpoint: _gemini(StreamGenerateContentRequest),
}
