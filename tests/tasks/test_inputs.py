"""A user's own media over a real bucket and a real media host: landed once, handed over, found."""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from globalaiopc import InvalidRequest
from ledger import JobKey, ObjectStore
from sandbox.services import S3Access
from tasks import Limits, Studio
from tasks.inputs import Input, find_input, hand_over, land_input
from tasks.landing import LandingRoom, LandingRules, media_client
from tasks.sources import hash_of
from tests.globalaiopc.doubles import client_for
from tests.landing.makers import mp4, padded, picture, sound
from tests.landing.media_host import Answer, MediaHost
from tests.tasks.doubles import CATALOGUE, Provider

MIB = 1024 * 1024
FOLDER = "b/fox"
SORA = CATALOGUE.model("openAiSora2Plus")
SECRET = "canary-secret"


class CountingStore(ObjectStore):
    """The real bucket; counts the media that are written."""

    writes = 0

    async def put_media(self, *args: Any, **kwargs: Any) -> str:
        self.writes += 1
        return await super().put_media(*args, **kwargs)

    async def create_multipart(self, *args: Any, **kwargs: Any) -> str:
        self.writes += 1
        return await super().create_multipart(*args, **kwargs)


@pytest.fixture
async def studio(s3: S3Access) -> AsyncIterator[Studio]:
    client = s3.client()
    async with media_client() as http:
        yield Studio(
            client=client_for(Provider()),
            s3=client,
            store=CountingStore(client, s3.bucket, f"inputs-{secrets.token_hex(4)}"),
            limits=Limits(text=8, image=8, video=8),
            room=LandingRoom(8),
            media_http=http,
        )


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with MediaHost() as host:
        yield host


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def place(studio: Studio, host: MediaHost, tmp_path: Path, kind: str, data: bytes) -> Any:
    """Put the bytes where `kind` says, and return what a user would write for it."""
    if kind == "web":
        return host.url("/a", Answer(data))
    if kind.startswith("file"):
        (tmp_path / "mine.bin").write_bytes(data)
        return tmp_path / "mine.bin" if kind == "file" else str(tmp_path / "mine.bin")
    await studio.store.put("theirs/mine.bin", data, content_type="text/plain")
    return "theirs/mine.bin" if kind == "key" else studio.store.uri("theirs/mine.bin")


@pytest.mark.parametrize("kind", ["web", "s3", "key", "file", "file by name"])
async def test_every_kind_of_source_lands_the_same_once(studio, host, tmp_path, kind):
    data = picture()
    source = await place(studio, host, tmp_path, kind, data)
    known = await hash_of(studio, source, "image")
    assert known == (None if kind == "web" else sha(data))
    assert studio.store.writes == 0
    landed = [await land_input(studio, source, FOLDER, "image", "images") for _ in range(3)]
    assert landed[0] == landed[1] == landed[2]
    assert studio.store.writes == 1
    one = landed[0]
    assert one.key == f"b/fox/inputs/{sha(data)[:16]}.png"
    assert (one.sha256, one.kind, one.width, one.height) == (sha(data), "image", 320, 180)
    assert one.folder == FOLDER
    assert (await studio.store.get(one.key)).body == data


@pytest.mark.parametrize(
    ("data", "kind", "extension", "seconds"),
    [
        (mp4(), "video", ".mp4", 2.0),
        (sound("wav"), "audio", ".wav", 3.0),
        (sound("mp3"), "audio", ".mp3", 3.0),
    ],
)
async def test_films_and_sounds_are_measured(studio, tmp_path, data, kind, extension, seconds):
    (tmp_path / "it").write_bytes(data)
    one = await land_input(studio, tmp_path / "it", FOLDER, kind, "field")
    assert (one.kind, one.seconds) == (kind, pytest.approx(seconds, abs=0.1))
    assert one.key.endswith(extension)


@pytest.fixture
def small_rules(monkeypatch):
    """Nothing is held whole that has more than one of S3's smallest parts."""
    monkeypatch.setattr("tasks.sources.RULES", LandingRules(part_bytes=5 * MIB, hold_bytes=5 * MIB))


