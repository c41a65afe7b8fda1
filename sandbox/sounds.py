"""Makes sounds: speech-like tones as WAV or MP3, and sound tracks for films.

A syllable is a tone with two overtones that swells and fades; a voice is a row of them. The few
syllables there are get computed once, so a quarter of an hour of speech takes a moment.
"""

from __future__ import annotations

import math
import re
import wave
from array import array
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import av
from av.container import OutputContainer

from sandbox import seeded

RATE = 24_000
_TRACK_RATE = 44_100
_SYLLABLE = 0.18
_PITCHES = 12
_LETTERS_PER_SECOND = 15
_PAUSE = re.compile(r"<#(\d{1,2}(?:\.\d{1,2})?)#>")


def speaking_seconds(text: str, speed: float = 1) -> float:
    """How long a text takes: by its letters, and by the pauses (`<#1.5#>`) written into it."""
    pauses = sum(float(pause) for pause in _PAUSE.findall(text))
    letters = len(_PAUSE.sub("", text))
    return max(1.0, round(letters / _LETTERS_PER_SECOND / speed + pauses, 2))


def spoken_words(text: str) -> list[str]:
    return _PAUSE.sub(" ", text).split()


def voice(seed: str, seconds: float) -> array[int]:
    """16-bit mono samples at `RATE`, of exactly this length."""
    wanted = round(seconds * RATE)
    samples = array("h")
    number = 0
    while len(samples) < wanted:
        drawn = int(seeded.digest(seed, number), 16)
        for _ in range(32):
            samples += _syllable(drawn % (_PITCHES + 1))
            drawn //= _PITCHES + 1
        number += 1
    return samples[:wanted]


@lru_cache(maxsize=_PITCHES + 1)
def _syllable(pitch: int) -> array[int]:
    """The last one is silence, between words."""
    length = round(_SYLLABLE * RATE)
    if pitch == _PITCHES:
        return array("h", bytes(2 * length))
    step = math.tau * 110 * 2 ** (pitch / 12) / RATE
    return array(
        "h",
        (
            round(
                9000
                * math.sin(math.pi * n / length)
                * (math.sin(step * n) + math.sin(2 * step * n) / 2 + math.sin(3 * step * n) / 4)
            )
            for n in range(length)
        ),
    )


def wav(samples: array[int]) -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def mp3(samples: array[int]) -> bytes:
    out = BytesIO()
    with av.open(out, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE)
        stream.codec_context.layout = "mono"
        for frame in _frames(samples, RATE):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


class Track:
    """A film's sound: tones by seed, or what is heard in a file."""

    def __init__(self, out: OutputContainer, source: Path | str, seconds: float) -> None:
        self._out, self._source, self._seconds = out, source, seconds
        self._stream = out.add_stream("aac", rate=_TRACK_RATE)
        self._stream.codec_context.layout = "mono"
        self._stream.codec_context.thread_count = 1

    def write(self) -> None:
        frames = (
            _heard(self._source, self._seconds)
            if isinstance(self._source, Path)
            else _frames(voice(self._source, self._seconds), RATE)
        )
        resampler = av.AudioResampler("fltp", "mono", _TRACK_RATE)
        for frame in frames:
            for part in resampler.resample(frame):
                self._out.mux(self._stream.encode(part))
        for part in resampler.resample(None):
            self._out.mux(self._stream.encode(part))
        self._out.mux(self._stream.encode())


def _heard(path: Path, seconds: float) -> Iterator[av.AudioFrame]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for frame in container.decode(stream):
            if frame.time is not None and frame.time > seconds:
                return
            frame.pts = None
            yield frame


def _frames(samples: array[int], rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), rate):
        part = samples[start : start + rate]
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(part))
        frame.sample_rate = rate
        # The plane may be longer than the samples: the rest is the encoder's padding.
        plane = frame.planes[0]
        plane.update(part.tobytes().ljust(plane.buffer_size, b"\0"))
        frame.pts, frame.time_base = start, Fraction(1, rate)
        yield frame
