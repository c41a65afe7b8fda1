"""Finished media: made when first asked for, kept a while, served from links that expire."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, TypeVar

import av

from sandbox import films, pictures, seeded, sounds
from sandbox.films import Film
from sandbox.jobs import Job
from sandbox.settings import Settings

MEDIA_TYPES = {
    "png": "image/png",
    "mp4": "video/mp4",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "json": "application/json",
}
Part = Literal["", "official", "last", "titles"]
"""The job's file itself, the same under the official link, its last frame, its subtitles."""

T = TypeVar("T")

_KEEP_BYTES = 192_000_000
_EXTENSIONS: dict[Part, str] = {"last": "png", "titles": "json"}


@dataclass(frozen=True)
class Speech:
    """Words to be spoken."""

    seed: str
    seconds: float
    kind: Literal["wav", "mp3"]


@dataclass(frozen=True)
class LastFrame:
    """The end of a film, as a picture."""

    film: Film


Order = Film | Speech | LastFrame


class Gallery:
    """Renders in two threads, beside the event loop; the same order always gives the same bytes."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._secret = seeded.digest("links", settings.seed).encode()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="render")
        self._made: OrderedDict[Order, bytes] = OrderedDict()
        self._held = 0
        self._under_way: dict[Order, asyncio.Task[bytes]] = {}

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def link(self, job: Job, part: Part = "") -> str:
        """Path and query of a link that is good for `url_ttl` seconds from now."""
        name = ".".join(filter(None, (job.token, part, extension(job, part))))
        expires = int(time.time() + self._settings.url_ttl)
        return f"/media/{name}?Expires={expires}&Signature={self._sign(name, expires)}"

    def admits(self, name: str, expires: str, signature: str) -> bool:
        if not expires.isdigit() or time.time() >= int(expires):
            return False
        return hmac.compare_digest(self._sign(name, int(expires)), signature)

    async def media(self, job: Job, seconds: float | None = None, part: Part = "") -> bytes:
        """The job's file; `seconds` asks for one of another length than was ordered."""
        if part == "titles":
            return _titles(job)
        return await self._ordered(self._order(job, seconds, part))

    async def _ordered(self, order: Order) -> bytes:
        if order in self._made:
            self._made.move_to_end(order)
            return self._made[order]
        if order not in self._under_way:
            self._under_way[order] = asyncio.create_task(self._make(order))
        # Shielded: a client that hangs up must not spoil it for others who wait for the same file.
        return await asyncio.shield(self._under_way[order])

    def _order(self, job: Job, seconds: float | None, part: Part) -> Order:
        asked, plain = job.asked, self._settings.plain_media
        seed = "plain" if plain else job.token
        if asked.makes == "audio":
            length = speech_seconds(job) if seconds is None else seconds
            return Speech(seed, length, job.endpoint.sound_type)
        details = (asked.model, asked.ratio, asked.resolution)
        film = Film(
            prompt="sandbox" if plain else asked.prompt,
            tag="" if plain else " · ".join(filter(None, details)),
            size=asked.size,
            seconds=asked.seconds if seconds is None else seconds,
            seed=seed,
            reference=None if plain else job.reference,
            ending=None if plain else job.ending,
            sound=job.heard or (seed if asked.sound else ""),
        )
        return LastFrame(film) if part == "last" else film

    async def _make(self, order: Order) -> bytes:
        try:
            if isinstance(order, LastFrame):
                data = await self._in_thread(_last_frame, await self._ordered(order.film))
            else:
                data = await self._in_thread(self._render, order)
        finally:
            del self._under_way[order]
        self._made[order] = data
        self._held += len(data)
        while self._held > _KEEP_BYTES and len(self._made) > 1:
            self._held -= len(self._made.popitem(last=False)[1])
        return data

    async def _in_thread(self, work: Callable[[T], bytes], what: T) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, what)

    def _render(self, order: Film | Speech) -> bytes:
        if isinstance(order, Speech):
            samples = sounds.voice(order.seed, order.seconds)
            return sounds.wav(samples) if order.kind == "wav" else sounds.mp3(samples)
        if not order.seconds:
            return pictures.png(order.prompt, order.tag, order.size, order.seed)
        with NamedTemporaryFile(dir=self._folder, suffix=".mp4") as file:
            path = Path(file.name)
            films.write(order, path)
            return path.read_bytes()

    def _sign(self, name: str, expires: int) -> str:
        return hmac.new(self._secret, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()[:40]


def extension(job: Job, part: Part = "") -> str:
    """The file's name ends in it; `MEDIA_TYPES` has its content type."""
    if part in _EXTENSIONS:
        return _EXTENSIONS[part]
    return {"image": "png", "video": "mp4"}.get(job.kind, job.endpoint.sound_type)


def speech_seconds(job: Job) -> float:
    speed = job.asked.body.get("speed")
    text = job.asked.prompt or "This is what the cloned voice sounds like."
    return sounds.speaking_seconds(text, speed if isinstance(speed, int | float) else 1)


def _titles(job: Job) -> bytes:
    """Each word with its time in milliseconds."""
    spoken = sounds.spoken_words(job.asked.prompt)
    each = 1000 * speech_seconds(job) / max(1, len(spoken))
    rows = [
        {"text": word, "time_begin": round(n * each), "time_end": round((n + 1) * each)}
        for n, word in enumerate(spoken)
    ]
    return json.dumps(rows, ensure_ascii=False).encode()


def _last_frame(film: bytes) -> bytes:
    with av.open(BytesIO(film), "r") as container:
        *_, last = container.decode(video=0)
    out = BytesIO()
    image = last.to_image()  # type: ignore[no-untyped-call]
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()
