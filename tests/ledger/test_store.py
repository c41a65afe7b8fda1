import asyncio
import urllib.request
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from ledger import ObjectStore, StoreError

TEXT = "text/plain"


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


async def test_what_is_written_is_read_with_its_version(store):
    etag = await store.put("a/b.txt", b"one", content_type=TEXT)
    found = await store.get("a/b.txt")
    assert (found.body, found.etag) == (b"one", etag)
    info = await store.head("a/b.txt")
    assert (info.size, info.etag, info.content_type) == (3, etag, TEXT)


async def test_absent_is_none_and_deleting_it_is_no_error(store):
    assert await store.get("no") is None
    assert await store.head("no") is None
    await store.delete("no")


async def test_create_only_once(store):
    first = await store.put_if_absent("k", b"first", content_type=TEXT)
    assert first
    assert await store.put_if_absent("k", b"second", content_type=TEXT) is None
    assert (await store.get("k")).body == b"first"


async def test_replace_only_the_version_that_was_read(store):
    etag = await store.put("k", b"1", content_type=TEXT)
    newer = await store.put_if_match("k", b"2", etag, content_type=TEXT)
    assert newer
    assert await store.put_if_match("k", b"3", etag, content_type=TEXT) is None
    assert (await store.get("k")).body == b"2"
    await store.delete("k")
    assert await store.put_if_match("k", b"4", newer, content_type=TEXT) is None
    assert await store.get("k") is None


async def test_keys_are_relative_to_the_prefix_and_listed_beyond_one_page(store, monkeypatch):
    for n in range(5):
        await store.put(f"b/{n}", b"x", content_type=TEXT)
    await store.put("c/other", b"x", content_type=TEXT)
    pages = store._client.list_objects_v2
    monkeypatch.setattr(store._client, "list_objects_v2", lambda **kw: pages(**kw, MaxKeys=2))
    assert [key async for key in store.iter_keys("b/")] == [f"b/{n}" for n in range(5)]
    assert len([key async for key in store.iter_keys()]) == 6


async def test_no_prefix_means_the_whole_bucket(s3):
    bare = ObjectStore(s3.client(), s3.bucket)
    await bare.put("top.txt", b"x", content_type=TEXT)
    assert "top.txt" in [key async for key in bare.iter_keys()]
    assert bare.uri("top.txt") == f"s3://{s3.bucket}/top.txt"
    await bare.delete("top.txt")


async def test_a_presigned_url_reads_the_object_and_is_v4(store):
    await store.put("k", b"hello", content_type=TEXT)
    url = await store.presign_get("k", 60)
    assert "X-Amz-Signature=" in url
    assert await asyncio.to_thread(fetch, url) == b"hello"


async def test_parts_become_one_object_with_type_and_metadata(store):
    upload = await store.create_multipart("v.mp4", "video/mp4", {"sha": "abc"})
    parts = [
        (2, await store.upload_part("v.mp4", upload, 2, b"end")),
        (1, await store.upload_part("v.mp4", upload, 1, b"a" * (5 << 20))),
    ]
    assert await store.head("v.mp4") is None
    await store.complete_multipart("v.mp4", upload, parts)
    info = await store.head("v.mp4")
    assert info.size == (5 << 20) + 3
    assert (info.content_type, info.metadata) == ("video/mp4", {"sha": "abc"})


async def test_an_aborted_upload_leaves_nothing_and_may_be_aborted_again(store):
    upload = await store.create_multipart("v.mp4", "video/mp4", {})
    await store.upload_part("v.mp4", upload, 1, b"x")
    await store.abort_multipart("v.mp4", upload)
    await store.abort_multipart("v.mp4", upload)
    assert await store.head("v.mp4") is None


async def test_server_time_is_told(store):
    assert (await store.server_time()).tzinfo is not None


async def test_a_missing_bucket_is_not_a_missing_object(s3):
    store = ObjectStore(s3.client(), "no-such-bucket", "p")
    with pytest.raises(StoreError) as caught:
        await store.get("k")
    assert caught.value.reason == "NoSuchBucket"
    assert not caught.value.transient
    assert "Create the bucket" in caught.value.advice


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"secret_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key": "nobody"}, "InvalidAccessKeyId"),
    ],
)
async def test_a_refusal_is_permanent_and_says_what_to_do(s3, wrong, reason):
    store = ObjectStore(replace(s3, **wrong).client(), s3.bucket, "p")
    for call in (
        lambda: store.get("k"),
        lambda: store.put_if_absent("k", b"", content_type=TEXT),
        lambda: store.put_if_match("k", b"", '"e"', content_type=TEXT),
    ):
        with pytest.raises(StoreError) as caught:
            await call()
        assert caught.value.reason == reason
        assert not caught.value.transient
        assert "credentials" in caught.value.advice
        assert caught.value.charged == "no"


async def test_an_unreachable_store_is_transient_and_its_address_is_not_in_the_error(s3):
    gone = replace(s3, endpoint="http://127.0.0.1:1")
    store = ObjectStore(gone.client(tries=1), "b", "p")
    with pytest.raises(StoreError) as caught:
        await store.get("k")
    assert caught.value.transient
    assert caught.value.reason == "EndpointConnectionError"
    assert "127.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is None


class Conflicting:
    """An S3 client that answers 409 so many times before it lets a put through."""

    def __init__(self, client, times):
        self.client, self.left = client, times

    def put_object(self, **kw):
        if self.left:
            self.left -= 1
            raise ClientError(
                {
                    "Error": {"Code": "ConditionalRequestConflict"},
                    "ResponseMetadata": {"HTTPStatusCode": 409},
                },
                "PutObject",
            )
        return self.client.put_object(**kw)


async def test_409_is_settled_inside(s3, store):
    calm = ObjectStore(Conflicting(s3.client(), 2), s3.bucket, store.prefix)
    assert await calm.put_if_absent("k", b"1", content_type=TEXT)
    assert (await store.get("k")).body == b"1"


async def test_409_without_end_is_a_transient_error(s3, store):
    busy = ObjectStore(Conflicting(s3.client(), 99), s3.bucket, store.prefix)
    with pytest.raises(StoreError) as caught:
        await busy.put_if_absent("k", b"1", content_type=TEXT)
    assert caught.value.transient
