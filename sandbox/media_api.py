"""The media host: creates, and the one result route that all of them share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from sandbox import answers
from sandbox.answers import Answer
from sandbox.chaos import Hit, Occasion
from sandbox.endpoints import Endpoint
from sandbox.faults import spoil
from sandbox.jobs import Job, State
from sandbox.references import Unusable
from sandbox.settings import REFUSED_WORDS
from sandbox.validation import Rejected, check
from sandbox.world import World, json_object, text_field, world_of


def create(endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The handler of one endpoint's POST."""

    async def handler(request: Request) -> Response:
        world = world_of(request)
        world.book.posts[endpoint.path] += 1
        body = await json_object(request)
        occasion = Occasion(
            frozenset({endpoint.name, "create", "*"}),
            kind=endpoint.kind,
            model=text_field(body, "model"),
            prompt=text_field(body, "prompt"),
        )
        hit = world.chaos.answer_fault(occasion)
        if hit is not None and not hit.accepted:
            return spoil(hit, None)
        if not world.knows_key(request):
            return answers.login_failed()
        try:
            right = _accept(world, endpoint, body, occasion, hit)
        except Rejected as refusal:
            return refusal.answer
        return right if hit is None else spoil(hit, right)

    return handler


def _accept(
    world: World,
    endpoint: Endpoint,
    body: Mapping[str, JsonValue] | None,
    occasion: Occasion,
    hit: Hit | None,
) -> Answer:
    if body is None:
        raise Rejected(answers.invalid("The request body is not a JSON object."))
    if occasion.model in world.settings.forbidden_models:
        raise Rejected(answers.model_unavailable(403))
    asked = check(endpoint, body, world.catalogue)
    job = world.book.accept(endpoint, asked, world.chaos.fate(occasion))
    refused = any(word in asked.prompt.casefold() for word in REFUSED_WORDS)
    if refused or (hit is not None and hit.name == "failed_at_create"):
        job.failure, job.failed_at = "provider rejected prompt", job.accepted_at
    elif job.awaits_reference:
        world.spawn(_fetch_references(world, job))
    return Answer(_created(job))


def _created(job: Job) -> dict[str, object]:
    failed = job.failed_at is not None
    return {
        "id": job.id,
        "object": job.endpoint.created_object,
        "created": int(job.created),
        "model": job.asked.model,
        "status": "failed" if failed else "queued",
        "error": job.failure if failed else None,
    }


async def _fetch_references(world: World, job: Job) -> None:
    """Runs when the job starts; what is wrong with a reference fails the job there and then."""
    await asyncio.sleep(job.starts_after)
    try:
        for url in job.asked.references:
            reference = await world.references.fetch(url)
            if job.endpoint.exact_reference:
                reference.must_be(job.asked.size)
            job.reference = job.reference or reference.path
    except Unusable as exc:
        job.failure, job.failed_at = str(exc), world.book.clock()
    job.reference_at = world.book.clock()
    job.awaits_reference = False


async def result(request: Request) -> Response:
    """GET /v1/result/{id}: the task object; a finished one carries a fresh link each time."""
    world = world_of(request)
    task_id = request.path_params["task_id"]
    job = world.book.jobs.get(task_id)
    if job is not None:
        job.looks += 1
    hit = world.chaos.answer_fault(_look(job))
    if hit is not None and not hit.accepted:
        return spoil(hit, None)
    if not world.knows_key(request):
        return answers.login_failed()
    if job is None or _is_gone(job):
        return answers.unknown_task(task_id)
    state = job.state(world.book.clock())
    if hit is not None:
        return spoil(hit, Answer(_task(world, job, state, str(request.base_url))))
    if state in ("completed", "failed") and job.noticed is None:
        job.noticed = time.time()
    return Answer(_task(world, job, state, str(request.base_url)))


def _look(job: Job | None) -> Occasion:
    routes = frozenset({"result", "*"})
    if job is None:
        return Occasion(routes, kind="", model="", prompt="")
    return Occasion(routes, kind=job.kind, model=job.asked.model, prompt=job.asked.prompt)


def _is_gone(job: Job) -> bool:
    fate = job.fate
    return fate is not None and fate.name == "gone" and job.looks > fate.rule.after


def _task(world: World, job: Job, state: State, base_url: str) -> dict[str, object]:
    """The task object as the provider shows it (docs: query pages; amounts seen by integrators)."""
    task: dict[str, object] = {
        "id": job.id,
        "object": job.endpoint.result_object,
        "created": int(job.created),
        "model": job.asked.model,
        "status": _status_word(job, state),
        **dict.fromkeys(job.endpoint.url_fields),
        "error": None,
    }
    if state == "failed":
        task["error"] = {"message": job.failure} if job.kind == "image" else job.failure
        task["amount"] = None
    elif state == "completed":
        task["progress"] = 100
        task["amount"] = job.price
        if job.asked.seconds:
            task["actualDuration"] = answers.seconds_number(job.asked.seconds)
        if not _hides_url(job):
            link = base_url.rstrip("/") + world.gallery.link(job)
            task |= dict.fromkeys(job.endpoint.url_fields, link)
    elif state == "processing":
        task["progress"] = job.progress(world.book.clock())
    return task


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
