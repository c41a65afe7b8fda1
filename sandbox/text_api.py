"""The text host: chat completions, in the documented (OpenAI's) shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from sandbox import chat
from sandbox.answers import Answer, openai_error
from sandbox.chaos import Hit, Occasion
from sandbox.faults import spoil
from sandbox.world import World, json_object, text_field, world_of

PATH = "/v1/chat/completions"


async def completions(request: Request) -> Response:
    world = world_of(request)
    world.book.posts[PATH] += 1
    body = await json_object(request)
    model = text_field(body, "model")
    prompt = " ".join(text for _, text in chat.messages(body or {}))
    hit = world.chaos.answer_fault(
        Occasion(frozenset({"chat", "*"}), kind="text", model=model, prompt=prompt)
    )
    if hit is not None and not hit.accepted:
        return spoil(hit, None)
    refusal = _refusal(request, world, body, model)
    if refusal is not None or body is None:
        return refusal or openai_error(400, "We could not parse the JSON body.", None)
    right = await _answer(world, body, model, hit)
    return right if hit is None or hit.name in ("prose", "fenced") else spoil(hit, right)


def _refusal(
    request: Request, world: World, body: Mapping[str, JsonValue] | None, model: str
) -> Response | None:
    if not world.knows_key(request):
        return openai_error(401, "Incorrect API key provided.", "invalid_api_key")
    if model in world.settings.forbidden_models:
        return openai_error(403, f"This key has no access to model {model}.", "model_not_allowed")
    row = world.catalogue.get(model)
    if row is None or row.makes != "text":
        return openai_error(404, f"The model {model} does not exist.", "model_not_found")
    if not chat.messages(body or {}):
        return openai_error(400, "messages must be a non-empty array.", None)
    if body is not None and body.get("stream"):
        return openai_error(400, "The sandbox does not stream yet.", None)
    return None


async def _answer(
    world: World, body: Mapping[str, JsonValue], model: str, hit: Hit | None
) -> Answer:
    topic = chat.topic_of(body)
    text = chat.reply(body, world.settings.seed)
    if hit is not None and hit.name == "prose":
        text = f"Sure! Here are two ideas for {topic}."
    if hit is not None and hit.name == "fenced":
        text = f"```json\n{json.dumps(json.loads(text), ensure_ascii=False, indent=2)}\n```"
    spent = chat.tokens(" ".join(said for _, said in chat.messages(body))) + chat.tokens(text)
    call, seconds = world.book.record_text(model, topic, spent)
    # Billed from here on: a caller that hangs up has paid.
    await asyncio.sleep(seconds)
    return Answer(chat.completion(call.id, call.created, body, text))
