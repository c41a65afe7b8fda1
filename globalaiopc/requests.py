"""What can be asked of the API, one frozen model per endpoint.

A request refuses what can never be right (an empty prompt, two names for one thing) with
`InvalidRequest`. What a *model* allows is a row of the catalogue: see `ModelRow.check`.
Whatever is in `extra` goes into the body last, so a new parameter needs no new release.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest

ApiVersion = Literal["v1", "v2"]
Endpoint = Literal["chat_completions", "nano_banana", "sora"]
Role = Literal["system", "user", "assistant"]


class _Request(BaseModel):
    # `hide_input_in_errors`: an input may be a presigned URL, and errors are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    endpoint: ClassVar[Endpoint]
    path: ClassVar[str]
    api: ClassVar[ApiVersion] = "v1"

    model: str
    extra: Mapping[str, JsonValue] = Field(default_factory=dict, repr=False)

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        if not self.model.strip():
            raise InvalidRequest("The model's name is empty.", field="model")
        return self

    def _with_extra(self, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        present = {name: value for name, value in body.items() if value is not None}
        return {**present, **self.extra}


class ChatMessage(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    content: str


class ChatRequest(_Request):
    """POST /v1/chat/completions, OpenAI's shape (docs: openai-chat)."""

    endpoint: ClassVar[Endpoint] = "chat_completions"
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
        return self._with_extra(
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


class _MediaRequest(_Request):
    prompt: str
    image_urls: tuple[str, ...] = Field(default=(), repr=False)

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if not self.prompt.strip():
            raise InvalidRequest("The prompt is empty.", field="prompt")
        for number, url in enumerate(self.image_urls, start=1):
            _check_reference(url, number)
        return self


class NanoBananaRequest(_MediaRequest):
    """POST /v1/banana/images (docs: nano-banana-create).

    `size` is an aspect ratio such as "16:9" (that is what the API calls it); `resolution` is 1k,
    2k or 4k in lower case; `image_urls` are public http(s) URLs, at most 6.
    """

    endpoint: ClassVar[Endpoint] = "nano_banana"
    path: ClassVar[str] = "/v1/banana/images"

    size: str | None = None
    resolution: str | None = None

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        return self._with_extra(
            {
                "model": self.model,
                "prompt": self.prompt,
                "size": self.size,
                "resolution": self.resolution,
                "image_urls": list(self.image_urls) if self.image_urls else None,
            }
        )


class SoraRequest(_MediaRequest):
    """POST /v1/sora/videos (docs: sora-create).

    The shape is `size` in pixels ("1280x720") *or* `aspect_ratio` ("16:9"); the length is `seconds`
    *or* `duration` (4, 8 or 12): the docs accept one name of each pair, never both, and the body
    holds the one that was given. The reference image (at most one, exactly the output's pixels)
    is sent as a list in `input_reference`: of the two documented names it is the one that
    integrators send in production; `image_urls` must then be absent.
    """

    endpoint: ClassVar[Endpoint] = "sora"
    path: ClassVar[str] = "/v1/sora/videos"

    size: str | None = None
    aspect_ratio: str | None = None
    seconds: int | None = None
    duration: int | None = None

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> Self:
        for one, other in (("size", "aspect_ratio"), ("seconds", "duration")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise InvalidRequest(
                    f"{one} and {other} are two names for one thing: give only one of them.",
                    field=other,
                )
        if len(self.image_urls) > 1:
            raise InvalidRequest(
                f"Sora takes one reference image, {len(self.image_urls)} were given.",
                field="image_urls",
                allowed="at most 1",
            )
        return self

    def body(self) -> dict[str, JsonValue]:
        """The JSON body; parameters that were not given are left out."""
        return self._with_extra(
            {
                "model": self.model,
                "prompt": self.prompt,
                "size": self.size,
                "aspect_ratio": self.aspect_ratio,
                "seconds": self.seconds,
                "duration": self.duration,
                "input_reference": list(self.image_urls) if self.image_urls else None,
            }
        )


MediaRequest = NanoBananaRequest | SoraRequest


def _check_reference(url: str, number: int) -> None:
    """The provider's server downloads references itself: no file, no base64 (seen: E12)."""
    try:
        parts = urlsplit(url)
        fetchable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        fetchable = False
    if not fetchable or any(character.isspace() for character in url):
        # The URL itself may be presigned, so only its number is named.
        raise InvalidRequest(
            f"Reference image {number} is not a web address that the provider can fetch.",
            field="image_urls",
            allowed="http:// or https:// URLs",
        )
