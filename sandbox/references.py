"""Fetches reference images by URL, as the provider's servers do."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

_LIMIT = 30_000_000
_AT_ONCE = 32


class Unusable(Exception):
    """The reference cannot be used; the text becomes the job's error."""


@dataclass(frozen=True)
class Reference:
    """An image on disk: thousands of waiting jobs would not fit in memory."""

    path: Path
    width: int
    height: int

    def must_be(self, size: tuple[int, int]) -> None:
        if (self.width, self.height) != size:
            raise Unusable(
                "Inpaint image must match the requested width and height: the reference is "
                f"{self.width}x{self.height}, the video {size[0]}x{size[1]}"
            )


class References:
    """One client and one folder for all; the same bytes are kept once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gate = asyncio.Semaphore(_AT_ONCE)
        # The machine's proxy settings are for the real internet, not for a bucket on loopback.
        self._http = httpx.AsyncClient(timeout=30, follow_redirects=True, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def fetch(self, url: str) -> Reference:
        async with self._gate:
            data = await self._download(url)
            return await asyncio.to_thread(self._keep, data)

    async def _download(self, url: str) -> bytes:
        data = bytearray()
        try:
            async with self._http.stream("GET", url) as answer:
                if answer.status_code != 200:
                    raise Unusable(
                        f"素材 URL 无法访问: the reference image answered HTTP {answer.status_code}"
                    )
                async for part in answer.aiter_bytes():
                    data += part
                    if len(data) > _LIMIT:
                        raise Unusable(f"the reference image is larger than {_LIMIT:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise Unusable(
                "素材 URL 无法访问: the reference image could not be fetched "
                f"({type(exc).__name__})"
            ) from exc
        return bytes(data)

    def _keep(self, data: bytes) -> Reference:
        try:
            with Image.open(BytesIO(data)) as image:
                width, height = image.size
                image.load()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
            raise Unusable("the reference is not a readable image") from exc
        path = self._folder / hashlib.sha256(data).hexdigest()
        if not path.exists():
            path.write_bytes(data)
        return Reference(path, width, height)
