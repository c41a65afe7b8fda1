"""A still of a video: about a second in, or its first frame."""

import asyncio
import io
import logging

from av.video.frame import VideoFrame
from PIL import Image

from ledger.errors import StoreError
from ledger.receipt import Landed
from ledger.store import ObjectStore
from tasks.landing.boxes import MOOV_CAP, Patchwork, Piece, read_box
from tasks.landing.errors import NotMediaError
from tasks.landing.verify import JPEG, POSTER_AT_SECONDS, frame_at, open_video

QUALITY = 85
HEAD_BYTES = 8 * 1024 * 1024
BOX_HEADER = 16

log = logging.getLogger(__name__)


def poster_of(video: bytes | io.RawIOBase) -> bytes:
    """A JPEG of the frame one second in, or of the first frame of a shorter video.

    `video` may be a file of which only the index and the beginning are known. CPU-bound, about
    0.1 s: call it through `asyncio.to_thread`. NotMediaError when no frame decodes.
    """
    return jpeg_of(_frame(video, POSTER_AT_SECONDS))


def first_frame(video: bytes | io.RawIOBase) -> bytes:
    """A PNG of a video's first frame, to compare it with the image it was made from."""
    out = io.BytesIO()
    _picture(_frame(video, 0.0)).save(out, "PNG")
    return out.getvalue()


def jpeg_of(frame: VideoFrame) -> bytes:
    out = io.BytesIO()
    _picture(frame).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


async def land_poster(*, store: ObjectStore, video: Landed, poster_key: str) -> bool:
    """Make the poster of a video that is in the bucket already, from the bucket. True when made.

    Reads the first 8 MiB and the index of the video, whatever its size. Never raises for a poster:
    what went wrong is logged, and the video stays landed.
    """
    try:
        file = await _beginning_and_index(store, video)
        poster = await asyncio.to_thread(poster_of, file)
    except (StoreError, NotMediaError) as error:
        log.warning("No poster for %s: %s", video.key, error)
        return False
    return await store_poster(store, poster_key, poster)


async def store_poster(store: ObjectStore, poster_key: str, poster: bytes) -> bool:
    """Write the poster; a failure is logged and answered False."""
    try:
        await store.put_media(poster_key, poster, content_type=JPEG.content_type, metadata={})
    except StoreError as error:
        log.warning("No poster at %s: %s", poster_key, error.message)
        return False
    return True


async def _beginning_and_index(store: ObjectStore, video: Landed) -> Patchwork:
    head = await store.get_range(video.key, 0, min(HEAD_BYTES, video.size))
    moov: Piece | None = None
    position = 0
    while position < video.size and moov is None:
        kind, stated = read_box(await store.get_range(video.key, position, BOX_HEADER))
        size = stated or video.size - position
        if kind == b"moov" and size <= MOOV_CAP:
            moov = (position, await store.get_range(video.key, position, size))
        position += size
    return Patchwork.of_head(video.size, head, moov)


def _frame(video: bytes | io.RawIOBase, seconds: float) -> VideoFrame:
    file = Patchwork.of_parts([video]) if isinstance(video, bytes) else video
    try:
        with open_video(file) as container:
            frame = frame_at(container, seconds)
    except NotMediaError:
        raise
    except Exception as error:  # a poster is not worth the failure of anything
        raise NotMediaError("the video does not open") from error
    if frame is None:
        raise NotMediaError("no frame of the video decodes")
    return frame


def _picture(frame: VideoFrame) -> Image.Image:
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return picture
