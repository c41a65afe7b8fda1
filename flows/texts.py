"""Asking a text model in a flow, at whichever endpoint its name says."""

from flows.orchestration import orchestrated
from globalaiopc import ChatMessage, ChatReply, ModelRow, TextAsk, text_request_for
from ledger import Lease
from tasks import TEXT_TASKS, Studio


def text_row(studio: Studio, model: str) -> ModelRow:
    """The model's row: where it is asked. Raises `InvalidRequest` for a name that means nothing."""
    return studio.client.catalogue.model(model)


async def ask_for_json(
    studio: Studio, model: str, messages: tuple[ChatMessage, ...], *, label: str, lease: Lease
) -> ChatReply:
    """Ask for one JSON object, under the Prefect task of the model's endpoint."""
    ask = TextAsk(model=model, turns=messages, json_mode=True)
    request = text_request_for(ask, studio.client.catalogue)
    return await orchestrated(
        TEXT_TASKS[request.endpoint], studio, request, label=label, lease=lease
    )
