"""The text endpoints as Prefect tasks."""

from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from prefect import Task

from globalaiopc import (
    ChatReply,
    ChatRequest,
    GenerateContentRequest,
    InvalidRequest,
    MessagesRequest,
    ResponsesRequest,
    StreamGenerateContentRequest,
    TextRequest,
)
from ledger import Lease
from tasks.declare import api_task
from tasks.studio import Studio

TextTask: TypeAlias = Task[..., Coroutine[Any, Any, ChatReply]]
"""Called with a `Studio`, a request of its endpoint, a `label` for the run's name, a `lease`."""


def _text_task(kind: type[TextRequest], says: str) -> TextTask:
    """Declare the task of one text endpoint: one answer of a text model, asked for once.

    With a `lease`, nothing is sent when that is lost. A lost answer is not asked for again here.
    Raises the client's errors; `OutcomeUnknown` when the request left and no answer came.
    """

    async def ask(
        studio: Studio, request: TextRequest, label: str = "chat", lease: Lease | None = None
    ) -> ChatReply:
        if request.endpoint != kind.endpoint:
            raise InvalidRequest(
                f"This is a request for {request.endpoint}, not for {kind.endpoint}.",
                field="model",
                allowed=kind.endpoint,
            )
        async with (
            studio.limits.place("script", request.model),
            studio.turn(label, "script", request.model),
        ):
            with studio.timeline.span(label, "script", "chat"):
                before_send = lease.check if lease else None
                reply = await studio.client.ask(request, before_send=before_send)
        studio.limits.sends(request.model).accepted()
        return reply

    # Prefect tells tasks apart by their function's name.
    ask.__name__ = ask.__qualname__ = kind.endpoint
    return api_task(
        name=kind.endpoint,
        run_name="{label} · script · {request.model}",
        description=f"POST {kind.path}: {says}.",
    )(ask)


chat_completions = _text_task(ChatRequest, "one answer of a chat model")
messages = _text_task(MessagesRequest, "one answer, in Anthropic's dialect")
responses = _text_task(ResponsesRequest, "one answer, in OpenAI's newer dialect")
generate_content = _text_task(GenerateContentRequest, "one answer of Gemini")
stream_generate_content = _text_task(
    StreamGenerateContentRequest, "one answer of Gemini, read as a stream to its end"
)

TEXT_TASKS: Mapping[str, TextTask] = MappingProxyType(
    {
        task.name: task
        for task in (
            *(chat_completions, messages, responses),
            *(generate_content, stream_generate_content),
        )
    }
)
"""One for each text endpoint: `await TEXT_TASKS[request.endpoint](studio, request)`."""
