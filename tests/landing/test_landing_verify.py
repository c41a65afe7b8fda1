import io
import random
import struct
import zlib
from contextlib import suppress
from itertools import pairwise

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.landing.boxes import BoxWalk, Patchwork
from tasks.landing.errors import NotMediaError
from tasks.landing.verify import (
    JPEG,
    MP3,
    MP4,
    PNG,
    QUICKTIME,
    WAV,
    WEBP,
    Facts,
    check_image,
    check_video,
    sniff,
)
from tests.landing.makers import box, boxes, mp4, noise, padded, picture


def checked(video, *, whole=True):
    return check_video(Patchwork.of_parts([video]), len(video), whole=whole)


def walked(*chunks):
    walk = BoxWalk()
    for chunk in chunks:
        walk.feed(chunk)
    walk.finish()
    return walk


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (picture("PNG")[:16], PNG),
        (picture("JPEG")[:16], JPEG),
        (picture("WEBP")[:16], WEBP),
        (mp4()[:16], MP4),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", QUICKTIME),
        (b"\0\0\0\x08wide\0\0\0\0mdat", QUICKTIME),
        (b"RIFF\x24\0\0\0WAVEfmt ", WAV),
        (b"ID3\x04\0\0\0\0\0\0", MP3),
        (b"\xff\xfb\x90\x64", MP3),
    ],
)
def test_types_are_told_by_their_first_bytes(head, media_type):
    assert sniff(head) is media_type


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"\n <html>", "HTML"),
        (b"\xef\xbb\xbf<!doctype html>", "HTML"),
        (b'{"code": 1}', "JSON"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"\x1aE\xdf\xa3", "WebM"),
        (b"GIF89a", "GIF"),
        (b"#EXTM3U\nhttp://169.254.169.254/", "no known media type"),
        (b"\x89PNG", "no known media type"),
        (b"\0" * 16, "no known media type"),
        (b"", "no known media type"),
    ],
)
def test_what_is_no_media_is_named(head, told):
    with pytest.raises(NotMediaError, match=told):
        sniff(head)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_type_or_refused(head):
    with suppress(NotMediaError):
        sniff(head)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_whole_images_pass(form):
    assert check_image(io.BytesIO(picture(form))) == Facts(320, 180)


def test_every_flipped_bit_of_a_png_is_found():
    data = picture("PNG", 32, 32)
    for at in range(len(data) - 12):  # the last chunk is empty
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(NotMediaError):
            check_image(io.BytesIO(broken))


def test_an_image_is_refused_by_its_header_before_memory_is_spent():
    for width, height in ((8_001, 8_000), (10_000, 10_000), (60_000, 60_000)):
        header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        bomb = picture()[:8] + struct.pack(">I", 13) + header
        bomb += struct.pack(">I", zlib.crc32(header)) + picture()[33:]
        with pytest.raises(NotMediaError, match="more than 64,000,000 pixels"):
            check_image(io.BytesIO(bomb))


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_whole_videos_pass(faststart, whole):
    seen = checked(mp4(faststart=faststart), whole=whole)
    assert seen.facts == Facts(320, 180, 2.0)
    assert seen.frame is not None


def test_a_truncated_faststart_video_still_opens_and_is_refused():
    """The trap: its header says 2 seconds and 48 frames, whatever is left of them."""
    cut = mp4()[:-2000]
    with av.open(io.BytesIO(cut)) as container:
        assert container.duration == 2_000_000
    with pytest.raises(NotMediaError, match="beyond the end"):
        checked(cut)
    with pytest.raises(NotMediaError, match="ends 2000 bytes before its mdat box"):
        walked(cut)


def test_frames_that_the_index_names_and_the_file_lacks_are_missed():
    data = mp4()
    with pytest.raises(NotMediaError, match="beyond the end"):
        checked(data[: data.index(b"mdat") + 100], whole=False)


