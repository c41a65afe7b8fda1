"""The text host: four dialects, each in the shape of the service that it is compatible with.

A call is billed when it is accepted, before the first word of its answer: whoever hangs up, or
whose stream breaks off, has paid.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import streams, text_gemini, text_media, words
from sandbox.answers import Answer
from sandbox.chaos import SAID, STREAM, Hit, Occasion
from sandbox.faults import spoil
from sandbox.settings import TEXT_BASE
from sandbox.text_asked import MEDIA_TOKENS, BadAsk, Call, Dialect, Said, TextAsked
from sandbox.text_chat import ChatCompletions
from sandbox.text_media import Size
from sandbox.text_messages import Messages
from sandbox.text_responses import Responses
from sandbox.world import World, json_object, world_of

_ON_STREAMS = ("drip", "cut", "truncated_json", *STREAM)


def handler(dialect: Dialect) -> Callable[[Request], Awaitable[Response]]:
    """The handler of one endpoint's POST."""

    async def handle(request: Request) -> Response:
        world = world_of(request)
        world.book.posts[dialect.path] += 1
        read = _read(dialect, request, await json_object(request))
        hit = world.chaos.answer_fault(_occasion(dialect, read))
        if hit is not None and not hit.accepted:
            return _spoilt(dialect, hit, None)
        try:
            asked = _admitted(world, dialect, request, read)
            seen = await text_media.sizes(asked.shown, world.references)
        except BadAsk as refusal:
            return dialect.error(refusal)
        said, seconds = _say(world, dialect, asked, seen, hit)
        return await _answer(dialect, asked, said, seconds, hit)

    return handle


def _read(
    dialect: Dialect, request: Request, body: Mapping[str, JsonValue] | None
) -> TextAsked | BadAsk:
    """What is asked, or why it cannot be understood (said only to those who have a key)."""
    if body is None:
        return BadAsk("We could not parse the JSON body of your request.")
    try:
        return dialect.read(Call(body, request.path_params.get("model", ""), request.query_params))
    except BadAsk as refusal:
        return refusal


def _occasion(dialect: Dialect, read: TextAsked | BadAsk) -> Occasion:
    routes = frozenset({dialect.route, "*"})
    if isinstance(read, BadAsk):
        return Occasion(routes, kind="text", model="", prompt="")
    return Occasion(
        routes | {"stream"} if read.stream else routes,
        kind="text",
        model=read.model,
        prompt=read.words,
    )


def _admitted(
    world: World, dialect: Dialect, request: Request, read: TextAsked | BadAsk
) -> TextAsked:
    """Refuses wrong keys, what was not understood, and models that this key cannot have here."""
    if not world.knows_key(request):
        raise BadAsk("Incorrect API key provided.", status=401, code="invalid_api_key")
    if isinstance(read, BadAsk):
        raise read
    model = read.model
    if model in world.settings.forbidden_models:
        raise BadAsk(
            f"This key has no access to model {model}.", status=403, code="model_not_allowed"
        )
    if not _offers(world, dialect, model):
        raise BadAsk(
            f"The model {model} does not exist or is not offered at {dialect.path}.",
            status=404,
            code="model_not_found",
        )
    return read if read.previous is None else _continued(world, read, read.previous)


def _offers(world: World, dialect: Dialect, model: str) -> bool:
    row = world.catalogue.get(f"{dialect.endpoint}/{model}")
    return row is not None and not row.lenient


def _continued(world: World, asked: TextAsked, previous: str) -> TextAsked:
    """With what was said in the response that it goes on from."""
    before = world.book.talks.get(previous)
    if before is None:
        raise BadAsk(
            f"Previous response with id '{previous}' not found.",
            code="previous_response_not_found",
            param="previous_response_id",
        )
    return replace(asked, turns=before + asked.turns)


def _say(
    world: World, dialect: Dialect, asked: TextAsked, seen: tuple[Size, ...], hit: Hit | None
) -> tuple[Said, float]:
    """The reply, on the account from now on, and the seconds it takes."""
    topic = words.topic_of(asked)
    whole = words.reply(asked, world.settings.seed, seen)
    if hit is not None and hit.name == "prose":
        whole = f"Sure! Here are two ideas for {topic}."
    if hit is not None and hit.name == "fenced":
        whole = _fenced(whole)
    text = words.shortened(whole, asked.limit)
    put, got = words.tokens(asked.words) + MEDIA_TOKENS * len(asked.shown), words.tokens(text)
    call, seconds = world.book.record_text(dialect, asked, topic, put + got)
    if asked.kept:
        world.book.talks[call.id] = (*asked.turns, ("assistant", text))
    return Said(call.id, call.created, text, text != whole, put, got), seconds


def _fenced(text: str) -> str:
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text
    return f"```json\n{text}\n```"


async def _answer(
    dialect: Dialect, asked: TextAsked, said: Said, seconds: float, hit: Hit | None
) -> Response:
    if hit is not None and hit.name in SAID:
        hit = None  # struck already: the words are wrong, not the answer
    if asked.stream and (hit is None or hit.name in _ON_STREAMS):
        return streams.answer(dialect.streamed(asked, said), seconds, hit)
    await asyncio.sleep(seconds)
    right = Answer(dialect.whole(asked, said))
    return right if hit is None else _spoilt(dialect, hit, right)


def _spoilt(dialect: Dialect, hit: Hit, right: Response | None) -> Response:
    answer = spoil(hit, right)
    if hit.name != "rate_limited":
        return answer
    limited = dialect.error(BadAsk("Rate limit reached.", status=429, code="rate_limit_exceeded"))
    if "retry-after" in answer.headers:
        limited.headers["retry-after"] = answer.headers["retry-after"]
    return limited


DIALECTS: tuple[Dialect, ...] = (
    ChatCompletions(),
    Messages(),
    Responses(),
    *text_gemini.DIALECTS,
)
ROUTES = [
    Route(TEXT_BASE + dialect.path, handler(dialect), methods=["POST"]) for dialect in DIALECTS
]
