"""The media host: creates, and the two result routes that they share."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from sandbox import answers, reference_work, task_objects
from sandbox.answers import Answer
from sandbox.chaos import Hit, Occasion
from sandbox.endpoints import Endpoint
from sandbox.endpoints.voices import SPEECH
from sandbox.faults import spoil
from sandbox.jobs import Job, State
from sandbox.settings import REFUSED_WORDS
from sandbox.validation import Rejected, Rules, check, row_of
from sandbox.world import World, json_object, text_field, world_of


def create(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The handler of one endpoint's POST."""

    async def handler(request: Request) -> Response:
        world = world_of(request)
        world.book.posts[endpoint.path] += 1
        body = await json_object(request)
        occasion = _occasion(world, endpoint, body)
        hit = world.chaos.answer_fault(occasion)
        if hit is not None and not hit.accepted:
            return spoil(hit, None)
        key = world.key_of(request)
        if key is None:
            return answers.login_failed()
        try:
            right = _accept(world, endpoint, body, occasion, hit, key=key)
        except Rejected as refusal:
            return refusal.answer
        return right if hit is None else spoil(hit, right)

    return handler


def _rules(world: World) -> Rules:
    any_model = world.settings.any_model
    return Rules(world.catalogue, any_model=any_model, resolve=world.assets.resolve)


def _occasion(world: World, endpoint: Endpoint, body: Mapping[str, JsonValue] | None) -> Occasion:
    model = text_field(body, "model") or endpoint.default_model
    kind: str = endpoint.kind or "video"
    if endpoint.kind is None and (row := row_of(endpoint, model, _rules(world))):
        kind = row.makes
    return Occasion(
        endpoint.names | {"create", "*"},
        kind=kind,
        model=model,
        prompt=_prompt(endpoint, body or {}),
    )


def _prompt(endpoint: Endpoint, body: Mapping[str, JsonValue]) -> str:
    """The words of a request that may still be refused."""
    if not endpoint.spelling.content:
        return text_field(body, endpoint.spelling.prompt)
    parts = body.get("content")
    found = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return " ".join(text_field(part, "text") for part in found)


def _accept(
    world: World,
    endpoint: Endpoint,
    body: Mapping[str, JsonValue] | None,
    occasion: Occasion,
    hit: Hit | None,
    *,
    key: str,
) -> Answer:
    if body is None:
        raise Rejected(answers.invalid("The request body is not a JSON object."))
    if occasion.model in world.settings.forbidden_models:
        raise Rejected(answers.model_unavailable(403))
    asked = check(endpoint, body, _rules(world))
    if endpoint is SPEECH:
        world.voices.use(body.get("modelId"))
    job = world.book.accept(endpoint, asked, world.chaos.fate(occasion), key)
    refused = any(word in asked.prompt.casefold() for word in REFUSED_WORDS)
    if refused or (hit is not None and hit.name == "failed_at_create"):
        job.failure, job.failed_at = "provider rejected prompt", job.accepted_at
    elif job.awaits_reference:
        world.spawn(reference_work.gather(world, job))
    return Answer(task_objects.created(job))


def result(api: Literal["v1", "v2"]) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a result route, which knows the jobs of its own version of the API only."""

    async def handler(request: Request) -> Response:
        world = world_of(request)
        task_id = request.path_params["task_id"]
        job = world.book.jobs.get(task_id)
        if job is not None and job.endpoint.api != api:
            job = None
        if job is not None:
            job.looks += 1
        hit = world.chaos.answer_fault(_look(job))
        if hit is not None and not hit.accepted:
            return spoil(hit, None)
        key = world.key_of(request)
        if key is None:
            return answers.login_failed()
        if job is None or job.key != key or _is_gone(job):
            return answers.unknown_task(task_id)
        state = job.state(world.book.clock())
        if hit is None and state in ("completed", "failed") and job.noticed is None:
            job.noticed = time.time()
        right = await _task(world, job, state, str(request.base_url))
        return right if hit is None else spoil(hit, right)

    return handler


async def _task(world: World, job: Job, state: State, base_url: str) -> Answer:
    """A finished job carries a fresh link each time."""
    hidden = state == "completed" and _hides_url(job)
    status = _status_word(job, state)
    link = None if hidden else base_url
    return Answer(await task_objects.task(world, job, state, status, link))


def _look(job: Job | None) -> Occasion:
    routes = frozenset({"result", "*"})
    if job is None:
        return Occasion(routes, kind="", model="", prompt="")
    return Occasion(routes, kind=job.kind, model=job.asked.model, prompt=job.asked.prompt)


def _is_gone(job: Job) -> bool:
    fate = job.fate
    return fate is not None and fate.name == "gone" and job.looks > fate.rule.after


def _status_word(job: Job, state: State) -> str:
    return job.fate.rule.word if job.fate and _strikes(job, "unknown_status") else state


def _hides_url(job: Job) -> bool:
    if job.fate is None or job.fate.name != "no_url":
        return False
    job.looks_when_done += 1
    return job.fate.rule.looks is None or job.looks_when_done <= job.fate.rule.looks


def _strikes(job: Job, fate: str) -> bool:
    if job.fate is None or job.fate.name != fate:
        return False
    return job.fate.rule.looks is None or job.looks <= job.fate.rule.looks
