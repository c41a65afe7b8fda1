"""Lists of briefs in a bucket: which bytes are fetched, and what is said when none are there."""

from typing import Any

import pytest

from flows.manifest import read_briefs
from sandbox.services import S3Access
from tasks import StudioNotReady
from tasks.s3_file import S3File
from tests.flows.lists import load, parquet


class Counting:
    """The bucket's client, which notes what is read."""

    def __init__(self, s3: S3Access) -> None:
        self.client = s3.client()
        self.ranges: list[str] = []

    def head_object(self, **asked: Any) -> Any:
        return self.client.head_object(**asked)

    def get_object(self, **asked: Any) -> Any:
        self.ranges.append(asked["Range"])
        return self.client.get_object(**asked)


def put(s3: S3Access, key: str, body: bytes) -> Counting:
    counting = Counting(s3)
    counting.client.put_object(Bucket=s3.bucket, Key=key, Body=body)
    return counting


def opener(counting: Counting) -> Any:
    def open_s3(uri: str) -> S3File:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return S3File(counting, bucket, key)  # type: ignore[arg-type]

    return open_s3


def test_from_a_bucket_only_the_columns_that_count_are_fetched(s3: S3Access):
    rows = 2_000
    ballast = [f"{n:06}" * 2_000 for n in range(rows)]
    body = parquet(
        {"topic": [f"Tower {n}" for n in range(rows)], "ballast": ballast},
        compression="none",
        use_dictionary=False,
    )
    counting = put(s3, "parquet/briefs.parquet", body)
    uri = f"s3://{s3.bucket}/parquet/briefs.parquet"
    assert len(load(uri, open_s3=opener(counting))) == rows
    ends = [one.removeprefix("bytes=").split("-") for one in counting.ranges]
    fetched = sum(int(last) - int(first) + 1 for first, last in ends)
    assert fetched < 400_000 < 20_000_000 < len(body)


def test_a_csv_from_a_bucket_is_read_ahead(s3: S3Access):
    lines = "".join(f"Tower {n} in the mist\n" for n in range(20_000))
    counting = put(s3, "parquet/briefs.csv", f"topic\n{lines}".encode())
    uri = f"s3://{s3.bucket}/parquet/briefs.csv"
    read = read_briefs(uri, open_s3=opener(counting))
    assert sum(1 for entry in read if entry.brief) == 20_000
    assert len(counting.ranges) == 1


def test_a_file_that_is_not_there_or_is_replaced_meanwhile(s3: S3Access):
    counting = put(s3, "parquet/moving.csv", b"topic\nsea\n")
    with pytest.raises(
        StudioNotReady, match=r"s3://.*/parquet/gone\.csv cannot be read: it is not"
    ):
        S3File(counting.client, s3.bucket, "parquet/gone.csv")
    file = S3File(counting.client, s3.bucket, "parquet/moving.csv")
    put(s3, "parquet/moving.csv", b"topic\nsky\nsun\n")
    with pytest.raises(StudioNotReady, match="it changed meanwhile"):
        file.read(5)


def test_a_bucket_that_fails_on_the_way_is_no_fault_of_the_file(s3: S3Access):
    counting = put(s3, "parquet/away.parquet", parquet({"topic": ["sea"] * 10}))

    def open_s3(uri: str) -> S3File:
        file: S3File = opener(counting)(uri)
        counting.client.delete_object(Bucket=s3.bucket, Key="parquet/away.parquet")
        return file

    with pytest.raises(StudioNotReady, match="it is not there"):
        load(f"s3://{s3.bucket}/parquet/away.parquet", open_s3=open_s3)


def test_a_file_of_a_bucket_reads_from_any_place(s3: S3Access):
    body = bytes(range(256)) * 4
    counting = put(s3, "parquet/bytes", body)
    with S3File(counting.client, s3.bucket, "parquet/bytes") as file:
        assert file.seek(-4, 2) == len(body) - 4
        assert file.read(100) == body[-4:]
        assert file.read(1) == b""
        file.seek(10)
        assert (file.read(5), file.tell()) == (body[10:15], 15)
        file.seek(0)
        assert file.read() == body
