"""What is said in a conversation, in one form for the four text dialects."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from globalaiopc.errors import InvalidRequest
from globalaiopc.requests.checks import check_addresses

Role = Literal["system", "user", "assistant"]

_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>[A-Za-z0-9+/=_-]+)")


class TextPart(BaseModel):
    """Words, beside other parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str


class ImagePart(BaseModel):
    """A picture to look at: an http(s) URL that the provider can fetch, or a base64 data URI."""

    # `hide_input_in_errors`: the URL may be presigned, and errors are logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(repr=False)

    @model_validator(mode="after")
    def _can_be_seen(self) -> Self:
        if self.inline is None:
            check_addresses((self.url,), "content", assets=False)
        return self

    @property
    def inline(self) -> tuple[str, str] | None:
        """Media type and base64 text of a data URI; None for an address."""
        if not self.url.startswith("data:"):
            return None
        match = _DATA.fullmatch(self.url)
        if match is None:
            raise InvalidRequest(
                "The picture is not base64 text with its media type.",
                field="content",
                allowed="data:image/png;base64,...",
            )
        return match["type"], match["data"]


Part = TextPart | ImagePart | Mapping[str, JsonValue]
"""A mapping is sent as it is: a part that only one dialect has (a video, a tool's result)."""


class ChatMessage(BaseModel):
    """One turn of a conversation: a text, or parts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    role: Role
    content: str | tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The content as parts, a plain text too."""
        return (TextPart(text=self.content),) if isinstance(self.content, str) else self.content

    @property
    def words(self) -> str:
        """All that is text in it."""
        return "\n".join(part.text for part in self.parts if isinstance(part, TextPart))


def images_in(messages: Iterable[ChatMessage]) -> tuple[str, ...]:
    """The addresses of all pictures, in order."""
    return tuple(
        part.url for message in messages for part in message.parts if isinstance(part, ImagePart)
    )
