"""Makes MP4: H.264, 24 frames a second, starting from the reference image and moving away from it.

It ends on another picture if there is one, faded to in the last half second, and has an AAC sound
track if one was asked for.

The work is done on the Y, U and V planes with Pillow: a third of the cost of RGB frames, and both
Pillow's resize and the encoder let other threads run. The picture moves every third frame (8 times
a second); the encoder skips what stands still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageOps

from sandbox import seeded, sounds
from sandbox.captions import Caption, caption
from sandbox.pictures import Size, paint

FPS = 24
_HOLD = 3
_HOLD_WHEN_LONG = 6
_LONG_SECONDS = 10
_ENDING_FRAMES = 12
_ZOOM = 0.14
_FADE_FROM, _FADE_FRAMES = 12, 9
"""The words appear after half a second, so that the first frame is the reference and no more."""

Planes = tuple[Image.Image, Image.Image, Image.Image]

_LUMA = [16 + round(value * 219 / 255) for value in range(256)]
_CHROMA = [128 + round((value - 128) * 224 / 255) for value in range(256)]


@dataclass(frozen=True)
class Film:
    """What is to be made; `size` in even pixels. Without a reference the picture is painted.

    No seconds make it a single picture. `ending` is the picture that it ends on. `sound` is the
    seed of tones, or a file with the sound to be heard; "" is silence without a track.
    """

    prompt: str
    tag: str
    size: Size
    seconds: float
    seed: str
    reference: Path | None
    ending: Path | None = None
    sound: Path | str = ""


def write(film: Film, path: Path) -> None:
    """Writes an MP4 of exactly the film's size and `seconds` x 24 frames."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height = film.size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "qp": "24", "tune": "zerolatency"}
        # One thread: the same bytes every time, and no more than its share of a small machine.
        stream.codec_context.thread_count = 1
        track = sounds.Track(out, film.sound, film.seconds) if film.sound else None
        if track is not None:
            track.write()
        for frame in _frames(film):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def _frames(film: Film) -> Iterator[av.VideoFrame]:
    planes = _planes(_first_picture(film))
    ending = _planes(_fitted(film.ending, film.size)) if film.ending else None
    words = caption(film.prompt, film.tag, *film.size)
    toward = tuple(seeded.fraction(film.seed, film.prompt, axis) for axis in "xy")
    frames = max(1, round(film.seconds * FPS))
    hold = _HOLD if film.seconds <= _LONG_SECONDS else _HOLD_WHEN_LONG
    for number in range(frames):
        ended = max(0.0, (number + 1 - frames + _ENDING_FRAMES) / _ENDING_FRAMES) if ending else 0.0
        if number % hold == 0 or ended:
            shown = min(1.0, max(0.0, (number - _FADE_FROM) / _FADE_FRAMES)) * (1 - ended)
            blend = (ending, ended) if ending and ended else None
            share = number / frames
            frame = _frame(planes, share, (toward[0], toward[1]), (words, shown), blend)
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        yield frame


def _first_picture(film: Film) -> Image.Image:
    if film.reference is None:
        return paint(film.prompt, film.size, film.seed)
    return _fitted(film.reference, film.size)


def _fitted(path: Path, size: Size) -> Image.Image:
    with Image.open(path) as image:
        return ImageOps.fit(image.convert("RGB"), size)


def _planes(image: Image.Image) -> Planes:
    luma, blue, red = image.convert("YCbCr").split()
    return luma.point(_LUMA), _half(blue).point(_CHROMA), _half(red).point(_CHROMA)


def _half(image: Image.Image) -> Image.Image:
    return image.reduce(2)


def _frame(
    planes: Planes,
    share: float,
    toward: tuple[float, float],
    words: tuple[Caption, float],
    ending: tuple[Planes, float] | None,
) -> av.VideoFrame:
    """One picture: `share` (0 to 1) of the way of the zoom towards a point.

    The words and the ending come with how much of them is seen, 0 to 1.
    """
    frame = av.VideoFrame(*planes[0].size, "yuv420p")
    for number, (still, plane) in enumerate(zip(planes, frame.planes, strict=True)):
        moved = _zoomed(still, 1 + _ZOOM * share, toward) if share else still.copy()
        if ending is not None:
            moved = Image.blend(moved, ending[0][number], ending[1])
        if words[1]:
            _stamp(moved, words[0], words[1], is_luma=number == 0)
        plane.update(_padded(moved, plane.line_size))
    return frame


def _zoomed(image: Image.Image, zoom: float, toward: tuple[float, float]) -> Image.Image:
    width, height = image.size
    left = (width - width / zoom) * toward[0]
    top = (height - height / zoom) * toward[1]
    box = (left, top, left + width / zoom, top + height / zoom)
    return image.resize(image.size, Image.Resampling.BILINEAR, box=box)


def _stamp(plane: Image.Image, words: Caption, fade: float, *, is_luma: bool) -> None:
    bar, letters = words.bar, words.words
    margin = min(plane.size) // 24
    if not is_luma:
        bar, letters = _half(bar), _half(letters)
    faded = [round(value * fade) for value in range(256)]
    box = (margin, margin, margin + bar.width, margin + bar.height)
    plane.paste(20 if is_luma else 128, box, bar.point(faded))
    plane.paste(235 if is_luma else 128, box, letters.point(faded))


def _padded(plane: Image.Image, line_size: int) -> bytes:
    """The plane's bytes with each row as long as the encoder's buffer wants it."""
    if line_size == plane.width:
        return plane.tobytes()
    wide = Image.new("L", (line_size, plane.height))
    wide.paste(plane)
    return wide.tobytes()
