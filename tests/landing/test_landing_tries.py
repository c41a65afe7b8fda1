"""A download is tried again for whatever another try may mend, and nothing half is ever left."""

from dataclasses import replace

import pytest

from globalaiopc.errors import JobFailed, PollFailed, TaskGone
from tasks.landing import (
    BadMedia,
    LandingFailed,
    LandingRules,
    MediaGone,
    MediaRefused,
    land_media,
)
from tests.landing.makers import mp4, padded, picture
from tests.landing.media_host import Answer
from tests.landing.test_land_media import LONG_VIDEO, MIB, STREAMED, Bucket, sha

VIDEO = mp4()
IMAGE = picture()
GOOD = Answer(VIDEO)


@pytest.fixture
def bucket(s3, store):
    return Bucket(s3, store)


@pytest.fixture
def land(store, http, clock):
    async def call(url, kind="video", refresh=None, rules=STREAMED):
        return await land_media(
            store=store,
            key_stem="b/one/it",
            media_url=url,
            kind=kind,
            http=http,
            refresh=refresh,
            metadata={},
            rules=rules,
            clock=clock,
        )

    return call


def refresher(*urls):
    """Answers these in turn, the last for ever; `.calls` counts. An exception is raised."""

    async def refresh():
        answer = urls[min(refresh.calls, len(urls) - 1)]
        refresh.calls += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    refresh.calls = 0
    return refresh


def damaged(data):
    """The same length, with a kilobyte in the middle of the frames overwritten."""
    start = data.index(b"mdat")
    middle = start + (len(data) - start) // 2
    return data[:middle] + b"\x5a" * 1024 + data[middle + 1024 :]


