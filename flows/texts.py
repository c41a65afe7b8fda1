"""Asking a text model in a flow, at whichever endpoint its name says."""

from flows.orchestration import orchestrated
from globalaiopc import ChatMessage, ChatReply, TextAsk, text_request_for
from ledger import Lease
from tasks import TEXT_TASKS, Studio


async def ask_for_json(
    studio: Studio, model: str, messages: tuple[ChatMessage, ...], *, label: str, lease: Lease
) -> ChatReply:
    """Ask for one JSON object, under the Prefect task of the model's endpoint."""
    ask = TextAsk(model=model, turns=messages, json_mode=True)
    request = text_request_for(ask, studio.client.catalogue)
    return await orchestrated(
        TEXT_TASKS[request.endpoint], studio, request, label=label, lease=lease
    )
