"""A streamed answer, put together from its events as they come, in each of the dialects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from globalaiopc.fields import Fields, Table
from globalaiopc.said import (
    Said,
    chat_tokens,
    first_of,
    messages_tokens,
    read_gemini,
    read_responses,
    table,
    tables,
    text_of,
    word,
)

DONE = "[DONE]"
"""What OpenAI's chat completions end a stream with. No JSON, so no other event can be it."""


@dataclass
class Gathering:
    """What has come so far.

    `whole`: the dialect said that the text has ended, so that nothing which happens to the
    connection afterwards takes any of it away; `over`: nothing follows.
    """

    take_event: Callable[["Gathering", str, Table], str]
    begun: bool = False
    whole: bool = False
    over: bool = False
    id: str = ""
    model: str = ""
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    refusal: str = ""
    pieces: list[str] = field(default_factory=list)

    def take(self, name: str, event: JsonValue) -> str:
        """Take in one event; returns the text that it brings, or ""."""
        if event == DONE:
            self.whole = self.over = True
        if not isinstance(event, dict):
            return ""
        piece = self.take_event(self, name, event)
        if piece:
            self.pieces.append(piece)
        return piece

    @property
    def received(self) -> str:
        return "".join(self.pieces)

    def count(self, tokens: tuple[int | None, int | None]) -> None:
        """Later counts replace earlier ones, what they do not say stays."""
        incoming, outgoing = tokens
        self.input_tokens = incoming if incoming is not None else self.input_tokens
        self.output_tokens = outgoing if outgoing is not None else self.output_tokens

    def said(self) -> Said:
        """The answer so far."""
        return Said(
            id=self.id,
            model=self.model,
            text=self.received,
            finish_reason=self.finish_reason,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            refusal=self.refusal,
        )


def gathering_for(endpoint: str) -> Gathering:
    """An empty one, for the dialect of this endpoint."""
    return Gathering(_DIALECTS[endpoint])


def told_error(name: str, event: JsonValue) -> JsonValue:
    """The error that an event is, or None (all dialects; a gateway's envelope as well)."""
    if not isinstance(event, dict):
        return None
    kind = word(event, "type") or name
    inner = table(event.get("response")).get("error") if kind == "response.failed" else None
    error = inner or event.get("error")
    if isinstance(error, str) and error:
        return {"message": error, "code": event.get("code")}
    if error and error is not True:
        return error
    # A gateway's envelope has no type. (The code of an event that has one may be Python.)
    if kind in ("error", "response.failed") or (not kind and not Fields(event).accepted):
        return {
            key: event[key] for key in ("code", "message", "msg") if key in event
        } or "no reason"
    return None


def _chat(so_far: Gathering, name: str, event: Table) -> str:
    """Chunks with a `delta`; the counts come in one without choices; `[DONE]` ends it."""
    del name
    so_far.begun = so_far.begun or "choices" in event
    so_far.id = so_far.id or word(event, "id")
    so_far.model = so_far.model or word(event, "model")
    so_far.count(chat_tokens(event))
    choice = next((one for one in tables(event.get("choices")) if not one.get("index")), {})
    delta = table(choice.get("delta"))
    so_far.refusal += word(delta, "refusal")
    so_far.finish_reason = word(choice, "finish_reason") or so_far.finish_reason
    so_far.whole = so_far.finish_reason is not None
    return text_of(delta.get("content"))


def _messages(so_far: Gathering, name: str, event: Table) -> str:
    """Blocks of deltas; `message_delta` says how it ended, `message_stop` that it did."""
    match word(event, "type") or name:
        case "message_start":
            message = table(event.get("message"))
            so_far.begun = True
            so_far.id, so_far.model = word(message, "id"), word(message, "model")
            so_far.count(messages_tokens(message))
        case "content_block_start":
            return word(table(event.get("content_block")), "text")
        case "content_block_delta":
            so_far.begun = True
            return word(table(event.get("delta")), "text")
        case "message_delta":
            reason = word(table(event.get("delta")), "stop_reason")
            so_far.finish_reason = reason or so_far.finish_reason
            so_far.count(messages_tokens(event))
            so_far.whole = so_far.finish_reason is not None
        case "message_stop":
            so_far.whole = so_far.over = True
    return ""


def _responses(so_far: Gathering, name: str, event: Table) -> str:
    """Deltas, and at last the whole response (`response.completed`, `response.incomplete`)."""
    kind = word(event, "type") or name
    so_far.begun = so_far.begun or kind.startswith("response.")
    if kind == "response.output_text.delta":
        return word(event, "delta")
    if kind == "response.refusal.delta":
        so_far.refusal += word(event, "delta")
    if kind not in ("response.created", "response.completed", "response.incomplete"):
        return ""
    said = read_responses(table(event.get("response")))
    so_far.id, so_far.model = said.id or so_far.id, said.model or so_far.model
    if kind == "response.created":
        return ""
    so_far.finish_reason = said.finish_reason
    so_far.count((said.input_tokens, said.output_tokens))
    so_far.refusal = said.refusal or so_far.refusal
    so_far.whole = so_far.over = True
    return "" if so_far.pieces else said.text


def _gemini(so_far: Gathering, name: str, event: Table) -> str:
    """Answers with a part of the text each; the last one has a `finishReason`, and no more."""
    del name
    said = read_gemini(event)
    so_far.begun = so_far.begun or bool(first_of(event.get("candidates")))
    so_far.id, so_far.model = said.id or so_far.id, said.model or so_far.model
    so_far.count((said.input_tokens, said.output_tokens))
    so_far.refusal = said.refusal or so_far.refusal
    so_far.finish_reason = said.finish_reason or so_far.finish_reason
    so_far.whole = so_far.finish_reason is not None
    return said.text


_DIALECTS: Mapping[str, Callable[[Gathering, str, Table], str]] = {
    "chat_completions": _chat,
    "messages": _messages,
    "responses": _responses,
    "generate_content": _gemini,
    "stream_generate_content": _gemini,
}
