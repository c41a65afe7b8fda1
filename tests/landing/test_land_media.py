import asyncio
import hashlib
import logging
import time

import httpx
import pytest

from globalaiopc.errors import ConfigurationError
from ledger import StoreError
from tasks.landing import (
    LandingRules,
    NotStored,
    SizeCapPassed,
    TimeCapPassed,
    already_landed,
    land_media,
)
from tests.landing.makers import mp4, padded, picture
from tests.landing.media_host import Answer

MIB = 1024 * 1024
# The smallest parts that S3 takes, and nothing held whole that has more than one.
STREAMED = LandingRules(part_bytes=5 * MIB, hold_bytes=5 * MIB)
LONG_VIDEO = 17 * MIB + 123


class Bucket:
    """What is really there, past every layer of ours."""

    def __init__(self, s3, store):
        self.client, self.bucket, self.store = s3.client(), s3.bucket, store

    def keys(self):
        page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=self.store.full_key(""))
        return [
            entry["Key"].removeprefix(self.store.full_key("")) for entry in page.get("Contents", [])
        ]

    def unfinished(self):
        found = self.client.list_multipart_uploads(Bucket=self.bucket)
        return [u["Key"] for u in found.get("Uploads", []) if self.store.prefix in u["Key"]]

    def read(self, key):
        return self.client.get_object(Bucket=self.bucket, Key=self.store.full_key(key))


@pytest.fixture
def bucket(s3, store):
    return Bucket(s3, store)


@pytest.fixture
def land(store, http, clock):
    """land_media with the usual parts filled in."""

    async def call(url, kind="video", **more):
        given = {"refresh": None, "metadata": {}, "clock": clock, **more}
        return await land_media(
            **{"store": store, "key_stem": "b/one/it", "http": http, **given},
            media_url=url,
            kind=kind,
        )

    return call


def begun(bucket):
    """Wait, in a thread, until the bucket knows of the upload."""
    until = time.monotonic() + 10
    while not bucket.unfinished():
        assert time.monotonic() < until


def sha(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("form", "extension", "content_type"),
    [("PNG", ".png", "image/png"), ("JPEG", ".jpg", "image/jpeg"), ("WEBP", ".webp", "image/webp")],
)
async def test_an_image_lands_under_its_true_type(
    land, host, bucket, form, extension, content_type
):
    data = picture(form)
    lying = Answer(data, headers={"Content-Type": "text/plain"})
    landed = await land(host.url("/a.bmp", lying), kind="image")
    assert landed.key == f"b/one/it{extension}"
    assert (landed.sha256, landed.size, landed.content_type) == (sha(data), len(data), content_type)
    assert (landed.width, landed.height, landed.seconds) == (320, 180, None)
    found = bucket.read(landed.key)
    assert found["Body"].read() == data
    assert found["ContentType"] == content_type
    assert found["Metadata"]["sha256"] == sha(data)


@pytest.mark.parametrize("faststart", [True, False])
async def test_a_video_lands_with_its_size_and_length(land, host, bucket, faststart):
    data = mp4(faststart=faststart)
    landed = await land(host.url("/v", Answer(data)))
    assert (landed.width, landed.height, landed.seconds) == (320, 180, 2.0)
    assert bucket.read("b/one/it.mp4")["Body"].read() == data
    assert bucket.read("b/one/it.mp4")["Metadata"]["seconds"] == "2.0"


@pytest.mark.parametrize(
    ("rules", "length_stated"),
    [
        (STREAMED, True),
        (STREAMED, False),
        (LandingRules(part_bytes=5 * MIB), True),
        (LandingRules(part_bytes=9 * MIB), False),
    ],
    ids=["streamed", "streamed-unstated", "held", "held-unstated"],
)
@pytest.mark.parametrize("faststart", [True, False])
async def test_a_long_video_lands_in_parts(land, host, bucket, rules, length_stated, faststart):
    data = padded(mp4(faststart=faststart), LONG_VIDEO)
    url = host.url("/v", Answer(data, length_stated=length_stated))
    landed = await land(url, rules=rules, poster_key="b/one/poster.jpg")
    found = bucket.read(landed.key)
    assert found["ETag"].strip('"').endswith(f"-{-(-LONG_VIDEO // rules.part_bytes)}")
    assert sha(found["Body"].read()) == landed.sha256 == sha(data)
    assert (landed.width, landed.seconds) == (320, 2.0)
    assert bucket.keys() == ["b/one/it.mp4", "b/one/poster.jpg"]
    assert bucket.unfinished() == []


@pytest.mark.parametrize("size", [5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 10 * MIB + 1])
async def test_sizes_at_the_edges_of_parts(land, host, bucket, size):
    data = padded(mp4(), size)
    landed = await land(host.url("/v", Answer(data)), rules=STREAMED)
    assert landed.size == size
    assert sha(bucket.read(landed.key)["Body"].read()) == sha(data)


async def test_metadata_is_made_fit_for_headers(land, host, bucket):
    given = {
        "Model": "sora 2",
        "topic": "海上的灯塔\nx-evil: 1",
        "sha256": "forged",
        "long": "x" * 5000,
    }
    landed = await land(host.url("/i", Answer(picture())), kind="image", metadata=given)
    found = bucket.read(landed.key)["Metadata"]
    assert found["model"] == "sora 2"
    assert found["topic"].startswith("%E6%B5%B7")
    assert "\n" not in found["topic"]
    assert found["sha256"] == landed.sha256
    assert "long" not in found


