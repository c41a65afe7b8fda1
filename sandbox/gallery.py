"""Finished media: made when first asked for, kept a while, served from links that expire."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile

from sandbox import films, pictures, seeded
from sandbox.films import Film
from sandbox.jobs import Job
from sandbox.settings import Settings

EXTENSIONS = {"image": "png", "video": "mp4"}
MEDIA_TYPES = {"image": "image/png", "video": "video/mp4"}
_KEEP_BYTES = 192_000_000


class Gallery:
    """Renders in two threads, beside the event loop; the same order always gives the same bytes."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._secret = seeded.digest("links", settings.seed).encode()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="render")
        self._made: OrderedDict[Film, bytes] = OrderedDict()
        self._held = 0
        self._under_way: dict[Film, asyncio.Task[bytes]] = {}

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def link(self, job: Job) -> str:
        """Path and query of a link that is good for `url_ttl` seconds from now."""
        name = f"{job.token}.{EXTENSIONS[job.kind]}"
        expires = int(time.time() + self._settings.url_ttl)
        return f"/media/{name}?Expires={expires}&Signature={self._sign(name, expires)}"

    def admits(self, name: str, expires: str, signature: str) -> bool:
        if not expires.isdigit() or time.time() >= int(expires):
            return False
        return hmac.compare_digest(self._sign(name, int(expires)), signature)

    async def media(self, job: Job, seconds: int | None = None) -> bytes:
        """The job's file; `seconds` asks for one of another length than was ordered."""
        film = self._order(job, seconds)
        if film in self._made:
            self._made.move_to_end(film)
            return self._made[film]
        if film not in self._under_way:
            self._under_way[film] = asyncio.create_task(self._make(film))
        # Shielded: a client that hangs up must not spoil it for others who wait for the same file.
        return await asyncio.shield(self._under_way[film])

    def _order(self, job: Job, seconds: int | None) -> Film:
        asked, plain = job.asked, self._settings.plain_media
        details = (asked.model, asked.ratio, asked.resolution)
        return Film(
            prompt="sandbox" if plain else asked.prompt,
            tag="" if plain else " · ".join(filter(None, details)),
            size=asked.size,
            seconds=asked.seconds if seconds is None else seconds,
            seed="plain" if plain else job.token,
            reference=None if plain else job.reference,
        )

    async def _make(self, film: Film) -> bytes:
        try:
            loop = asyncio.get_running_loop()
            data = await loop.run_in_executor(self._threads, self._render, film)
        finally:
            del self._under_way[film]
        self._made[film] = data
        self._held += len(data)
        while self._held > _KEEP_BYTES and len(self._made) > 1:
            self._held -= len(self._made.popitem(last=False)[1])
        return data

    def _render(self, film: Film) -> bytes:
        if not film.seconds:
            return pictures.png(film.prompt, film.tag, film.size, film.seed)
        with NamedTemporaryFile(dir=self._folder, suffix=".mp4") as file:
            path = Path(file.name)
            films.write(film, path)
            return path.read_bytes()

    def _sign(self, name: str, expires: int) -> str:
        return hmac.new(self._secret, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()[:40]
