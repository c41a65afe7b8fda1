"""Finished files, behind links that expire. No key is wanted here, and none should be sent."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import Answer
from sandbox.chaos import Occasion
from sandbox.faults import MediaFile, spoil_media
from sandbox.gallery import MEDIA_TYPES, Part, extension, speech_seconds
from sandbox.jobs import Job
from sandbox.world import World, world_of

_PARTS: tuple[Part, ...] = ("official", "last", "titles")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def media(request: Request) -> Response:
    """GET and HEAD /media/{name}?Expires=&Signature=, with byte ranges."""
    world = world_of(request)
    if "authorization" in request.headers:
        world.book.auth_leaks += 1
    name = request.path_params["name"]
    job = world.book.by_token.get(name.partition(".")[0])
    if job is None:
        return Answer({"message": "no such file"}, 404)
    if request.method == "GET":
        job.downloads += 1
    query = request.query_params
    if not world.gallery.admits(name, query.get("Expires", ""), query.get("Signature", "")):
        return Answer({"message": "the link has expired"}, 403)
    part = _part(name)
    data = await world.gallery.media(job, part=part)
    media_type = MEDIA_TYPES[extension(job, part)]
    honest = request.method == "HEAD" or request.url.path.startswith("/elsewhere/")
    hit = None if honest else world.chaos.answer_fault(_occasion(job))
    if hit is None:
        return _ranged(data, media_type, request.headers.get("range", ""))
    return await spoil_media(hit, _file(request, world, job, (data, media_type)))


def _occasion(job: Job) -> Occasion:
    routes = frozenset({"media", "*"})
    return Occasion(routes, kind=job.kind, model=job.asked.model, prompt=job.asked.prompt)


def _part(name: str) -> Part:
    for part in _PARTS:
        if f".{part}." in name:
            return part
    return ""


def _file(request: Request, world: World, job: Job, made: tuple[bytes, str]) -> MediaFile:
    """`elsewhere` serves the same file under another host name, and never misbehaves."""
    host = "127.0.0.1" if request.url.hostname == "localhost" else "localhost"
    elsewhere = request.url.replace(hostname=host, path=f"/elsewhere/{request.path_params['name']}")
    return MediaFile(
        data=made[0],
        media_type=made[1],
        seconds=job.asked.seconds if job.kind != "audio" else speech_seconds(job),
        elsewhere=str(elsewhere),
        other=lambda seconds: world.gallery.media(job, seconds),
    )


def _ranged(data: bytes, media_type: str, wanted: str) -> Response:
    headers = {"Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(wanted)
    if match is None or not any(match.groups()):
        return Response(data, headers=headers, media_type=media_type)
    first, last = match.groups()
    start = int(first) if first else max(0, len(data) - int(last))
    stop = min(int(last) + 1, len(data)) if first and last else len(data)
    if start >= stop:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
    return Response(data[start:stop], 206, headers, media_type)
