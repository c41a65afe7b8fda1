"""Handing a landed picture to a video model: at its exact pixel size, behind a presigned URL."""

import asyncio
import hashlib

from globalaiopc import InvalidRequest
from ledger import Landed
from tasks.landing import fit_image
from tasks.studio import Studio

URL_SECONDS = 24 * 3600
"""The provider fetches the picture when the job leaves its queue; a job is given up long before."""


async def first_frame(
    studio: Studio, folder: str, image: Landed, size: tuple[int, int] | None
) -> str:
    """Return a URL of the image at `size` pixels (as it is, when None).

    The fitted copy lies beside the image as `frame-{width}x{height}.png` and is made once. The
    URL is a secret: it goes into the request and nowhere else. Raises `InvalidRequest` when the
    image is not in the bucket as it landed: the video would be paid for without it.
    """
    key = image.key
    if size is not None and size != (image.width, image.height):
        key = f"{folder}/frame-{size[0]}x{size[1]}-{image.sha256[:12]}.png"
        if await studio.store.head(key) is None:
            await _fit(studio, image, key, size)
    elif await studio.store.head(key) is None:
        raise _not_as_it_landed(studio, image)
    return await studio.store.presign_get(key, URL_SECONDS)


async def _fit(studio: Studio, image: Landed, key: str, size: tuple[int, int]) -> None:
    stored = await studio.store.get(image.key)
    if stored is None or hashlib.sha256(stored.body).hexdigest() != image.sha256:
        raise _not_as_it_landed(studio, image)
    fitted = await asyncio.to_thread(fit_image, stored.body, *size)
    await studio.store.put(key, fitted, content_type="image/png")


def _not_as_it_landed(studio: Studio, image: Landed) -> InvalidRequest:
    return InvalidRequest(
        f"{studio.store.uri(image.key)} is gone, or is not the picture that landed there.",
        field="image",
        advice="Put it back, or ask for a new take, which is paid for again.",
    )
