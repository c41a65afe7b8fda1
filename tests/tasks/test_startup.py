"""A bucket is tried before anything is spent: once per process, refused with the reason."""

import logging
import secrets

import pytest
from prefect_aws.credentials import AwsCredentials

from blocks import MediaBucket
from ledger import ConditionsIgnored, ObjectStore, StoreError
from sandbox.services import S3Access
from tasks.startup import PATIENCE, Accepted


class Careless:
    """A real S3 client at whose edge the conditions of writes get lost; counts its writes."""

    def __init__(self, s3: S3Access) -> None:
        self._client = s3.client()
        self.writes = 0

    def put_object(self, **asked):
        self.writes += 1
        return self._client.put_object(
            **{
                name: value
                for name, value in asked.items()
                if name not in ("IfNoneMatch", "IfMatch")
            }
        )

    def __getattr__(self, name):
        return getattr(self._client, name)


@pytest.fixture
def careless(s3: S3Access) -> Careless:
    return Careless(s3)


def store_of(client, s3: S3Access) -> ObjectStore:
    return ObjectStore(client, s3.bucket, f"startup-{secrets.token_hex(4)}")


async def no_sleep(_: float) -> None:
    raise AssertionError("there is nothing to wait for")


async def test_a_store_that_ignores_conditions_is_refused_with_the_way_out(s3, careless):
    with pytest.raises(ConditionsIgnored) as caught:
        await Accepted().check(store_of(careless, s3), "here", single_process=False, sleep=no_sleep)
    error = caught.value
    assert "paid for twice" in error.message
    assert "ignores the condition" in error.message
    assert "Single-process mode" in error.advice
    assert (error.charged, error.who_acts) == ("no", "operator")


async def test_it_is_taken_when_the_user_accepts_it_by_name_and_says_so(s3, careless, caplog):
    accepted, store = Accepted(), store_of(careless, s3)
    with caplog.at_level(logging.WARNING):
        await accepted.check(store, "here", single_process=True, sleep=no_sleep)
    assert "Single-process mode" in caplog.text
    # Accepting it in one block does not accept it in another.
    with pytest.raises(ConditionsIgnored):
        await accepted.check(store, "here", single_process=False, sleep=no_sleep)


async def test_a_good_bucket_is_tried_once_for_each_process(s3):
    client = Careless(s3)
    client.put_object = lambda **asked: (counted.append(1), client._client.put_object(**asked))[1]
    counted: list[int] = []
    accepted, store = Accepted(), store_of(client, s3)
    await accepted.check(store, "here", single_process=False, sleep=no_sleep)
    tried = len(counted)
    await accepted.check(store, "here", single_process=False, sleep=no_sleep)
    assert 0 < tried == len(counted)
    await accepted.check(store, "elsewhere", single_process=False, sleep=no_sleep)
    assert len(counted) == 2 * tried


async def test_a_bucket_that_is_not_there_is_refused_at_once(s3):
    nowhere = ObjectStore(s3.client(), "no-such-bucket-at-all", "p")
    with pytest.raises(StoreError, match="NoSuchBucket"):
        await Accepted().check(nowhere, "here", single_process=True, sleep=no_sleep)


async def test_a_short_outage_at_the_start_is_waited_for(s3):
    store = store_of(s3.client(), s3)
    answer, slept = store.server_time, []

    async def away_at_first():
        if len(slept) < 3:
            raise StoreError("The bucket is away.", reason="SlowDown", transient=True)
        return await answer()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    store.server_time = away_at_first
    await Accepted().check(store, "here", single_process=False, sleep=sleep)
    assert 0 < sum(slept) < PATIENCE


def test_the_block_asks_for_it_by_name_and_says_what_is_given_up():
    field = MediaBucket.model_fields["single_process"]
    assert (field.default, field.title) == (False, "Single-process mode")
    assert "may both pay" in field.description
    block = MediaBucket(bucket="media", single_process=True, credentials=AwsCredentials())
    assert block.single_process
