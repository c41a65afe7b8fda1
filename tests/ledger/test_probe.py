import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from ledger import ConditionsIgnored, ObjectStore, StoreError, probe, require_conditions
from ledger.probe import RACERS

NAMES = (
    "bucket reachable",
    "clock in step",
    "bucket writable",
    "If-None-Match honoured",
    "If-Match honoured",
    "presigned GET works",
)


def by_name(verdicts):
    assert tuple(v.name for v in verdicts) == NAMES
    assert all(v.detail.endswith(".") for v in verdicts)
    return {v.name: v for v in verdicts}


class Wrapped:
    """A real S3 client with some methods replaced: the edge where a store misbehaves."""

    def __init__(self, client, **methods):
        self._client = client
        for name, method in methods.items():
            setattr(self, name, method)

    def __getattr__(self, name):
        return getattr(self._client, name)


async def test_a_good_bucket_passes_and_is_left_clean(store):
    found = by_name(await probe(store))
    assert all(v.ok for v in found.values())
    assert not any(v.advice for v in found.values())
    assert [key async for key in store.iter_keys()] == []
    await require_conditions(store)


def without(client, *conditions):
    def put(**kw):
        return client.put_object(**{k: v for k, v in kw.items() if k not in conditions})

    return Wrapped(client, put_object=put)


@pytest.mark.parametrize(
    ("condition", "name", "other"),
    [
        ("IfNoneMatch", "If-None-Match honoured", "If-Match honoured"),
        ("IfMatch", "If-Match honoured", "If-None-Match honoured"),
    ],
)
async def test_27_a_store_that_ignores_conditions_is_refused(s3, store, condition, name, other):
    careless = ObjectStore(without(s3.client(), condition), s3.bucket, store.prefix)
    found = by_name(await probe(careless))
    assert not found[name].ok
    assert "overwrites" in found[name].detail
    assert "paid" in found[name].advice or "pay" in found[name].advice
    assert found[other].ok
    with pytest.raises(ConditionsIgnored) as caught:
        await require_conditions(careless)
    assert caught.value.charged == "no"
    assert caught.value.who_acts == "operator"
    assert [key async for key in store.iter_keys()] == []


async def test_a_store_that_checks_first_and_writes_later_is_caught_by_the_race(s3, store):
    client = s3.client()
    all_checked = threading.Barrier(RACERS)

    def put(**kw):
        if kw.pop("IfNoneMatch", None):
            try:
                client.head_object(Bucket=kw["Bucket"], Key=kw["Key"])
            except ClientError:
                if kw["Key"].endswith("-race"):
                    all_checked.wait(timeout=20)
            else:
                raise ClientError(
                    {
                        "Error": {"Code": "PreconditionFailed"},
                        "ResponseMetadata": {"HTTPStatusCode": 412},
                    },
                    "PutObject",
                )
        return client.put_object(**kw)

    hasty = ObjectStore(Wrapped(client, put_object=put), s3.bucket, store.prefix)
    verdict = by_name(await probe(hasty))["If-None-Match honoured"]
    assert not verdict.ok
    assert f"Of {RACERS} creates at once {RACERS} succeeded" in verdict.detail


async def test_a_missing_bucket_stops_there_and_nothing_is_created(s3):
    nowhere = ObjectStore(s3.client(), "no-such-bucket-at-all", "p")
    found = by_name(await probe(nowhere))
    assert not any(v.ok for v in found.values())
    assert "bucket" in found["bucket reachable"].advice
    assert found["bucket writable"].detail == "Not tried: no bucket reachable."
    with pytest.raises(StoreError):
        await require_conditions(nowhere)
    names = [b["Name"] for b in s3.client().list_buckets()["Buckets"]]
    assert "no-such-bucket-at-all" not in names


async def test_wrong_credentials_are_told_with_advice(s3):
    wrong = ObjectStore(replace(s3, secret_key="wrong").client(), s3.bucket, "p")
    verdict = by_name(await probe(wrong))["bucket reachable"]
    assert not verdict.ok
    assert "credentials" in verdict.advice


async def test_a_bucket_that_may_only_be_read_is_not_writable(s3, store):
    def denied(**kw):
        raise ClientError(
            {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}},
            "PutObject",
        )

    reader = ObjectStore(Wrapped(s3.client(), put_object=denied), s3.bucket, store.prefix)
    found = by_name(await probe(reader))
    assert found["bucket reachable"].ok
    assert "AccessDenied" in found["bucket writable"].detail
    assert "s3:PutObject" in found["bucket writable"].advice
    assert found["If-Match honoured"].detail == "Not tried: no bucket writable."
    with pytest.raises(StoreError, match="AccessDenied"):
        await require_conditions(reader)


@pytest.mark.parametrize(
    ("seconds", "ok", "said"),
    [
        (30, True, "Within half a minute"),
        (60, True, "60 s ahead of the store"),
        (-60, True, "60 s behind the store"),
        (301, False, "301 s ahead of the store"),
        (-301, False, "301 s behind the store"),
    ],
)
async def test_18_clocks_are_compared(s3, store, seconds, ok, said):
    answer = s3.client().list_objects_v2(Bucket=s3.bucket)
    answer["ResponseMetadata"]["HTTPHeaders"]["date"] = "Fri, 02 Jan 2026 03:04:05 GMT"
    dated = ObjectStore(
        Wrapped(s3.client(), list_objects_v2=lambda **_: answer), s3.bucket, store.prefix
    )
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=seconds)
    verdict = by_name(await probe(dated, wall=lambda: now))["clock in step"]
    assert verdict.ok is ok
    assert said in verdict.detail
    assert bool(verdict.advice) is (abs(seconds) > 30)


async def test_a_clock_too_wrong_for_s3_is_named(s3, store):
    def skewed(**kw):
        raise ClientError(
            {
                "Error": {"Code": "RequestTimeTooSkewed"},
                "ResponseMetadata": {"HTTPStatusCode": 403},
            },
            "ListObjectsV2",
        )

    late = ObjectStore(Wrapped(s3.client(), list_objects_v2=skewed), s3.bucket, store.prefix)
    verdict = by_name(await probe(late))["clock in step"]
    assert not verdict.ok
    assert "clock" in verdict.advice


def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("X-Amz-Signature=", "X-Amz-Signature=0"), "HTTP 403"),
        (lambda url: f"http://127.0.0.1:{dead_port()}/k?X-Amz-Signature=s", "URLError"),
    ],
)
async def test_a_presigned_url_that_does_not_work_is_told_without_the_url(s3, store, change, said):
    client = s3.client()

    def presign(*args, **kw):
        return change(client.generate_presigned_url(*args, **kw))

    broken = ObjectStore(Wrapped(client, generate_presigned_url=presign), s3.bucket, store.prefix)
    verdict = by_name(await probe(broken))["presigned GET works"]
    assert not verdict.ok
    assert said in verdict.detail
    assert "X-Amz" not in verdict.detail
