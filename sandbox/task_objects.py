"""The answers about a job: what a create says at once, and the task object of the result routes.

Source: the create and query pages of each family; amounts, string counts, decimal lengths and the
model center's wrapper as integrators saw them.
"""

from __future__ import annotations

import hashlib

from sandbox import answers, prices, seeded, sizes
from sandbox.gallery import Part
from sandbox.jobs import Job, State
from sandbox.world import World

Body = dict[str, object]

_LOCATED = {"video": ("video_url", "result_url"), "image": ("image_url", "result_url")}


def created(job: Job) -> Body:
    if job.asked.old_style and job.failed_at is None:
        return {"code": "0", "msg": None, "data": {"projectId": job.id}}
    failed = job.failed_at is not None
    return {
        "id": job.id,
        "object": job.endpoint.created_object or job.kind,
        "created": int(job.created),
        "model": _model(job),
        "status": "failed" if failed else "queued",
        "error": job.failure if failed else None,
    }


async def task(world: World, job: Job, state: State, status: str, base_url: str | None) -> Body:
    """The task object. `base_url` None: the link is held back."""
    fields = _url_fields(job)
    found: Body = {
        "id": job.id,
        "object": job.endpoint.result_object or job.kind,
        "created": int(job.created),
        "model": _model(job),
        "status": status,
        **dict.fromkeys(fields),
        "error": None,
    }
    if state == "failed":
        in_object = job.kind == "image" or job.endpoint.api == "v2"
        found["error"] = {"message": job.failure} if in_object else job.failure
        found["amount"] = None
    elif state == "completed":
        found |= _made(job)
        if base_url is not None:
            found |= await _links(world, job, base_url, fields)
    elif state == "processing":
        found["progress"] = job.progress(world.book.clock())
    return found if job.endpoint.api == "v1" else _wrapped(job, found)


def _model(job: Job) -> str:
    return job.endpoint.answers_as.get(job.asked.model, job.asked.model)


def _url_fields(job: Job) -> tuple[str, ...]:
    """The model center puts the link under one name, the other, or both."""
    if job.endpoint.api == "v1":
        return job.endpoint.url_fields
    names = _LOCATED[job.kind]
    return seeded.choose((names, names[:1], names[1:]), "url", job.id)


def _wrapped(job: Job, found: Body) -> Body:
    """Flat for some and inside `data` for others, under a code that is a number or a string."""
    return seeded.choose(
        (
            found,
            {"code": 0, "msg": None, "data": found},
            {"code": "0", "msg": None, "data": found},
            {"data": found},
        ),
        "wrapper",
        job.id,
    )


def _made(job: Job) -> Body:
    asked = job.asked
    found: Body = {"progress": 100, "amount": job.price}
    if asked.seconds:
        found["actualDuration"] = answers.seconds_number(asked.seconds)
    tokens = prices.tokens_of(asked)
    if job.endpoint.tokens and tokens:
        found["totalTokens"] = tokens if job.endpoint.tokens == "number" else str(tokens)
    if job.endpoint.api == "v2":
        found["resolution"] = asked.resolution or sizes.resolution_of(None, asked.model)
        if tokens:
            found["usage"] = {"output_tokens": str(tokens), "total_tokens": str(tokens)}
    return found


async def _links(world: World, job: Job, base_url: str, fields: tuple[str, ...]) -> Body:
    def link(part: Part = "") -> str:
        return base_url.rstrip("/") + world.gallery.link(job, part)

    found: Body = dict.fromkeys(fields, link())
    name, asked = job.endpoint.row_name, job.asked
    if name == "seedance_x1" and "_official" in asked.model:
        found["officialMediaUrl"] = link("official")
    if asked.seconds and asked.wants("return_last_frame"):
        found["last_frame_url"] = link("last")
    if name == "voice_clone":
        found["modelId"] = world.voices.cloned(job.id)
    if name == "speech":
        found["modelId"] = asked.body.get("modelId")
        if asked.wants("subtitleEnable"):
            found["subtitleFile"] = link("titles")
    if name == "digital_human":
        if job.md5 is None:
            made = await world.gallery.media(job)
            job.md5 = hashlib.md5(made, usedforsecurity=False).hexdigest()
        found["md5"] = job.md5
    return found
