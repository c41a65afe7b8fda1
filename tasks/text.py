"""The text endpoints as Prefect tasks."""

from globalaiopc import ChatReply, ChatRequest
from tasks.declare import api_task
from tasks.studio import Studio


@api_task(
    name="chat_completions",
    run_name="{label} · script · {request.model}",
    description="POST /v1/chat/completions: one answer of a chat model.",
    tags=["text", "paid"],
)
async def chat_completions(studio: Studio, request: ChatRequest, label: str = "chat") -> ChatReply:
    """Ask a chat model once. A lost answer is not asked for again here.

    Raises the client's errors; `OutcomeUnknown` when the request left and no answer came.
    """
    async with studio.limits.place("script"):
        return await studio.client.chat_completions(request)
