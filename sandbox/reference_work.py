"""What a job does with its reference media when it starts: fetch, probe, and take shape by them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sandbox import sizes
from sandbox.asked import Asked, Medium
from sandbox.endpoints.shape import Endpoint, Limits
from sandbox.jobs import Job
from sandbox.references import Reference, Unusable
from sandbox.world import World

_NO_LIMITS = Limits()


async def gather(world: World, job: Job) -> None:
    """Runs when the job starts; what is wrong with a medium fails the job there and then."""
    await asyncio.sleep(job.starts_after)
    try:
        found = [await _fetched(world, job, medium) for medium in job.asked.media]
        _check_totals(job.endpoint, found)
        _take_shape(job, found)
    except Unusable as exc:
        job.failure, job.failed_at = str(exc), world.book.clock()
    job.reference_at = world.book.clock()
    job.awaits_reference = False


async def _fetched(world: World, job: Job, medium: Medium) -> Reference:
    reference = await world.references.fetch(medium.url, medium.kind)
    if job.endpoint.exact_reference:
        reference.must_be(job.asked.size)
    reference.must_keep(job.endpoint.limits.get(medium.kind, _NO_LIMITS))
    return reference


def _check_totals(endpoint: Endpoint, found: list[Reference]) -> None:
    for kind, limits in endpoint.limits.items():
        seconds = sum(reference.seconds for reference in found if reference.kind == kind)
        if limits.total and seconds > limits.total + 0.1:
            raise Unusable(
                f"reference {kind}s last {seconds:.1f} s together; at most {limits.total:g} s"
            )


def _take_shape(job: Job, found: list[Reference]) -> None:
    """The pictures that the film starts from and ends on, and what only the media could tell."""
    # The first of a role counts, and a dictionary keeps the last.
    roles = [medium.role for medium in job.asked.media]
    by_role = dict(reversed(list(zip(roles, found, strict=True))))
    images = [reference for reference in found if reference.kind == "image"]
    films = [reference for reference in found if reference.kind == "video"]
    sounds = [reference for reference in found if reference.kind == "audio"]
    start = by_role.get("first")
    if start is None and "last" not in by_role:
        start = next(
            iter((*films, *images) if job.asked.follows == "video" else (*images, *films)), None
        )
    ending = by_role.get("last")
    job.reference = start.picture if start else None
    job.ending = ending.picture if ending else None
    asked = job.asked
    if asked.follows == "picture" and (leads := start or ending):
        asked = _shaped_as(asked, leads, job.endpoint.narrow)
    elif asked.follows == "video" and films:
        asked = replace(
            _shaped_as(asked, films[0], job.endpoint.narrow), seconds=round(films[0].seconds, 2)
        )
    elif asked.follows == "audio" and films and sounds:
        size = sizes.capped((films[0].width, films[0].height))
        asked = replace(asked, size=size, seconds=round(sounds[0].seconds, 2))
        job.heard = sounds[0].path
    job.asked = asked


def _shaped_as(asked: Asked, leads: Reference, narrow: bool) -> Asked:
    resolution = sizes.resolution_of(asked.resolution, asked.model)
    return replace(asked, size=sizes.shaped(leads.width / leads.height, resolution, narrow=narrow))
