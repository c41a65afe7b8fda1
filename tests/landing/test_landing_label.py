"""Labels in landed files: read by others' readers, not one pixel changed, and never in the way."""

import hashlib
import io
import random
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from xml.etree import ElementTree as Xml

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.landing import LandingRules, already_landed, land_media, marking
from tasks.landing.boxes import BoxWalk
from tasks.landing.label import PROMPT_CAP, SOFTWARE, Label
from tasks.landing.marking import XMP_BOX, XMP_KEYWORD, XMP_SEGMENT, Marking
from tasks.landing.verify import MP4, QUICKTIME
from tests.landing.makers import box, boxes, mp4, padded, picture
from tests.landing.media_host import Answer

MIB = 1024 * 1024
STREAMED = LandingRules(part_bytes=5 * MIB, hold_bytes=5 * MIB)
HELD = LandingRules(part_bytes=5 * MIB)
MADE = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
LABEL = Label(
    prompt='灯塔 at dawn & <b>"fog"</b>\r\nsecond line',
    model="nano-banana-2",
    task_id="image_1f6b0c",
    job="daily/fox/image",
    batch_id="daily",
    brief_id="fox",
    made=MADE,
)
NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "job": "urn:globalaiopc-pipelines:job:1.0/",
}


def said(packet: bytes) -> dict[str, str | None]:
    """What a reader of XMP finds."""
    (description,) = Xml.fromstring(packet.decode()).iter(f"{{{NAMES['rdf']}}}Description")
    paths = {
        "description": "dc:description/rdf:Alt/rdf:li",
        "creator": "dc:creator/rdf:Seq/rdf:li",
        "tool": "xmp:CreatorTool",
        "date": "xmp:CreateDate",
        "type": "ext:DigitalSourceType",
        "model": "ext:AISystemUsed",
        "prompt": "ext:AIPromptInformation",
        "job": "job:Id",
        "brief": "job:Brief",
        "batch": "job:Batch",
    }
    return {name: description.findtext(path, None, NAMES) for name, path in paths.items()}


EXPECTED = {
    "description": LABEL.prompt,
    "creator": "nano-banana-2",
    "tool": SOFTWARE,
    "date": "2026-01-02T03:04:05Z",
    "type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "model": "nano-banana-2",
    "prompt": LABEL.prompt,
    "job": "image_1f6b0c",
    "brief": "fox",
    "batch": "daily",
}


async def _cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def parts(data: bytes, size: int = 8 * MIB, label: Label | None = LABEL) -> list[bytes]:
    one = Marking(label, size)
    found = [part async for part in one.parts(_cut(data, size))]
    changed = b"".join(found) != data
    assert one.source_sha256 == (hashlib.sha256(data).hexdigest() if changed else None)
    return found


async def marked(data: bytes) -> bytes:
    return b"".join(await parts(data))


def tail(data: bytes, kind=MP4) -> bytes:
    walk = BoxWalk()
    walk.feed(data)
    return Marking(LABEL, 8 * MIB).tail(kind, walk)


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).tobytes()


