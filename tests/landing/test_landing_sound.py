"""Sounds: told by their bytes, decoded to their end, landed like every other medium."""

import struct

import pytest

from tasks.landing import BadMedia, LandingRules, already_landed, land_media
from tasks.landing.boxes import Patchwork
from tasks.landing.errors import NotMediaError
from tasks.landing.sound import check_sound
from tasks.landing.verify import AAC, M4A, MP3, OGG, WAV, sniff
from tests.landing.makers import mp4, picture, sound
from tests.landing.media_host import Answer

TYPES = {"wav": WAV, "mp3": MP3, "m4a": M4A, "aac": AAC, "ogg": OGG}


def seconds(data: bytes, *, whole: bool = True) -> float | None:
    return check_sound(Patchwork.of_parts([data]), sniff(data), len(data), whole=whole).seconds


@pytest.mark.parametrize("kind", TYPES)
def test_each_kind_is_told_and_measured(kind):
    assert sniff(sound(kind)[:16]) is TYPES[kind]
    assert seconds(sound(kind)) == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "aac"])
def test_a_sound_that_was_cut_is_refused(kind):
    data = sound(kind)
    with pytest.raises(NotMediaError):
        seconds(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("kind", ["mp3", "m4a", "aac", "ogg"])
def test_a_sound_that_is_damaged_is_refused(kind):
    data = bytearray(sound(kind))
    middle = len(data) // 2
    data[middle : middle + 2048] = bytes(byte ^ 0x5A for byte in data[middle : middle + 2048])
    with pytest.raises(NotMediaError):
        seconds(bytes(data))


@pytest.mark.parametrize("stated", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_does_not_know_its_length(stated):
    data = bytearray(sound("wav"))
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", stated)
    if stated:  # nothing at all is what a reader makes of none
        assert seconds(bytes(data)) == pytest.approx(3.0, abs=0.1)
    assert seconds(bytes(data), whole=False) is None


def test_a_long_wav_is_measured_by_its_header():
    data = sound("wav")
    cut = Patchwork.of_parts([data[:4096]])
    assert check_sound(cut, WAV, len(data), whole=False).seconds == pytest.approx(3.0, abs=0.1)
    with pytest.raises(NotMediaError, match="bytes are there"):
        check_sound(cut, WAV, len(data) - 1, whole=False)


@pytest.mark.parametrize(
    "data", [b"RIFF\x04\0\0\0WAVE", sound("wav")[:44], sound("mp3")[:300], b"ID3" + bytes(500)]
)
def test_a_file_without_sound_is_refused(data):
    with pytest.raises(NotMediaError):
        seconds(data)


@pytest.fixture
def land(store, http, clock):
    async def call(url, kind="audio", **more):
        return await land_media(
            store=store,
            key_stem="b/one/speech",
            media_url=url,
            kind=kind,
            http=http,
            refresh=None,
            metadata={"task-id": "t-1"},
            clock=clock,
            **more,
        )

    return call


@pytest.mark.parametrize("kind", TYPES)
async def test_a_sound_lands_under_its_true_type(land, host, store, kind):
    data = sound(kind)
    landed = await land(host.url("/a.bin", Answer(data)))
    assert landed.key == f"b/one/speech.{kind}"
    assert (landed.width, landed.height) == (None, None)
    assert landed.seconds == pytest.approx(3.0, abs=0.1)
    assert (await store.get(landed.key)).body == data
    assert await already_landed(store, "b/one/speech", task_id="t-1") == landed


async def test_a_long_sound_streams_in_parts(land, host, store):
    data = sound("wav", seconds=60.0)
    small = LandingRules(part_bytes=5 * 1024 * 1024, hold_bytes=5 * 1024 * 1024)
    landed = await land(host.url("/a", Answer(data)), rules=small)
    assert (landed.size, landed.seconds) == (len(data), 60.0)
    assert await already_landed(store, "b/one/speech", rules=small) == landed


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("audio", mp4()),
        ("audio", picture()),
        ("audio", b"<html>not found</html>"),
        ("audio", sound("wav")[:-2000]),
        ("video", sound("m4a")),
        ("image", sound("mp3")),
    ],
)
async def test_what_is_no_whole_file_of_its_kind_does_not_land(land, host, store, kind, data):
    with pytest.raises(BadMedia):
        await land(host.url("/a", Answer(data)), kind=kind)
    assert [key async for key in store.iter_keys("")] == []
