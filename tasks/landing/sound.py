"""Whether a sound file is what it says it is, and all of it; by the bytes alone, as in `verify`."""

import io
import struct
from typing import BinaryIO, cast

import av
from av.container import InputContainer

from tasks.landing.errors import NotMediaError
from tasks.landing.verify import AAC, M4A, MICROSECONDS, MP3, OGG, WAV, Facts, MediaType

# The format is forced, so a playlist can never be followed.
FORMATS = {WAV: "wav", MP3: "mp3", M4A: "mov", AAC: "aac", OGG: "ogg"}
SLACK_SECONDS = 0.25
"""Encoders add a frame or two of silence in front, which some files count and some do not."""

ID3_HEADER = 10
FRAME_COUNT = (b"Xing", b"Info")
LOOKED_AT = 4096
RIFF_HEADER = 12
CHUNK_HEADER = 8
NOT_STATED = 0x7FFFFF00
"""A WAV that was written as a stream says that it is 0 bytes long, or about 2 or 4 GiB."""


def check_sound(file: io.RawIOBase, media_type: MediaType, size: int, *, whole: bool) -> Facts:
    """Check a sound file of `size` bytes. NotMediaError when it is not whole.

    `whole`: all bytes can be read, so all of it is decoded, and its length counted against what the
    file states. An MP3 without a frame count, an AAC stream and an OGG state none in front: cut
    between two frames they are whole files. Otherwise `file` holds the beginning, and only a WAV
    can be measured.
    """
    stated = _wav_seconds(file, size) if media_type is WAV else None
    if not whole:
        return Facts(seconds=stated)
    file.seek(0)
    states_length = media_type in (M4A, OGG) or (media_type is MP3 and _counts_frames(file))
    file.seek(0)
    try:
        with av.open(cast("BinaryIO", file), "r", format=FORMATS[media_type]) as container:
            if states_length and container.duration is not None:
                stated = container.duration / MICROSECONDS
            seconds = _decoded(container)
    except NotMediaError:
        raise
    except Exception as error:  # besides FFmpeg's own errors: a codec it lacks, or broken fields
        raise NotMediaError("the sound does not decode to its end") from error
    if not seconds:
        raise NotMediaError("there is no sound in the file")
    if stated is not None and seconds < stated - SLACK_SECONDS:
        raise NotMediaError(f"only {seconds:.1f} of the sound's {stated:.1f} s are there")
    return Facts(seconds=round(seconds, 3))


def _decoded(container: InputContainer) -> float:
    if not container.streams.audio:
        raise NotMediaError("the file has no sound in it")
    stream = container.streams.audio[0]
    stream.codec_context.thread_count = 1
    seconds = 0.0
    for frame in container.decode(stream):
        seconds += frame.samples / frame.sample_rate
    return seconds


def _counts_frames(file: io.RawIOBase) -> bool:
    """Whether an MP3 begins with a frame that says how many there are."""
    tag = _read(file, ID3_HEADER)
    start = 0
    if tag.startswith(b"ID3") and len(tag) == ID3_HEADER:
        start = ID3_HEADER  # and the tag's length, in four times 7 bits
        start += sum((byte & 0x7F) << 7 * place for place, byte in enumerate(tag[:5:-1]))
    file.seek(start)
    head = _read(file, LOOKED_AT)
    return any(word in head for word in FRAME_COUNT)


def _wav_seconds(file: io.RawIOBase, size: int) -> float | None:
    """The length that a WAV states. NotMediaError when fewer bytes are there than it states."""
    at, rate = RIFF_HEADER, 0
    while at + CHUNK_HEADER <= size:
        file.seek(at)
        header = _read(file, CHUNK_HEADER)
        if len(header) < CHUNK_HEADER:
            break
        kind, length = struct.unpack("<4sI", header)
        if kind == b"fmt ":
            rate = int.from_bytes(_read(file, 12)[8:12], "little")
        if kind == b"data":
            if length == 0 or length >= NOT_STATED:
                return None
            if length > (there := size - at - CHUNK_HEADER):
                raise NotMediaError(f"only {there:,} of the sound's {length:,} bytes are there")
            return length / rate if rate else None
        at += CHUNK_HEADER + length + length % 2
    raise NotMediaError("the WAV file has no sound in it")


def _read(file: io.RawIOBase, size: int) -> bytes:
    """`size` bytes, or fewer at the end: a raw read may stop where a piece of the file does."""
    found = b""
    while len(found) < size and (more := file.read(size - len(found))):
        found += more
    return found