@pytest.mark.parametrize("kind", ["web", "key", "file"])
@pytest.mark.usefixtures("small_rules")
async def test_a_long_file_is_read_twice_and_named_by_its_hash(studio, host, tmp_path, kind):
    data = padded(mp4(), 11 * MIB + 3)
    source = await place(studio, host, tmp_path, kind, data)
    one = await land_input(studio, source, FOLDER, "video", "videos")
    assert one.key == f"b/fox/inputs/{sha(data)[:16]}.mp4"
    assert (await studio.store.get(one.key)).body == data
    assert await land_input(studio, source, FOLDER, "video", "videos") == one
    assert studio.store.writes == 1


@pytest.mark.usefixtures("small_rules")
async def test_a_file_that_changes_between_the_two_is_not_kept(studio, host):
    first, second = (padded(mp4(seconds=s), 11 * MIB) for s in (1.0, 2.0))
    url = host.url("/a", Answer(first), Answer(second))
    with pytest.raises(InvalidRequest, match="changed while it was read"):
        await land_input(studio, url, FOLDER, "video", "videos")
    assert [key async for key in studio.store.iter_keys("")] == []


async def test_a_host_that_stumbles_is_asked_again(studio, host):
    url = host.url(
        "/a", Answer(status=503), Answer(picture(), sent=100, reset=True), Answer(picture())
    )
    assert (await land_input(studio, url, FOLDER, "image", "images")).width == 320
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Answer(status=404)], "404"),
        ([Answer(status=503)], "503"),
        ([Answer(b"<html>hello</html>")], "HTML"),
        ([Answer(mp4())], "video/mp4, not image"),
        ([Answer(picture()[:-20])], "does not decode"),
        ([Answer(b"")], "empty"),
    ],
)
async def test_what_does_not_come_from_the_web_is_said_without_its_address(
    studio, host, caplog, answers, why
):
    url = host.url("/a", *answers)
    with caplog.at_level(logging.DEBUG), pytest.raises(InvalidRequest, match=why) as refused:
        await land_input(studio, url, FOLDER, "image", "last_frame")
    error = refused.value
    assert (error.field, error.charged) == ("last_frame", "no")
    assert SECRET not in caplog.text + str(error) + repr(error.__cause__)
    assert error.__suppress_context__
    assert studio.store.writes == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.7/a.png?Signature=canary-secret",
        "http://example.com/a.png?Signature=canary-secret",
        "https://me:canary-secret@127.0.0.1/a.png",
    ],
)
async def test_only_public_hosts_are_asked(studio, url):
    with pytest.raises(InvalidRequest, match="not fetched") as refused:
        await land_input(studio, url, FOLDER, "image", "images")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("nothing/here.png", r"no file at s3://.*/nothing/here\.png"),
        ("s3://tests/nothing/here.png", "no file at s3://tests/nothing"),
        ("/nothing/here.png", "no file /nothing/here.png on this machine"),
        (Path("nothing.png"), r"no file nothing\.png on this machine"),
        ("/tmp", "no file /tmp on this machine"),
    ],
)
async def test_what_is_not_there_is_named(studio, source, why):
    for ask in (
        land_input(studio, source, FOLDER, "image", "images"),
        hash_of(studio, source, "images"),
    ):
        with pytest.raises(InvalidRequest, match=why) as refused:
            await ask
        assert refused.value.field == "images"


async def test_a_key_of_the_bucket_goes_before_a_file_of_the_same_name(
    studio, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.png").write_bytes(picture())
    here = await land_input(studio, "it.png", FOLDER, "image", "images")
    await studio.store.put("it.png", picture(width=64), content_type="image/png")
    there = await land_input(studio, "it.png", FOLDER, "image", "images")
    assert (here.width, there.width) == (320, 64)


async def test_a_url_lives_a_few_times_as_long_as_the_job_is_waited_for(studio, tmp_path, caplog):
    (tmp_path / "it").write_bytes(picture())
    one = await land_input(studio, tmp_path / "it", FOLDER, "image", "images")
    lifetimes = {}
    with caplog.at_level(logging.INFO):
        for deadline in (900.0, 3600.0, 9_000_000.0):
            row = SORA.model_copy(update={"deadline_seconds": deadline})
            url = await hand_over(studio, one, row)
            lifetimes[deadline] = int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])
            signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
            assert signature not in caplog.text
    assert lifetimes == {900.0: 4_500, 3600.0: 15_300, 9_000_000.0: 604_800}
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(url)).content == picture()


