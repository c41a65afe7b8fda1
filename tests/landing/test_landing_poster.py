import hashlib
import io

import pytest
from PIL import Image, ImageChops, ImageStat

from ledger import Landed, StoreError
from tasks.landing import LandingRules, first_frame, land_media, land_poster, poster_of
from tasks.landing.errors import NotMediaError
from tests.landing.makers import mp4, noise, padded
from tests.landing.media_host import Answer

MIB = 1024 * 1024
POSTER = "b/one/poster.jpg"


def shown(number, width=320, height=180):
    """Frame `number` of the makers' video."""
    left = number * 4 % width
    return noise(width * 2, height).crop((left, 0, left + width, height))


def differ(data, image):
    found = Image.open(io.BytesIO(data)).convert("L").resize((80, 45))
    wanted = image.convert("L").resize((80, 45))
    return ImageStat.Stat(ImageChops.difference(found, wanted)).mean[0]


def landed(key, data):
    return Landed(
        key=key,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        content_type="video/mp4",
    )


def test_the_poster_shows_the_video_a_second_in():
    poster = poster_of(mp4())
    assert Image.open(io.BytesIO(poster)).format == "JPEG"
    assert Image.open(io.BytesIO(poster)).size == (320, 180)
    assert differ(poster, shown(24)) < 5
    assert differ(poster, shown(0)) > 10


def test_a_shorter_video_shows_its_first_frame():
    assert differ(poster_of(mp4(seconds=0.5)), shown(0)) < 5


def test_the_first_frame_is_a_png():
    png = first_frame(mp4())
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert differ(png, shown(0)) < 5


@pytest.mark.parametrize("data", [b"", b"<html>", mp4()[:60], mp4()[:3000]])
def test_no_frame_is_told(data):
    with pytest.raises(NotMediaError):
        poster_of(data)


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("hold", [5 * MIB, 64 * MIB])
async def test_a_poster_lands_with_the_video_by_one_download(
    store, http, clock, host, faststart, hold
):
    data = padded(mp4(faststart=faststart), 12 * MIB)
    url = host.url("/v", Answer(data))
    rules = LandingRules(part_bytes=5 * MIB, hold_bytes=hold)
    await land_media(
        store=store, key_stem="b/one/video", media_url=url, kind="video", http=http, refresh=None,
        metadata={}, poster_key=POSTER, rules=rules, clock=clock,
    )  # fmt: skip
    poster = await store.get(POSTER)
    assert differ(poster.body, shown(24)) < 5
    assert (await store.head(POSTER)).content_type == "image/jpeg"
    assert len(host.asked) == 1


async def test_a_poster_that_cannot_be_stored_does_not_fail_the_landing(
    store, http, clock, host, caplog
):
    put = store.put_media

    async def no_posters(key, body, **more):
        if key == POSTER:
            raise StoreError("The bucket is away.")
        return await put(key, body, **more)

    store.put_media = no_posters
    url = host.url("/v", Answer(mp4()))
    found = await land_media(
        store=store, key_stem="b/one/video", media_url=url, kind="video", http=http, refresh=None,
        metadata={}, poster_key=POSTER, clock=clock,
    )  # fmt: skip
    assert found.key == "b/one/video.mp4"
    assert "No poster" in caplog.text


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("size", [None, 20 * MIB])
async def test_a_poster_is_made_from_the_bucket_alone(store, faststart, size):
    video = mp4(faststart=faststart)
    if size:  # the index of the slow-starting one then lies behind 20 MiB
        at = video.index(b"mdat") - 4
        video = padded(video, size) if faststart else moved(video, at, size)
    await store.put("v.mp4", video, content_type="video/mp4")
    reads = []
    get_range = store.get_range

    async def counted(key, start, length):
        reads.append(length)
        return await get_range(key, start, length)

    store.get_range = counted
    assert await land_poster(store=store, video=landed("v.mp4", video), poster_key=POSTER)
    assert differ((await store.get(POSTER)).body, shown(24)) < 5
    assert sum(reads) < 9 * MIB


def moved(video, at, size):
    """The frames stay where they are; a box of nothing pushes the index to the end."""
    frames_end = at + int.from_bytes(video[at : at + 4], "big")
    return padded(video[:frames_end], size - (len(video) - frames_end)) + video[frames_end:]


@pytest.mark.parametrize("data", [b"<html>not a video</html>", mp4()[:60], b"x"])
async def test_a_poster_that_cannot_be_made_is_only_logged(store, caplog, data):
    await store.put("v.mp4", data, content_type="video/mp4")
    assert not await land_poster(store=store, video=landed("v.mp4", data), poster_key=POSTER)
    assert not await land_poster(store=store, video=landed("no.mp4", b"none"), poster_key=POSTER)
    assert caplog.text.count("No poster") == 2
    assert await store.head(POSTER) is None
