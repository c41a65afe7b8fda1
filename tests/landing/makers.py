"""Real media, made here: noise, so that the files have some weight and every byte matters."""

import io
import random
import struct
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image


@cache
def noise(width: int = 320, height: int = 180) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


@cache
def picture(kind: str = "PNG", width: int = 320, height: int = 180) -> bytes:
    out = io.BytesIO()
    noise(width, height).save(out, kind)
    return out.getvalue()


@cache
def mp4(
    *, seconds: float = 2.0, width: int = 320, height: int = 180, faststart: bool = True
) -> bytes:
    """H.264, 24 frames a second. The picture slides, so that frames differ."""
    options = {"movflags": "+faststart"} if faststart else {}
    big = noise(width * 2, height)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "it.mp4"  # faststart reads back what it wrote: not from memory
        with av.open(path, "w", format="mp4", options=options) as container:
            stream = container.add_stream("libx264", rate=24, options={"preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(round(seconds * 24)):
                left = number * 4 % width
                frame = av.VideoFrame.from_image(big.crop((left, 0, left + width, height)))
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


SOUNDS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("ipod", "aac"),
    "aac": ("adts", "aac"),
    "ogg": ("ogg", "libopus"),
}


@cache
def sound(kind: str = "wav", *, seconds: float = 3.0) -> bytes:
    """Noise at 48 kHz, mono."""
    form, codec = SOUNDS[kind]
    out, rate, drawn = io.BytesIO(), 48_000, random.Random(7)
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, round(seconds * rate), 1000):
            frame = av.AudioFrame(format="s16", layout="mono", samples=1000)
            frame.planes[0].update(drawn.randbytes(2000))
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def padded(video: bytes, size: int) -> bytes:
    """The same video made exactly `size` bytes long by a last, empty box: as good as before."""
    return video + box(b"free", bytes(size - len(video) - 8))


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    """(kind, start, size) of each outermost box."""
    found = []
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, at, size))
        at += size
    return found