async def test_a_frame_is_handed_over_at_the_exact_pixels(studio, tmp_path):
    (tmp_path / "it").write_bytes(picture())
    one = await land_input(studio, tmp_path / "it", FOLDER, "image", "images")
    url = await hand_over(studio, one, SORA, size=(128, 72))
    assert f"/b/fox/frame-128x72-{one.sha256[:12]}.png?" in url
    async with httpx.AsyncClient(trust_env=False) as anybody:
        (tmp_path / "fitted.png").write_bytes((await anybody.get(url)).content)
    with Image.open(tmp_path / "fitted.png") as fitted:
        assert fitted.size == (128, 72)
    assert one.key in await hand_over(studio, one, SORA, size=(320, 180))


async def test_an_asset_is_named_where_the_row_or_the_caller_wants_one(
    studio, tmp_path, monkeypatch
):
    asked = []

    async def asset_for(_: Studio, **wanted: Any) -> str:
        asked.append((wanted["library"], wanted["key"], wanted["sha256"], wanted["kind"]))
        return "asset://a-1"

    monkeypatch.setattr("tasks.inputs.asset_for", asset_for)
    (tmp_path / "it").write_bytes(picture())
    one = await land_input(studio, tmp_path / "it", FOLDER, "image", "images")
    with_library = SORA.model_copy(update={"asset_library": "kyy_video2"})
    always = with_library.model_copy(update={"asset_step": "always"})
    assert (await hand_over(studio, one, with_library)).startswith("http")
    assert await hand_over(studio, one, with_library, review=True) == "asset://a-1"
    assert await hand_over(studio, one, always) == "asset://a-1"
    assert asked == [("kyy_video2", one.key, one.sha256, "image")] * 2
    with pytest.raises(InvalidRequest, match="no asset library") as refused:
        await hand_over(studio, one, SORA, review=True)
    assert refused.value.field == "asset_review"
    gone = replace(one, key="b/fox/inputs/gone.png")
    with pytest.raises(InvalidRequest, match=r"gone\.png is gone"):
        await hand_over(studio, gone, with_library, review=True, field="images")


async def test_a_medium_is_found_again_by_its_bytes(studio, tmp_path):
    key = JobKey(batch_id="b", brief_id="fox", stage="video", take=2)
    (tmp_path / "it").write_bytes(picture())
    brought = await land_input(studio, tmp_path / "it", FOLDER, "image", "images")
    assert await find_input(studio, key, brought.sha256) == brought
    made = {
        "b/fox/image.take3.webp": picture("WEBP"),
        "b/fox/speech.wav": sound("wav"),
        "b/fox/video.mp4": mp4(),
    }
    for name, body in made.items():
        await studio.store.put(name, body, content_type="x/y")
        found = await find_input(studio, key, sha(body))
        assert (found.key, found.sha256) == (name, sha(body))
    # Not by what it is called, not in another folder, not what is no medium.
    await studio.store.put(brought.key, picture("JPEG"), content_type="image/png")
    assert await find_input(studio, key, brought.sha256) is None
    await studio.store.put("b/owl/image.png", picture("PNG"), content_type="image/png")
    await studio.store.put("b/fox/notes.png", picture("PNG"), content_type="image/png")
    assert await find_input(studio, key, brought.sha256) is None


def test_what_landed_is_an_input_of_the_next_stage():
    landed = SimpleNamespace(
        key="b/fox/voice.mp3",
        sha256="ab" * 32,
        content_type="audio/mpeg",
        width=None,
        height=None,
        seconds=3.0,
    )
    assert Input.of(landed).kind == "audio"  # type: ignore[arg-type]