def test_a_missing_frame_is_counted(monkeypatch):
    monkeypatch.setattr("tasks.landing.verify.DECODE_PIXELS", 0)
    data = mp4()
    assert checked(data).frame is None
    # stsz: version, flags, one size for all (0), count, then the sizes
    at = data.index(b"stsz") + 4 + 8
    frames = int.from_bytes(data[at : at + 4], "big")
    assert frames == 48
    last = at + 4 + 4 * (frames - 1)
    with pytest.raises(NotMediaError, match="47 of its 48 frames"):
        checked(data[:last] + bytes(4) + data[last + 4 :])


def test_most_single_flipped_bits_of_a_video_are_found():
    data, dice = mp4(), random.Random(7)
    start = data.index(b"mdat") + 4
    found = 0
    for _ in range(24):
        at = dice.randrange(start, len(data))
        try:
            checked(data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :])
        except NotMediaError:
            found += 1
    assert found >= 18


def test_sound_alone_is_no_video():
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(NotMediaError, match="no video in it"):
        checked(out.getvalue())


@pytest.mark.parametrize("faststart", [True, False])
def test_the_box_walk_finds_every_cut(faststart):
    data = mp4(faststart=faststart)
    walked(data)
    starts = {start for _, start, _ in boxes(data)}
    dice = random.Random(3)
    for cut in starts | {start + 5 for start in starts} | set(dice.sample(range(len(data)), 200)):
        with pytest.raises(NotMediaError):
            walked(data[:cut])


@settings(max_examples=50)
@given(st.lists(st.integers(0, 60_000), max_size=8), st.booleans())
def test_the_box_walk_does_not_care_how_bytes_are_cut(cuts, faststart):
    data = mp4(faststart=faststart)
    edges = [0, *sorted(cuts), len(data)]
    walk = walked(*(data[a:b] for a, b in pairwise(edges)))
    (start, size) = next((start, size) for kind, start, size in boxes(data) if kind == b"moov")
    assert walk.moov == (start, data[start : start + size])
    assert walk.size == len(data)


def test_boxes_of_64_bit_sizes_and_to_the_end():
    moov = box(b"moov", b"x" * 20)
    long_mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + 30) + bytes(30)
    open_mdat = struct.pack(">I4s", 0, b"mdat") + bytes(30)
    walked(moov, long_mdat)
    walked(moov, open_mdat)
    for cut in range(1, len(long_mdat)):
        with pytest.raises(NotMediaError):
            walked(moov, long_mdat[:cut])


def test_a_file_of_nothing_but_boxes_does_not_hold_up_the_process():
    with pytest.raises(NotMediaError, match="more than 100,000 boxes"):
        walked(mp4(), box(b"free", b"") * 1_000_000)


@given(st.binary(max_size=200))
def test_the_box_walk_survives_any_bytes(data):
    with suppress(NotMediaError):
        walked(data)


@pytest.mark.parametrize(
    "junk", [b"junk", b"\0\0\0\x04free", b"\0\0\0\x20\x01\x02\x03\x04more-and-more"]
)
def test_bytes_after_the_last_box(junk):
    with pytest.raises(NotMediaError):
        walked(mp4(), junk)


def test_a_patchwork_reads_as_the_file_it_stands_for():
    data = random.Random(1).randbytes(1000)
    file = io.BufferedReader(Patchwork.of_parts([data[:300], data[300:301], data[301:]]), 16)
    assert file.read() == data
    file.seek(-10, io.SEEK_END)
    assert file.read(50) == data[-10:]
    file.seek(290)
    assert file.read(20) == data[290:310]
    sparse = io.BufferedReader(Patchwork.of_head(1000, data[:100], (600, data[600:700])))
    assert sparse.read() == data[:100] + bytes(500) + data[600:700] + bytes(300)
    overlapping = io.BufferedReader(Patchwork.of_head(1000, data[:100], (50, data[50:150])))
    assert overlapping.read() == data[:150] + bytes(850)
    inside = io.BufferedReader(Patchwork.of_head(1000, data[:100], (20, data[20:40])))
    assert inside.read() == data[:100] + bytes(900)


def test_the_pictures_are_what_they_should_be():
    """The makers' own check: noise of the stated size, in a video that starts with it."""
    assert Image.open(io.BytesIO(picture())).size == noise().size
    assert len(padded(mp4(), 200_000)) == 200_000
