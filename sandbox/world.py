"""What all routes share, and the few things that each of them does."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue
from starlette.requests import Request

from globalaiopc.catalogue import Catalogue
from sandbox.assets import Assets
from sandbox.chaos import Chaos
from sandbox.gallery import Gallery
from sandbox.jobs import Book
from sandbox.references import References
from sandbox.settings import Settings
from sandbox.voices import Voices


@dataclass
class World:
    """One running sandbox."""

    settings: Settings
    catalogue: Catalogue
    book: Book
    chaos: Chaos
    gallery: Gallery
    references: References
    voices: Voices
    assets: Assets = field(default_factory=Assets)
    keys: set[str] = field(default_factory=set)
    """The keys that are accepted by now; each has an account of its own."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.keys = self.keys or {self.settings.key}

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def knows_key(self, request: Request) -> bool:
        return self.key_of(request) is not None

    def key_of(self, request: Request) -> str | None:
        """The accepted key that the request carries."""
        given = request.headers.get("authorization", "").encode()
        known = (key for key in self.keys if hmac.compare_digest(given, f"Bearer {key}".encode()))
        return next(known, None)


def world_of(request: Request) -> World:
    return cast(World, request.app.state.world)


async def json_object(request: Request) -> Mapping[str, JsonValue] | None:
    """The body, or None when it is not a JSON object."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def text_field(body: Mapping[str, JsonValue] | None, name: str) -> str:
    value = (body or {}).get(name)
    return value if isinstance(value, str) else ""
