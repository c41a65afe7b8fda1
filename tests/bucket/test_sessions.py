"""Links that die with the session that signed them: known, said, and refused where they matter."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from prefect_aws.credentials import AwsCredentials

from blocks import MediaBucket
from flows.gallery_writing import write_gallery
from globalaiopc import InvalidRequest
from ledger import ObjectStore, probe
from ledger.lasting import links_last
from ledger.probe import PRESIGNED
from sandbox.services import S3Access

PAIR = ("access", "secret")


def role(minutes: float, pair: tuple[str, str] = PAIR) -> RefreshableCredentials:
    """A role's session as boto3 holds it: it renews it by itself 15 minutes before its end."""
    ends = datetime.now(UTC) + timedelta(minutes=minutes)

    def renewed() -> dict[str, str | None]:
        raise AssertionError("there is time enough")

    return RefreshableCredentials(*pair, None, ends, renewed, "assume-role")


def test_what_is_known_of_the_end_of_links() -> None:
    assert links_last(None, 3600) == "yes"
    assert links_last(Credentials(*PAIR), 604_800) == "yes"
    assert links_last(Credentials(*PAIR, "token"), 60) == "unknown"
    assert links_last(role(minutes=61), 3600) == "yes"
    assert links_last(role(minutes=59), 3600) == "no"


def test_a_token_in_the_block_is_a_session() -> None:
    credentials = AwsCredentials(
        aws_access_key_id="a", aws_secret_access_key="b", aws_session_token="token"
    )
    store = MediaBucket(bucket="media", credentials=credentials).store()
    assert links_last(store._credentials, 60) == "unknown"


def store_of(s3: S3Access, credentials: Credentials) -> ObjectStore:
    prefix = f"sessions/{secrets.token_hex(4)}"
    return ObjectStore(s3.client(), s3.bucket, prefix, credentials=credentials)


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        (Credentials(*PAIR), ""),
        (role(minutes=300), ""),
        (role(minutes=200), "ends within four hours"),
        (Credentials(*PAIR, "token"), "end is not known"),
    ],
)
async def test_the_check_of_the_bucket_says_so(
    s3: S3Access, credentials: Credentials, said: str
) -> None:
    found = {verdict.name: verdict for verdict in await probe(store_of(s3, credentials))}
    assert found[PRESIGNED].ok
    assert said in found[PRESIGNED].advice
    assert bool(said) is bool(found[PRESIGNED].advice)


async def test_a_page_is_not_shared_for_longer_than_its_links_live(s3: S3Access) -> None:
    store = store_of(s3, role(minutes=90))
    await store.put("b/fox/image.png", b"1", content_type="image/png")
    await store.put("b/fox/receipts/image.json", b"{}", content_type="application/json")
    with pytest.raises(InvalidRequest, match="end in less than 2 hours") as caught:
        await write_gallery(store, "b", share=2)
    assert caught.value.field == "share"
    assert not [key async for key in store.iter_keys("b/share/")]
    assert not [key async for key in store.iter_keys("b/index")], "refused before it is written"
    for credentials, sooner in ((role(minutes=90), False), (Credentials(*PAIR, "token"), True)):
        store._credentials = credentials
        shared = (await write_gallery(store, "b", share=1)).shared
        assert shared is not None
        assert shared.maybe_sooner is sooner
        assert ("the end of the session" in shared.told_until) is sooner
