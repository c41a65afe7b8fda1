"""Fetches reference media by URL, as the provider's servers do, and probes them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import av
import httpx
from PIL import Image

from sandbox.asked import Kind
from sandbox.endpoints.shape import Limits

_MOST_BYTES: dict[Kind, int] = {
    "image": 30_000_000,
    "video": 100_000_000,
    "audio": 50_000_000,
}
_AT_ONCE = 32


class Unusable(Exception):
    """The reference cannot be used; the text becomes the job's error."""


@dataclass(frozen=True)
class Reference:
    """A medium on disk: thousands of waiting jobs would not fit in memory.

    Sizes are 0 for sounds and `seconds` is 0 for pictures. `picture` is what can be looked at: the
    image itself, or a film's first frame.
    """

    path: Path
    kind: Kind
    width: int = 0
    height: int = 0
    seconds: float = 0
    fps: float = 0
    picture: Path | None = None

    def must_be(self, size: tuple[int, int]) -> None:
        if (self.width, self.height) != size:
            raise Unusable(
                "Inpaint image must match the requested width and height: the reference is "
                f"{self.width}x{self.height}, the video {size[0]}x{size[1]}"
            )

    def must_keep(self, limits: Limits) -> None:
        if limits.seconds and not limits.seconds[0] <= self.seconds <= limits.seconds[1]:
            low, high = limits.seconds
            raise Unusable(f"Duration must be between {low}s and {high}s.")
        if limits.side and self.width:
            low, high = limits.side
            if min(self.width, self.height) < low or max(self.width, self.height) > high:
                raise Unusable(
                    f"the reference {self.kind} is {self.width}x{self.height}; sides must be "
                    f"{low} to {high} pixels"
                )
        if limits.shape and self.width:
            least, most = limits.shape
            if not least <= self.width / self.height <= most:
                raise Unusable(f"width to height of the reference must be {least} to {most}")
        if limits.least_fps and self.fps <= limits.least_fps:
            raise Unusable(f"the reference video needs more than {limits.least_fps:g} fps")


class References:
    """One client and one folder for all; the same bytes are kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gate = asyncio.Semaphore(_AT_ONCE)
        # The machine's proxy settings are for the real internet, not for a bucket on loopback. Its
        # certificates count, and with SSL_CERT_FILE those of a CA of one's own.
        self._http = httpx.AsyncClient(
            timeout=30,
            follow_redirects=True,
            trust_env=False,
            verify=ssl.create_default_context(),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def fetch(self, url: str, kind: Kind = "image") -> Reference:
        async with self._gate:
            path = await self._keep(self._parts(url, kind), kind)
            return await asyncio.to_thread(_LOOKS[kind], path)

    async def _parts(self, url: str, kind: Kind) -> AsyncIterator[bytes]:
        if url.startswith("data:"):
            yield _inline(url)
            return
        try:
            async with self._http.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise Unusable(
                        f"素材 URL 无法访问: the reference {kind} answered "
                        f"HTTP {answer.status_code}"
                    )
                async for part in answer.aiter_bytes():
                    yield part
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise Unusable(
                f"素材 URL 无法访问: the reference {kind} could not be fetched "
                f"({type(exc).__name__})"
            ) from exc

    async def _keep(self, parts: AsyncIterator[bytes], kind: Kind) -> Path:
        digest, length = hashlib.sha256(), 0
        with NamedTemporaryFile(dir=self._folder) as file:
            async for part in parts:
                length += len(part)
                if length > _MOST_BYTES[kind]:
                    raise Unusable(
                        f"the reference {kind} is larger than {_MOST_BYTES[kind]:,} bytes"
                    )
                digest.update(part)
                file.write(part)
            file.flush()
            kept = self._folder / digest.hexdigest()
            with contextlib.suppress(FileExistsError):
                kept.hardlink_to(file.name)
        return kept


def _inline(url: str) -> bytes:
    _, comma, data = url.partition(",")
    try:
        return base64.b64decode(data, validate=True) if comma else b""
    except (binascii.Error, ValueError) as exc:
        raise Unusable("数据异常: the data URI does not decode") from exc


def _look_at_image(path: Path) -> Reference:
    try:
        with Image.open(path) as image:
            width, height = image.size
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
        raise Unusable("the reference is not a readable image") from exc
    return Reference(path, "image", width, height, picture=path)


def _look_at_video(path: Path) -> Reference:
    """Length and size, and the first frame as a picture: proof that it decodes."""
    picture = path.with_name(f"{path.name}-first.png")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            first = next(container.decode(stream))
            if not picture.exists():
                image = first.to_image()  # type: ignore[no-untyped-call]
                image.save(picture, "PNG", compress_level=1)
            seconds = _length(container.duration, stream.duration, stream.time_base)
            fps = float(stream.average_rate or 0)
            width, height = first.width, first.height
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as exc:
        raise Unusable("the reference is not a readable video") from exc
    return Reference(path, "video", width, height, seconds, fps, picture)


def _look_at_audio(path: Path) -> Reference:
    """The length of the sound; of a film that is given for its sound as well."""
    samples, rate = 0, 1
    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            rate = stream.rate or 1
            for frame in container.decode(stream):
                samples += frame.samples
    except (av.FFmpegError, OSError, ValueError, IndexError) as exc:
        raise Unusable("the reference is not readable audio") from exc
    if not samples:
        raise Unusable("the reference is not readable audio")
    return Reference(path, "audio", seconds=samples / rate)


def _length(whole: int | None, own: int | None, time_base: object) -> float:
    if whole:
        return whole / av.time_base
    return float(own * time_base) if own and isinstance(time_base, int | float) else 0.0


_LOOKS = {"image": _look_at_image, "video": _look_at_video, "audio": _look_at_audio}
