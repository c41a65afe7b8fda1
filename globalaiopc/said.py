"""What a text model said, read out of the answer of each dialect.

Total, as `fields` is: any JSON object gives a `Said`, or None when it is no such answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from globalaiopc import fields as read
from globalaiopc.fields import Fields, Table

_TAKEN_AWAY = {
    *("content_filter", "refusal"),  # OpenAI's two shapes; Anthropic
    *("safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety"),
}
_CUT = {"length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"}


@dataclass(frozen=True)
class Said:
    """`refusal`: the model's own words for a no; `error`: an answer that says that it failed."""

    id: str = ""
    model: str = ""
    text: str = ""
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    refusal: str = ""
    error: JsonValue = None

    @property
    def paid(self) -> bool:
        """Whether the answer counts tokens."""
        return bool(self.input_tokens or self.output_tokens)

    @property
    def taken_away(self) -> bool:
        """Whether a filter or the model itself refused the content."""
        return bool(self.refusal) or (self.finish_reason or "").lower() in _TAKEN_AWAY

    @property
    def cut(self) -> bool:
        """Whether it reached the limit of tokens."""
        return (self.finish_reason or "").lower() in _CUT


@dataclass(frozen=True)
class Shape:
    """How a dialect answers. `marks`: the fields that only an answer has, never a refusal."""

    marks: tuple[str, ...]
    read: Callable[[Table], Said]

    def said(self, fields: Fields) -> Said | None:
        """Of an answer, flat or wrapped; None when no layer of it is one."""
        for layer in fields.layers:
            if any(layer.get(mark) is not None for mark in self.marks):
                return self.read(layer)
        return None


def read_chat(answer: Table) -> Said:
    """The first choice of OpenAI's chat completions."""
    choice = first_of(answer.get("choices"))
    message = table(choice.get("message"))
    content = message.get("content") if message else choice.get("text")
    incoming, outgoing = chat_tokens(answer)
    return Said(
        id=word(answer, "id"),
        model=word(answer, "model"),
        text=text_of(content),
        finish_reason=word(choice, "finish_reason") or None,
        input_tokens=incoming,
        output_tokens=outgoing,
        refusal=word(message, "refusal"),
    )


def read_messages(answer: Table) -> Said:
    """Anthropic's message: its blocks of text."""
    incoming, outgoing = messages_tokens(answer)
    return Said(
        id=word(answer, "id"),
        model=word(answer, "model"),
        text=text_of(answer.get("content"), kind="text"),
        finish_reason=word(answer, "stop_reason") or None,
        input_tokens=incoming,
        output_tokens=outgoing,
    )


def read_responses(answer: Table) -> Said:
    """The text of the messages of OpenAI's response. Its `status` says how it ended."""
    usage = table(answer.get("usage"))
    parts = [
        part
        for item in tables(answer.get("output"))
        if item.get("type", "message") == "message"
        for part in tables(item.get("content"))
    ]
    reason = word(table(answer.get("incomplete_details")), "reason")
    return Said(
        id=word(answer, "id"),
        model=word(answer, "model"),
        text="".join(word(part, "text") for part in parts if part.get("type") == "output_text"),
        finish_reason=reason or word(answer, "status") or None,
        input_tokens=read.whole(usage.get("input_tokens")),
        output_tokens=read.whole(usage.get("output_tokens")),
        refusal="".join(word(part, "refusal") for part in parts),
        error=answer.get("error") or (answer.get("status") == "failed" and "It failed.") or None,
    )


def read_gemini(answer: Table) -> Said:
    """Google's first candidate, or what its prompt was blocked for. Thoughts are no answer."""
    candidate = first_of(answer.get("candidates"))
    parts = tables(table(candidate.get("content")).get("parts"))
    blocked = word(table(answer.get("promptFeedback")), "blockReason")
    usage = table(answer.get("usageMetadata"))
    outgoing = [read.whole(usage.get(f"{what}TokenCount")) for what in ("candidates", "thoughts")]
    counted = [count for count in outgoing if count is not None]
    return Said(
        id=word(answer, "responseId"),
        model=word(answer, "modelVersion"),
        text="".join(word(part, "text") for part in parts if not part.get("thought")),
        finish_reason=word(candidate, "finishReason") or blocked or None,
        input_tokens=read.whole(usage.get("promptTokenCount")),
        # Thoughts are billed as what they are: output.
        output_tokens=sum(counted) if counted else None,
        refusal=f"The prompt was blocked: {blocked}." if blocked else "",
    )


_GEMINI = Shape(("candidates", "promptFeedback"), read_gemini)

SHAPES: Mapping[str, Shape] = {
    "chat_completions": Shape(("choices",), read_chat),
    "messages": Shape(("content", "stop_reason"), read_messages),
    "responses": Shape(("output", "incomplete_details"), read_responses),
    "generate_content": _GEMINI,
    "stream_generate_content": _GEMINI,
}
"""By the endpoint's name."""


def chat_tokens(answer: Table) -> tuple[int | None, int | None]:
    """What went in and what came out, as chat completions count it."""
    usage = table(answer.get("usage"))
    return read.whole(usage.get("prompt_tokens")), read.whole(usage.get("completion_tokens"))


def messages_tokens(answer: Table) -> tuple[int | None, int | None]:
    """What went in and what came out, as Anthropic counts it."""
    usage = table(answer.get("usage"))
    return read.whole(usage.get("input_tokens")), read.whole(usage.get("output_tokens"))


def table(value: JsonValue) -> Table:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: JsonValue) -> list[Table]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first_of(value: JsonValue) -> Table:
    """The first object of a list, or an empty one."""
    return next(iter(tables(value)), {})


def word(holder: Table, name: str) -> str:
    """A text, or ""."""
    value = holder.get(name)
    return read.clean(value) if isinstance(value, str) else ""


def text_of(content: JsonValue, *, kind: str | None = None) -> str:
    """A text, or the text of its parts (of those of one kind)."""
    if isinstance(content, list):
        return "".join(
            text_of(part)
            for part in content
            if kind is None or (isinstance(part, dict) and part.get("type", kind) == kind)
        )
    if isinstance(content, dict):
        content = content.get("text")
    return read.clean(content) if isinstance(content, str) else ""
