"""An object of a bucket as a file that can be read from any place."""

import io
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tasks.errors import StudioNotReady

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3.client import S3Client

_AHEAD = 8 * 1024 * 1024
_REASONS = {"404": "it is not there", "403": "access denied", "412": "it changed meanwhile"}


class S3File(io.RawIOBase):
    """`s3://bucket/key` by ranged requests, each short, so that a slow reader loses no connection.

    Who reads on from where the last read ended is given what lies 8 MB ahead; who jumps, as readers
    of Parquet do, costs one request for exactly what was asked. Blocks. Raises `StudioNotReady`
    naming the object when it cannot be read, also when it is replaced while it is being read.
    """

    def __init__(self, s3: "S3Client", bucket: str, key: str) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket, self._key = bucket, key
        self._at = 0
        self._block, self._block_at = b"", 0
        try:
            found = s3.head_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise self._unreadable(error) from None
        self._size, self._etag = found["ContentLength"], found["ETag"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        room = memoryview(buffer).cast("B")
        if not len(room) or self._at >= self._size:
            return 0
        end = self._block_at + len(self._block)
        if not self._block_at <= self._at < end:
            ahead = _AHEAD if self._at == end else 0
            self._block = b""  # never two of them
            self._block = self._fetch(self._at, max(len(room), ahead))
            self._block_at = self._at
        start = self._at - self._block_at
        part = memoryview(self._block)[start : start + len(room)]
        room[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._block = b""
        super().close()

    def _fetch(self, start: int, count: int) -> bytes:
        last = min(start + count, self._size) - 1
        try:
            return self._s3.get_object(
                Bucket=self._bucket,
                Key=self._key,
                Range=f"bytes={start}-{last}",
                IfMatch=self._etag,
            )["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: ClientError | BotoCoreError) -> StudioNotReady:
        reason = type(error).__name__
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code", "")
            status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
            reason = _REASONS.get(status, code)
        return StudioNotReady(
            f"s3://{self._bucket}/{self._key} cannot be read: {reason}.",
            advice="Check the address, and that the MediaBucket's credentials may read it.",
        )