async def test_no_credentials_reach_a_media_host(land, host, store, clock):
    jar = Answer(picture(), headers={"Set-Cookie": "session=abc; Path=/"})
    url = host.url("/i", jar)
    await land(url, kind="image")
    await land(url, kind="image")
    assert len(host.asked) == 2
    for asked in host.asked:
        assert {"authorization", "cookie", "proxy-authorization"}.isdisjoint(asked.headers)
    for options in ({"headers": {"Authorization": "Bearer k"}}, {"auth": ("u", "p")}):
        async with httpx.AsyncClient(**options) as keyed:
            with pytest.raises(ConfigurationError):
                await land(url, kind="image", http=keyed)
    assert len(host.asked) == 2


async def test_media_urls_are_not_logged(land, host, caplog):
    caplog.set_level(logging.DEBUG)
    bad = Answer(status=503)
    hop = Answer(status=302, headers={"Location": "/j?Signature=canary-secret"})
    host.url("/j", Answer(picture()))
    await land(host.url("/i", bad, hop), kind="image")
    assert host.paths() == ["/i", "/i", "/j"]
    assert "503" in caplog.text
    assert "canary" not in caplog.text


async def test_a_failing_part_aborts_and_says_that_it_was_paid(land, host, store, bucket):
    send = store.upload_part

    async def second_fails(key, upload_id, n, body):
        if n == 2:
            raise StoreError("The bucket is full.", advice="Make room.")
        return await send(key, upload_id, n, body)

    store.upload_part = second_fails
    data = padded(mp4(), LONG_VIDEO)
    with pytest.raises(NotStored) as caught:
        await land(host.url("/v", Answer(data)), rules=STREAMED)
    assert caught.value.charged == "yes"
    assert caught.value.retry_is_free
    assert "The bucket is full." in caught.value.message
    assert bucket.keys() == bucket.unfinished() == []
    assert len(host.asked) == 1


@pytest.mark.parametrize("at", ["create", "part", "download"])
async def test_cancelling_leaves_nothing_behind(land, host, store, bucket, at):
    """Cancelled while S3 is at work in its thread, which goes on: its outcome is undone as well."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    create, send = store.create_multipart, store.upload_part

    async def slow_create(*arguments):
        upload_id = await create(*arguments)
        if at == "create":
            reached.set()
            await go_on.wait()
        return upload_id

    async def slow_part(key, upload_id, n, body):
        if at == "part" and n == 2:
            reached.set()
            await go_on.wait()
        return await send(key, upload_id, n, body)

    store.create_multipart, store.upload_part = slow_create, slow_part
    data = padded(mp4(), LONG_VIDEO)
    cut = Answer(data, sent=12 * MIB, hang=True)
    task = asyncio.create_task(land(host.url("/v", cut), rules=STREAMED))
    await (host.hanging if at == "download" else reached).wait()
    if at == "download":
        await asyncio.to_thread(begun, bucket)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # impatient people cancel twice
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bucket.unfinished() == bucket.keys() == []


async def test_the_time_cap_ends_a_host_that_trickles(land, host, bucket):
    data = padded(mp4(), LONG_VIDEO)
    rules = LandingRules(part_bytes=5 * MIB, hold_bytes=5 * MIB, time_cap=0.5)
    with pytest.raises(TimeCapPassed):
        await land(host.url("/v", Answer(data, sent=12 * MIB, hang=True)), rules=rules)
    assert bucket.unfinished() == bucket.keys() == []


@pytest.mark.parametrize("length_stated", [True, False])
async def test_the_size_cap(land, host, bucket, length_stated):
    data = padded(mp4(), LONG_VIDEO)
    rules = LandingRules(part_bytes=5 * MIB, hold_bytes=5 * MIB, size_cap=11 * MIB)
    with pytest.raises(SizeCapPassed):
        await land(host.url("/v", Answer(data, length_stated=length_stated)), rules=rules)
    assert bucket.unfinished() == bucket.keys() == []
    assert len(host.asked) == 1


async def test_many_land_at_once_and_share_the_room(land, host, store):
    data = picture()
    urls = [host.url(f"/{n}", Answer(data)) for n in range(20)]
    landed = await asyncio.gather(
        *(land(url, kind="image", key_stem=f"b/{n}/image") for n, url in enumerate(urls))
    )
    assert {one.sha256 for one in landed} == {sha(data)}
    assert len([key async for key in store.iter_keys("b/")]) == 20


@pytest.mark.parametrize("rules", [LandingRules(), STREAMED], ids=["held", "streamed"])
async def test_what_landed_is_found_again_without_the_provider(land, host, store, rules):
    url = host.url("/v", Answer(padded(mp4(), LONG_VIDEO)))
    landed = await land(url, rules=rules)
    assert await already_landed(store, "b/one/it", rules=rules) == landed
    assert len(host.asked) == 1
    assert await already_landed(store, "b/one/other") is None
    assert await already_landed(store, "b/one/i") is None


async def test_a_foreign_or_broken_object_is_not_taken_for_landed(store):
    await store.put("b/one/it.json", b"{}", content_type="application/json")
    assert await already_landed(store, "b/one/it") is None
    await store.put("b/one/it.mp4", mp4()[:-50], content_type="video/mp4")
    assert await already_landed(store, "b/one/it") is None
    await store.put("b/one/it.png", picture("JPEG"), content_type="image/png")
    assert await already_landed(store, "b/one/it") is None
    await store.put("b/one/it.webp", picture("WEBP"), content_type="image/webp")
    found = await already_landed(store, "b/one/it")
    assert found is not None
    assert found.key == "b/one/it.webp"
