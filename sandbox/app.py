"""Puts the routes together: two API hosts under their base paths, media links, own pages."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from globalaiopc.catalogue import Catalogue
from sandbox import account, answers, asset_api, downloads, media_api, text_api
from sandbox.chaos import Chaos, Rule
from sandbox.endpoints import ENDPOINTS, MODEL_CENTER
from sandbox.gallery import Gallery
from sandbox.jobs import Book
from sandbox.references import References
from sandbox.settings import MEDIA_BASE, TEXT_BASE, Settings
from sandbox.voices import Voices
from sandbox.world import World


def create_app(settings: Settings, rules: tuple[Rule, ...] = ()) -> Starlette:
    """The ASGI app; faults of the connection need `sandbox.wire.OpenHandedProtocol` under it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with TemporaryDirectory(prefix="sandbox-") as folder:
            world = World(
                settings=settings,
                catalogue=Catalogue.load(*settings.catalogues),
                book=Book(settings),
                chaos=Chaos(settings.seed, rules),
                gallery=Gallery(settings, Path(folder)),
                references=References(Path(folder)),
                voices=Voices(settings.seed, settings.voice_ttl, time.monotonic),
            )
            app.state.world = world
            yield
            world.stop()
            world.gallery.close()
            await world.references.close()

    creates = [
        Route(MEDIA_BASE + row.path, media_api.create(row), methods=["POST"]) for row in ENDPOINTS
    ]
    return Starlette(
        lifespan=lifespan,
        routes=[
            *text_api.ROUTES,
            *creates,
            *asset_api.ROUTES,
            Route(MEDIA_BASE + "/v1/result/{task_id:path}", media_api.result("v1")),
            Route(MEDIA_BASE + MODEL_CENTER.path + "/{task_id:path}", media_api.result("v2")),
            Route("/media/{name}", downloads.media),
            Route("/elsewhere/{name}", downloads.media),
            *account.ROUTES,
        ],
        exception_handlers={404: _no_route, 405: _no_route},
    )


async def _no_route(request: Request, exc: Exception) -> Response:
    """Wrong paths and methods, each in the words of the host that was asked."""
    path = request.url.path
    if path.startswith(TEXT_BASE):
        return answers.openai_error(404, f"Invalid URL ({request.method} {path})")
    if isinstance(exc, HTTPException) and exc.status_code == 405:
        return answers.wrong_method(request.method)
    return answers.no_handler(request.method, path)