BROKEN = {
    "cut at 10 %": Answer(VIDEO, sent=len(VIDEO) // 10),
    "cut at 50 %": Answer(VIDEO, sent=len(VIDEO) // 2),
    "cut at 99 %": Answer(VIDEO, sent=len(VIDEO) * 99 // 100),
    "reset at 50 %": Answer(VIDEO, sent=len(VIDEO) // 2, reset=True),
    "no answer": Answer(silent=True),
    "short, and so declared": Answer(VIDEO[: len(VIDEO) * 99 // 100]),
    "one byte short, and so declared": Answer(VIDEO[:-1]),
    "short, nothing declared": Answer(VIDEO, sent=len(VIDEO) // 2, length_stated=False),
    "longer than declared": Answer(VIDEO, declared=len(VIDEO) - 100),
    "shorter than declared": Answer(VIDEO, declared=len(VIDEO) + 100),
    "bytes after the end": Answer(VIDEO + b"and more"),
    "zero bytes": Answer(b""),
    "HTML": Answer(b"<!DOCTYPE html><html>Please wait</html>"),
    "JSON": Answer(b'{"code": 500}'),
    "an image instead": Answer(IMAGE),
    "only a header": Answer(VIDEO[:16]),
    "damaged inside": Answer(damaged(VIDEO)),
    "no frames": Answer(VIDEO[: VIDEO.index(b"mdat") - 4]),
    "compressed": Answer(VIDEO, headers={"Content-Encoding": "gzip"}),
    "not ready": Answer(status=202),
    "500": Answer(status=500),
    "503": Answer(status=503),
    "429": Answer(status=429, headers={"Retry-After": "7"}),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_tried_again(land, host, bucket, clock, name):
    landed = await land(host.url("/v", BROKEN[name], GOOD))
    assert landed.sha256 == sha(VIDEO)
    assert bucket.keys() == ["b/one/it.mp4"]
    assert len(host.asked) == 2
    assert len(clock.slept) == 1


@pytest.mark.parametrize("name", BROKEN)
async def test_nothing_is_published_of_what_stays_broken(land, host, bucket, clock, name):
    with pytest.raises(LandingFailed) as caught:
        await land(host.url("/v", BROKEN[name]))
    assert (caught.value.charged, caught.value.retry_is_free) == ("yes", True)
    assert "127.0.0.1" in caught.value.message
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert bucket.keys() == bucket.unfinished() == []
    assert len(host.asked) == 5


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("reset", [True, False])
async def test_a_streamed_video_that_breaks_starts_again(land, host, bucket, part, reset):
    data = padded(VIDEO, LONG_VIDEO)
    broken = Answer(data, sent=int(len(data) * part), reset=reset)
    landed = await land(host.url("/v", broken, broken, Answer(data)))
    assert landed.sha256 == sha(data)
    assert bucket.unfinished() == []


@pytest.mark.parametrize("faststart", [True, False])
async def test_a_streamed_video_cut_to_a_matching_length(land, host, bucket, faststart):
    whole = padded(mp4(faststart=faststart), LONG_VIDEO)
    with pytest.raises(BadMedia, match="ends 1 bytes before its free box"):
        await land(host.url("/v", Answer(whole[:-1])), rules=replace(STREAMED, tries=2))
    assert bucket.keys() == bucket.unfinished() == []


async def test_a_streamed_video_whose_frames_are_missing(land, host, bucket):
    """Cut between two boxes, where sizes add up: the index still names the frames."""
    start = VIDEO.index(b"mdat") - 4
    hollow = VIDEO[:start] + b"\0\0\0\x08mdat"
    with pytest.raises(BadMedia):
        await land(host.url("/v", Answer(padded(hollow, LONG_VIDEO)[: start + 8])))
    assert bucket.keys() == []


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
async def test_a_cut_image(land, host, bucket, form, share):
    data = picture(form)
    with pytest.raises(BadMedia, match="the image"):
        await land(host.url("/i", Answer(data[: int(len(data) * share)])), kind="image")
    assert bucket.keys() == []


async def test_an_image_that_is_too_long_to_check(land, host, bucket):
    with pytest.raises(BadMedia, match="longer than"):
        await land(host.url("/i", Answer(IMAGE + bytes(6 * MIB))), kind="image")
    assert bucket.keys() == bucket.unfinished() == []


async def test_waits_grow_are_jittered_and_bounded(land, host, clock):
    rules = LandingRules(tries=7, first_wait=1.0, longest_wait=8.0)
    with pytest.raises(LandingFailed):
        await land(host.url("/v", Answer(status=500)), rules=rules)
    most = [1, 2, 4, 8, 8, 8]
    assert len(clock.slept) == len(most)
    assert all(top / 2 <= slept <= top for slept, top in zip(clock.slept, most, strict=True))


@pytest.mark.parametrize(
    ("value", "slept"),
    [("7", 7.0), ("Fri, 02 Jan 2026 03:04:50 GMT", 45.0), ("soon", None), ("-3", None)],
)
async def test_retry_after_is_honoured(land, host, clock, value, slept):
    busy = Answer(status=429, headers={"Retry-After": value})
    await land(host.url("/v", busy, GOOD))
    assert clock.slept == [slept] if slept else 0.5 <= clock.slept[0] <= 1.0


async def test_a_retry_after_of_an_hour_is_left_to_the_next_run(land, host, clock):
    with pytest.raises(LandingFailed) as caught:
        await land(host.url("/v", Answer(status=429, headers={"Retry-After": "3600"})))
    assert caught.value.retry_after == 3600
    assert clock.slept == []
    assert len(host.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refused_url_is_replaced_by_a_fresh_one_at_once(land, host, clock, status):
    refresh = refresher(host.url("/fresh", GOOD))
    landed = await land(host.url("/old", Answer(status=status)), refresh=refresh)
    assert landed.sha256 == sha(VIDEO)
    assert host.paths() == ["/old", "/fresh"]
    assert (refresh.calls, clock.slept) == (1, [])


async def test_the_same_url_may_come_alive_but_not_for_ever(land, host, clock):
    url = host.url("/v", Answer(status=404), Answer(status=404), GOOD)
    assert (await land(url, refresh=refresher(url))).sha256 == sha(VIDEO)
    assert len(clock.slept) == 2
    host.asked.clear()
    dead = host.url("/v", Answer(status=403))
    with pytest.raises(MediaGone, match="403 Forbidden") as caught:
        await land(dead, refresh=refresher(dead))
    assert len(host.asked) == 3
    assert (caught.value.charged, caught.value.retry_is_free) == ("yes", False)


async def test_without_a_refresh_a_refused_url_is_gone(land, host):
    with pytest.raises(MediaGone):
        await land(host.url("/v", Answer(status=410)))
    assert len(host.asked) == 1


async def test_every_fresh_url_is_dead(land, host):
    urls = [host.url(f"/{n}", Answer(status=403)) for n in range(9)]
    with pytest.raises(MediaGone):
        await land(urls[0], refresh=refresher(*urls[1:]))
    assert len(host.asked) == 5


async def test_when_the_provider_forgot_the_job_the_media_is_gone(land, host):
    refresh = refresher(TaskGone("The provider does not know the job."))
    with pytest.raises(MediaGone):
        await land(host.url("/v", Answer(status=404)), refresh=refresh)
    assert refresh.calls == 1


async def test_a_failed_look_is_no_reason_to_give_up(land, host):
    refresh = refresher(PollFailed("No answer."), host.url("/fresh", GOOD))
    landed = await land(host.url("/v", Answer(status=403)), refresh=refresh)
    assert landed.sha256 == sha(VIDEO)


async def test_no_fresh_url_means_the_old_one(land, host, clock):
    url = host.url("/v", Answer(status=404), GOOD)
    assert (await land(url, refresh=refresher(""))).sha256 == sha(VIDEO)
    assert len(clock.slept) == 1


async def test_what_else_the_refresh_raises_is_passed_on(land, host):
    with pytest.raises(JobFailed):
        await land(host.url("/v", Answer(status=403)), refresh=refresher(JobFailed("No.")))


async def test_redirects_are_followed_three_times(land, host, bucket):
    def hop(to):
        return Answer(status=302, headers={"Location": to})

    host.url("/3", GOOD)
    host.url("/2", hop(host.url("/3", host="localhost")))
    host.url("/1", hop("2/../2?x=1"))
    assert (await land(host.url("/0", hop("/1")))).sha256 == sha(VIDEO)
    assert host.paths() == ["/0", "/1", "/2", "/3"]
    with pytest.raises(LandingFailed, match="redirects more than 3 times"):
        await land(host.url("/again", hop("/0")))


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/",
        "https://10.0.0.1/x.mp4",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "http://example.com/x.mp4",
        "https://user:secret@example.com/x.mp4",
        "https://[::1]/x",
        "http://[",
    ],
)
async def test_a_redirect_to_where_we_do_not_go(land, host, bucket, target):
    hop = Answer(status=302, headers={"Location": target})
    with pytest.raises(MediaRefused) as caught:
        await land(host.url("/v", hop))
    assert "secret" not in str(caught.value)
    assert "latest" not in str(caught.value)
    assert len(host.asked) == 1
    assert bucket.keys() == []


@pytest.mark.parametrize("target", ["http://[::1", "https://a:b:c/", "", "/v"])
async def test_a_redirect_to_nowhere(land, host, bucket, target):
    with pytest.raises(LandingFailed):
        await land(host.url("/v", Answer(status=302, headers={"Location": target})))
    assert set(host.paths()) == {"/v"}
    assert bucket.keys() == []
