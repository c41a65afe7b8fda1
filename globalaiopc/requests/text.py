"""The text endpoints."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.base import Request

Role = Literal["system", "user", "assistant"]


class ChatMessage(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    content: str


class ChatRequest(Request):
    """POST /v1/chat/completions, OpenAI's shape (docs: openai-chat)."""

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
        if self.extra.get("stream"):
            # The answer would be an event stream: paid for and not readable here.
            raise InvalidRequest("Streaming is not supported.", field="stream", allowed="false")
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        return self.with_extra(
            {
                "model": self.model,
                "messages": [
                    {"role": message.role, "content": message.content} for message in self.messages
                ],
                "temperature": self.temperature,
                "max_tokens": self.max_tokens,
                "response_format": (
                    dict(self.response_format) if self.response_format is not None else None
                ),
            }
        )
