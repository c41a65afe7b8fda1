"""What the receipts and the landing rely on, on S3 servers of two makers, by https and by name."""

import asyncio
import ssl
import urllib.request
from typing import Any

import pytest
import trustme

from blocks import MediaBucket
from ledger import ObjectStore, StoreError
from ledger.probe import PRESIGNED
from sandbox.services import S3Access
from tasks.landing.upload import Upload
from tests.bucket.stores import DOMAIN, at_its_name, media_bucket, names_lead_here

TEXT = "text/plain"
PART = 5 << 20
TAGS = {"project": "spring launch", "cost-centre": "4+2/a"}
LOOK = {"AES256", None}


@pytest.fixture(params=["seaweed", "seaweed by name", "moto"])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MediaBucket:
    name, _, by_name = request.param.partition(" ")
    access: S3Access = request.getfixturevalue(name)
    fields: dict[str, Any] = {"encryption": "AES256", "tags": TAGS}
    if not by_name:
        return media_bucket(access, **fields)
    names_lead_here(monkeypatch)
    return media_bucket(at_its_name(access), addressing="virtual", **fields)


async def test_the_check_of_the_bucket_says_yes_and_leaves_nothing(block: MediaBucket) -> None:
    verdicts = await block.check()
    assert len(verdicts) == 6
    assert all(verdict.ok for verdict in verdicts), verdicts
    private = block.s3_client().meta.endpoint_url.startswith("https:")
    advice = {verdict.name: verdict.advice for verdict in verdicts if verdict.advice}
    assert advice.keys() == ({PRESIGNED} if private else set())
    assert "the provider does not know" in advice.get(PRESIGNED, "the provider does not know")
    assert [key async for key in block.store().iter_keys()] == []


async def put_in_every_way(store: ObjectStore) -> list[str]:
    etag = await store.put("put", b"1", content_type=TEXT)
    assert await store.put_if_match("put", b"2", etag, content_type=TEXT)
    await store.put("again", b"1", content_type=TEXT)
    assert await store.put_if_absent("absent", b"1", content_type=TEXT)
    await store.put_media("media", b"1", content_type=TEXT, metadata={})
    async with Upload(store, parts_in_flight=2) as upload:
        await upload.begin("parts", TEXT, {"sha": "abc"})
        await upload.add(b"a" * PART)
        await upload.add(b"end")
        await upload.publish()
    return ["put", "again", "absent", "media", "parts"]


async def test_every_object_is_encrypted_and_tagged(block: MediaBucket) -> None:
    store = block.store()
    client, bucket = store.client, store.bucket
    for key in [store.full_key(key) for key in await put_in_every_way(store)]:
        seen = client.head_object(Bucket=bucket, Key=key)
        assert seen["ServerSideEncryption"] == "AES256", key
        tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == TAGS, key
    plain = block.model_copy(update={"encryption": "bucket", "tags": {}}).store()
    await plain.put("plain", b"1", content_type=TEXT)
    seen = client.head_object(Bucket=bucket, Key=plain.full_key("plain"))
    # moto encrypts by itself, as S3 does since 2023.
    assert seen.get("ServerSideEncryption") in LOOK
    assert not client.get_object_tagging(Bucket=bucket, Key=plain.full_key("plain"))["TagSet"]


async def test_parts_are_one_object_and_a_link_opens_it(block: MediaBucket) -> None:
    store = block.store()
    await put_in_every_way(store)
    info = await store.head("parts")
    assert info is not None
    assert (info.size, info.metadata) == (PART + 3, {"sha": "abc"})
    assert await store.get_range("parts", PART - 1, 4) == b"aend"
    link = await store.presign_get("parts", 60)
    asked = urllib.request.Request(link, headers={"Range": f"bytes={PART}-"})
    trust = ssl.create_default_context(cafile=block._ca_bundle())
    read = await asyncio.to_thread(lambda: urllib.request.urlopen(asked, context=trust).read())
    assert read == b"end"
    named = DOMAIN in link
    assert link.partition("/")[2].startswith(f"/{store.bucket}.{DOMAIN}:") is named


async def test_the_name_of_the_bucket_stands_before_the_host(
    seaweed: S3Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names_lead_here(monkeypatch)
    by_name = at_its_name(seaweed)
    for addressing, host in (("virtual", f"{seaweed.bucket}.{DOMAIN}"), ("automatic", DOMAIN)):
        asked.clear()
        store = media_bucket(by_name, addressing=addressing).store()
        await store.put("k", b"1", content_type=TEXT)
        assert asked == {host}, addressing


async def test_the_key_of_kms_is_the_one_that_is_named(moto: S3Access) -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/a1b2"
    store = media_bucket(moto, encryption="aws:kms", kms_key_id=key).store()
    for name in await put_in_every_way(store):
        seen = store.client.head_object(Bucket=store.bucket, Key=store.full_key(name))
        assert (seen["ServerSideEncryption"], seen["SSEKMSKeyId"]) == ("aws:kms", key), name
    assert len(await media_bucket(moto, encryption="aws:kms").check()) == 6


async def test_another_ca_is_refused_in_a_sentence(
    seaweed: S3Access, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.pem"
    trustme.CA().cert_pem.write_to_path(str(wrong))
    good = seaweed.ca_bundle
    assert good
    block = media_bucket(S3Access(seaweed.endpoint, "my-bucket", "admin", seaweed.secret_key))
    for bundle, refused in ((wrong, True), (good, False)):
        monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
        first, *_ = await block.check()
        assert first.ok is not refused
    monkeypatch.setenv("AWS_CA_BUNDLE", str(wrong))
    with pytest.raises(StoreError) as caught:
        await block.store().put_if_absent("k", b"1", content_type=TEXT)
    assert caught.value.reason == "SSLError"
    assert not caught.value.transient
    assert "AWS_CA_BUNDLE" in caught.value.advice
    assert "127.0.0.1" not in str(caught.value)
    monkeypatch.delenv("AWS_CA_BUNDLE")
    first, *_ = await block.check()
    assert not first.ok, "no CA of the machine's has signed it"
