"""Finished media: made when first asked for, kept a while, served from links that expire."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
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
    """Renders in two threads, beside the event loop; the same job always gives the same bytes."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._secret = seeded.digest("links", settings.seed).encode()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="render")
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0
        self._under_way: dict[str, asyncio.Task[bytes]] = {}

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
        length = job.asked.seconds if seconds is None else seconds
        key = f"{job.token}|{length}"
        if self._settings.plain_media:
            key = f"{job.kind}|{job.asked.size}|{length}"
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        if key not in self._under_way:
            self._under_way[key] = asyncio.create_task(self._make(key, job, length))
        # Shielded: a client that hangs up must not spoil it for others who wait for the same file.
        return await asyncio.shield(self._under_way[key])

    async def _make(self, key: str, job: Job, seconds: int) -> bytes:
        try:
            work = self._render(job, seconds)
            data = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            del self._under_way[key]
        self._made[key] = data
        self._held += len(data)
        while self._held > _KEEP_BYTES and len(self._made) > 1:
            self._held -= len(self._made.popitem(last=False)[1])
        return data

    def _render(self, job: Job, seconds: int) -> Callable[[], bytes]:
        asked, seed = job.asked, self._settings.seed
        prompt = "sandbox" if self._settings.plain_media else asked.prompt
        reference = None if self._settings.plain_media else job.reference
        tag = " · ".join(filter(None, (asked.model, asked.ratio, asked.resolution)))
        if job.kind == "image":
            return lambda: pictures.png(prompt, tag, asked.size, seed)

        def video() -> bytes:
            with NamedTemporaryFile(dir=self._folder, suffix=".mp4") as file:
                path = Path(file.name)
                films.write(Film(prompt, tag, asked.size, seconds, seed, reference), path)
                return path.read_bytes()

        return video

    def _sign(self, name: str, expires: int) -> str:
        return hmac.new(self._secret, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()[:40]
