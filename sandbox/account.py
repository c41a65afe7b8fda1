"""The sandbox's own pages: what it was asked, what it charged, and its faults. Loopback only."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.chaos import parse_plan
from sandbox.world import world_of

Handler = Callable[[Request], Awaitable[Response]]


def _local(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        caller = request.client.host if request.client else ""
        if not ipaddress.ip_address(caller).is_loopback:
            return JSONResponse({"error": "only from this machine"}, 403)
        return await handler(request)

    return guarded


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _jobs(request: Request) -> Response:
    return JSONResponse(world_of(request).book.view())


async def _assets(request: Request) -> Response:
    return JSONResponse({"assets": world_of(request).assets.view()})


async def _reset(request: Request) -> Response:
    """Forgets jobs, texts, assets, counts and faults; what comes next is as after a fresh start."""
    world = world_of(request)
    world.book.clear()
    world.voices.clear()
    world.assets.clear()
    world.chaos.replace(())
    return JSONResponse({"ok": True})


async def _show_chaos(request: Request) -> Response:
    return JSONResponse({"rules": world_of(request).chaos.view()})


async def _set_chaos(request: Request) -> Response:
    """Replaces the plan; an empty list ends all faults."""
    try:
        rules = parse_plan(await request.body())
    except ValidationError as exc:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors()]
        return JSONResponse({"error": problems}, 400)
    world_of(request).chaos.replace(rules)
    return JSONResponse({"rules": len(rules)})


async def _set_keys(request: Request) -> Response:
    """Accepts exactly the keys of a JSON list from now on: `["k1", "k2"]`."""
    try:
        keys = TypeAdapter(list[str]).validate_json(await request.body())
    except ValidationError:
        return JSONResponse({"error": "a JSON list of keys is wanted"}, 400)
    world_of(request).keys = set(keys)
    return JSONResponse({"keys": len(set(keys))})


ROUTES = [
    Route("/sandbox/health", _local(_health)),
    Route("/sandbox/jobs", _local(_jobs)),
    Route("/sandbox/assets", _local(_assets)),
    Route("/sandbox/reset", _local(_reset), methods=["POST"]),
    Route("/sandbox/keys", _local(_set_keys), methods=["POST"]),
    Route("/sandbox/chaos", _local(_show_chaos)),
    Route("/sandbox/chaos", _local(_set_chaos), methods=["POST"]),
]