def frames(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data)) as film:
        return [bytes(plane) for frame in film.decode(video=0) for plane in frame.planes]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        body = data[at + 4 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(body)
        found.append((body[:4], body[4:]))
        at += length + 12
    return found


def test_a_label_is_xmp_that_others_read():
    assert said(LABEL.xmp()) == EXPECTED
    assert LABEL.xmp() == LABEL.xmp()
    bare = Label("", "m", "t", "b/x/image", "b", "x", None)
    assert {name for name, text in said(bare.xmp()).items() if text is None} == {
        "description",
        "prompt",
        "date",
    }


@given(st.text(max_size=400), st.sampled_from([1, 30]))
@settings(max_examples=60, deadline=None)
def test_any_prompt_makes_a_label_that_fits_everywhere(prompt: str, times: int):
    label = Label(prompt * times * 20, *["]]>&\x00"] * 5, MADE)
    assert said(label.xmp())["description"] == (label.text or None)
    assert len(label.text) <= PROMPT_CAP
    assert len(XMP_SEGMENT + label.xmp()) < 2**16 - 2


async def test_a_png_says_what_it_is_right_behind_its_header():
    data = picture()
    found = await marked(data)
    assert pixels(found) == pixels(data)
    kinds = [kind for kind, _ in png_chunks(found)]
    assert kinds[:4] == [b"IHDR", b"iTXt", b"iTXt", b"tEXt"]
    assert kinds[4:] == [kind for kind, _ in png_chunks(data)][1:]
    packet = png_chunks(found)[1][1].removeprefix(XMP_KEYWORD + bytes(5))
    assert said(packet) == EXPECTED
    texts = Image.open(io.BytesIO(found)).text
    assert (texts["Description"], texts["Software"]) == (LABEL.prompt, SOFTWARE)


@pytest.mark.parametrize("how", [{}, {"exif": True}, {"progressive": True}])
async def test_a_jpeg_has_it_behind_what_has_to_be_first(how: dict[str, bool]):
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    options = {"exif": exif} if how.pop("exif", False) else how
    Image.open(io.BytesIO(picture())).save(out, "JPEG", **options)
    found = await marked(out.getvalue())
    assert pixels(found) == pixels(out.getvalue())
    read = Image.open(io.BytesIO(found))
    assert said(read.info["xmp"]) == EXPECTED
    assert read.getexif().get(0x0112) == (6 if "exif" in options else None)
    assert found[2:4] == b"\xff\xe0"


@pytest.mark.parametrize("faststart", [True, False])
def test_a_video_has_it_behind_all_else(faststart: bool):
    data = mp4(faststart=faststart)
    found = data + tail(data)
    assert boxes(found)[:-1] == boxes(data)
    kind, start, size = boxes(found)[-1]
    assert (kind, found[start + 8 : start + 24], start + size) == (b"uuid", XMP_BOX, len(found))
    assert said(found[start + 24 :]) == EXPECTED
    assert frames(found) == frames(data)


@cache
def _pictures() -> dict[str, bytes]:
    return {kind: picture(kind, 64, 48) for kind in ("PNG", "JPEG")}


@given(kind=st.sampled_from(["PNG", "JPEG"]), data=st.data())
@settings(max_examples=80, deadline=None)
async def test_wherever_the_parts_are_cut_the_same_bytes_come(kind: str, data: st.DataObject):
    source = _pictures()[kind]
    whole = await marked(source)
    least = len(whole) - len(source) + 700
    size = data.draw(st.integers(least, len(whole) + 1))
    found = await parts(source, size)
    assert b"".join(found) == whole
    # Some stores insist that all parts but the last are of one size.
    assert {len(part) for part in found[:-1]} <= {size}
    assert 0 < len(found[-1]) <= size


def _with_chunk(kind: bytes, data: bytes) -> bytes:
    whole = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return picture()[:33] + whole + picture()[33:]


def _with_segment(marker: bytes, data: bytes) -> bytes:
    return (
        picture("JPEG")[:2] + marker + struct.pack(">H", len(data) + 2) + data + picture("JPEG")[2:]
    )


LEFT_ALONE = {
    "webp": picture("WEBP"),
    "png with xmp": _with_chunk(b"iTXt", XMP_KEYWORD + bytes(5) + b"<x/>"),
    "signed png": _with_chunk(b"caBX", b"jumb"),
    "png without a picture": picture()[:33],
    "png of scraps": picture()[:33] + struct.pack(">I4sI", 0, b"tEXt", 0) * 2000 + picture()[33:],
    "jpeg with xmp": _with_segment(b"\xff\xe1", XMP_SEGMENT + b"<x/>"),
    "signed jpeg": _with_segment(b"\xff\xeb", b"JP\0\0"),
    "jpeg cut in its header": picture("JPEG")[:30],
    "no medium": b"<html>",
    "empty": b"",
}


@pytest.mark.parametrize("data", LEFT_ALONE.values(), ids=LEFT_ALONE)
async def test_what_is_not_plain_is_left_alone(data: bytes):
    assert await marked(data) == data


def test_a_label_is_written_only_behind_a_plain_and_whole_video():
    film = mp4()
    assert tail(film, QUICKTIME) == b""
    for more in (box(b"uuid", bytes(16)), box(b"moof", b""), box(b"mfra", b"")):
        assert tail(film + more) == b""
    assert tail(film[:-1]) == b""
    assert tail(film + b"\0\0\0\0free") == b"", "its last box runs to the end of the file"
    walk = BoxWalk()
    walk.feed(film)
    assert Marking(None, MIB).tail(MP4, walk) == b""


@given(st.binary(max_size=300), st.sampled_from([picture()[:8], picture("JPEG")[:3], b""]))
@settings(max_examples=150, deadline=None)
async def test_rubbish_is_passed_on_as_it_came(rubbish: bytes, start: bytes):
    assert await marked(start + rubbish) == start + rubbish


# Landing, on a real S3.


@pytest.fixture
def land(store, http, clock):
    async def call(url, kind="image", **more):
        return await land_media(
            store=store, key_stem="b/one/it", media_url=url, kind=kind, http=http, refresh=None,
            metadata={}, **{"label": LABEL, "clock": clock, **more},
        )  # fmt: skip

    return call


async def read(store, landed) -> bytes:
    data: bytes = (await store.get(landed.key)).body
    assert (landed.sha256, landed.size) == (hashlib.sha256(data).hexdigest(), len(data))
    return data


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
async def test_an_image_lands_with_its_label(land, host, store, kind):
    data = picture(kind)
    landed = await land(host.url("/i", Answer(data)))
    assert await read(store, landed) == await marked(data)
    assert landed.source_sha256 == hashlib.sha256(data).hexdigest()
    assert await already_landed(store, "b/one/it") == landed
    again = await land(host.url("/i", Answer(data)))
    assert again == landed, "the video's receipt names this hash"


@cache
def _large_png() -> bytes:
    noise = Image.frombytes("RGB", (2000, 2000), random.Random(7).randbytes(12_000_000))
    out = io.BytesIO()
    noise.save(out, "PNG", compress_level=1)
    return out.getvalue()


async def test_an_image_of_several_parts_keeps_them_of_one_size(land, host, store):
    landed = await land(host.url("/i", Answer(_large_png())), rules=HELD)
    data = await read(store, landed)
    assert len(data) > 2 * HELD.part_bytes
    assert data == await marked(_large_png())
    assert pixels(data) == pixels(_large_png())


@pytest.mark.parametrize(
    ("rules", "size", "stated"),
    [
        *((STREAMED, size, True) for size in (5 * MIB + 9, 10 * MIB - 500, 10 * MIB, 12 * MIB)),
        *((STREAMED, size, False) for size in (5 * MIB - 9, 5 * MIB, 10 * MIB - 500)),
        *((HELD, size, True) for size in (5 * MIB - 500, 10 * MIB)),
    ],
)
async def test_a_video_of_any_length_lands_with_its_label(land, host, store, rules, size, stated):
    data = padded(mp4(), size)
    url = host.url("/v", Answer(data, length_stated=stated))
    landed = await land(url, kind="video", rules=rules, poster_key="b/one/poster.jpg")
    assert await read(store, landed) == data + tail(data)
    assert landed.source_sha256 == hashlib.sha256(data).hexdigest()
    assert (landed.width, landed.height, landed.seconds) == (320, 180, 2.0)
    assert await store.head("b/one/poster.jpg") is not None


async def test_a_label_that_spoils_a_file_is_left_out(land, host, store, monkeypatch):
    monkeypatch.setattr(marking, "_png_chunks", lambda _: b"rubbish")
    landed = await land(host.url("/i", Answer(picture())))
    assert await read(store, landed) == picture()
    assert landed.source_sha256 is None
    assert len(host.asked) == 2
