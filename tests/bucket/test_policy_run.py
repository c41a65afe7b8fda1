"""A user who has the policies of `deploy/bucket/` and nothing else: all that we do, no more."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flows.content_batch import content_batch
from flows.gallery import gallery
from flows.rescue import rescue
from flows.verify import verify
from ledger import ObjectStore, StoreError
from sandbox.prefect_parts import PrefectService
from sandbox.services import S3Access
from tasks.landing.upload import Upload
from tests.bucket.stores import POLICIES, PREFIX, media_bucket, recorded, user_with
from tests.conftest import SandboxFactory
from tests.pipeline import Pipeline, ended, saved

ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObject": "s3:DeleteObject",
}
"""What each operation needs, as AWS documents it. A new one belongs here and in the files."""

BRIEF = {"id": "fox", "topic": "A fox in fresh snow"}
FRAME_SECONDS = 4 * 3600 + 900
"""A video's start frame can be fetched when the job is late, and the job may wait to be sent."""
PROBED_SECONDS = 300


def allowed(policy: str) -> set[str]:
    statements = json.loads((POLICIES / policy).read_text("utf-8"))["Statement"]
    asked = [one["Action"] for one in statements if one["Effect"] == "Allow"]
    return {action for one in asked for action in ([one] if isinstance(one, str) else one)}


@pytest.fixture
def parts(
    request: pytest.FixtureRequest,
    prefect_server: PrefectService,
    sandbox_factory: SandboxFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    access: S3Access = request.getfixturevalue(request.param)
    if access.ca_bundle:
        access = user_with(access, "policy.json")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(access.ca_bundle))
    with monkeypatch.context() as before:
        # The provider's part: the real one knows the CAs of the web alone.
        if access.ca_bundle:
            before.setenv("SSL_CERT_FILE", access.ca_bundle)
        sandbox = sandbox_factory()
    yield from saved(Pipeline(access, prefect_server, sandbox, prefix=f"{PREFIX}/run"))


@contextmanager
def links(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """For how many seconds each link was signed."""
    given, presign = list[int](), ObjectStore.presign_get

    async def signed(store: ObjectStore, key: str, seconds: int) -> str:
        given.append(seconds)
        return await presign(store, key, seconds)

    with monkeypatch.context() as changed:
        changed.setattr(ObjectStore, "presign_get", signed)
        yield given


SECOND_STORE = pytest.param("moto", marks=pytest.mark.exhaustive)


@pytest.mark.stack
@pytest.mark.parametrize("parts", ["seaweed", SECOND_STORE], indirect=True)
async def test_a_batch_on_each_store_asks_for_what_the_policy_allows(
    parts: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorded(monkeypatch) as operations, links(monkeypatch) as lifetimes:
        made = await ended(content_batch, briefs=[BRIEF], batch_id="kept")
        assert made.name == "Completed", made.message
        assert made.items["fox"]["state"] == "landed"
        assert set(lifetimes) == {PROBED_SECONDS, FRAME_SECONDS}
        for flow, given in ((gallery, {"share": 0.1}), (verify, {}), (rescue, {})):
            after = await ended(flow, batch_id="kept", **given)
            assert after.type == "COMPLETED", (after.name, after.message)
        # What only long videos need, and what only those need that are broken off.
        store = media_bucket(parts.s3).store()
        async with Upload(store, parts_in_flight=1) as upload:
            await upload.begin("long", "video/mp4", {})
            await upload.add(b"whole")
            await upload.publish()
        with pytest.raises(EOFError):
            await broken_off(Upload(store, parts_in_flight=1))
    assert operations <= ACTIONS.keys()
    assert {ACTIONS[one] for one in operations} == allowed("policy.json")


async def broken_off(upload: Upload) -> None:
    async with upload:
        await upload.begin("broken", "video/mp4", {})
        await upload.add(b"half")
        raise EOFError


def refused(ask: Any, **given: Any) -> bool:
    try:
        ask(**given)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"]) == 403
    return False


async def test_who_has_the_policy_gets_no_further(seaweed: S3Access) -> None:
    user = user_with(seaweed, "policy.json")
    s3, bucket = user.client(tries=1), user.bucket
    seaweed.client().put_object(Bucket=bucket, Key="payroll/may.csv", Body=b"1")
    for key in ("payroll/may.csv", "media.csv", "mediaeval/x"):
        assert refused(s3.get_object, Bucket=bucket, Key=key), key
        assert refused(s3.put_object, Bucket=bucket, Key=key, Body=b""), key
        assert refused(s3.delete_object, Bucket=bucket, Key=key), key
    for prefix in ("", "payroll/"):
        assert refused(s3.list_objects_v2, Bucket=bucket, Prefix=prefix), prefix
    rules: Any = {"Rules": []}
    for ask, given in (
        (s3.put_object_acl, {"Key": "media/x", "ACL": "public-read"}),
        (s3.put_bucket_policy, {"Policy": "{}"}),
        (s3.put_bucket_lifecycle_configuration, {"LifecycleConfiguration": rules}),
        (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Suspended"}}),
        (s3.delete_bucket, {}),
    ):
        assert refused(ask, Bucket=bucket, **given), ask
    verdicts = await media_bucket(user).check()
    assert all(verdict.ok for verdict in verdicts), verdicts


async def test_a_reader_reads_and_is_told_that_it_may_not_write(seaweed: S3Access) -> None:
    assert allowed("reader.json") == {"s3:ListBucket", "s3:GetObject"}
    owner = media_bucket(seaweed)
    await owner.store().put("k", b"1", content_type="text/plain")
    reader = media_bucket(user_with(seaweed, "reader.json"), prefix=owner.prefix)
    store = reader.store()
    assert [key async for key in store.iter_keys()] == ["k"]
    found = await store.get("k")
    assert found is not None
    assert await store.get("no") is None
    for write in (
        store.put("k", b"2", content_type="text/plain"),
        store.put_if_match("k", b"2", found.etag, content_type="text/plain"),
        store.delete("k"),
    ):
        with pytest.raises(StoreError, match="AccessDenied"):
            await write
    verdicts = {verdict.name: verdict.ok for verdict in await reader.check()}
    assert verdicts["bucket reachable"]
    assert not verdicts["bucket writable"]


def test_nothing_that_was_paid_for_ever_expires(seaweed: S3Access) -> None:
    rules = json.loads((POLICIES / "lifecycle.json").read_text("utf-8"))["Rules"]
    named = {"ID", "Status", "Filter"}
    assert [rule.keys() - named for rule in rules] == [
        {"AbortIncompleteMultipartUpload"},
        {"NoncurrentVersionExpiration"},
    ]
    s3 = seaweed.client()
    s3.put_bucket_lifecycle_configuration(
        Bucket=seaweed.bucket, LifecycleConfiguration={"Rules": rules}
    )
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=seaweed.bucket)["Rules"]) == 2
