"""The bucket, as far as we use it: small objects under conditions, big ones in parts.

boto3 blocks, so its calls run in threads. Receipts and media have separate pools: a hundred
landings must never make the write of a paid job's id wait.

A write that raises `StoreError` may nevertheless have happened (the answer was lost), and so may
one that says "exists already": boto3 repeats a request whose answer it lost, and the repeat meets
the first one's object. Whoever writes under a condition reads again and recognises its own bytes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ledger.errors import StoreError
from ledger.lasting import Lasts, links_last
from ledger.quieting import quieten_aws_loggers
from ledger.writing import Writing

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_s3.client import S3Client

T = TypeVar("T")

SMALL_THREADS = 32
PART_THREADS = 16
CONFLICT_TRIES = 5
TRANSIENT_CODES = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"})
ADVICE = {
    "NoSuchBucket": "Create the bucket, or correct its name in the MediaBucket block.",
    "AccessDenied": "Allow s3:GetObject, s3:PutObject and the others of deploy/bucket/policy.json.",
    "InvalidAccessKeyId": "Correct the credentials of the MediaBucket block.",
    "SignatureDoesNotMatch": "Correct the credentials of the MediaBucket block.",
    "ExpiredToken": "Renew the credentials of the MediaBucket block.",
    "RequestTimeTooSkewed": "Set this machine's clock (NTP).",
    "NoCredentialsError": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run `python -m blocks`",
    "SSLError": "Name the file with its CA in AWS_CA_BUNDLE, wherever a worker runs.",
    "EndpointConnectionError": "Check the endpoint address and that the store is running.",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An object's bytes and the version they are of."""

    body: bytes = field(repr=False)
    etag: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of an object without reading it; `size` in bytes, `modified` by its clock."""

    size: int
    etag: str
    content_type: str
    metadata: Mapping[str, str]
    modified: datetime | None = None


class ObjectStore:
    """One bucket, under one prefix. All keys given and returned are relative to the prefix.

    Every method raises `StoreError` when the bucket refuses or does not answer. `writing` holds for
    every object that is written; `credentials` are those that sign the links.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        prefix: str = "",
        *,
        writing: Writing | None = None,
        credentials: "Credentials | None" = None,
    ) -> None:
        quieten_aws_loggers()
        self._client = client
        self._written_with = (writing or Writing()).parameters()
        self._credentials = credentials
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._small = ThreadPoolExecutor(SMALL_THREADS, thread_name_prefix="s3")
        self._parts = ThreadPoolExecutor(PART_THREADS, thread_name_prefix="s3-part")

    def __repr__(self) -> str:
        return f"ObjectStore({self.uri('')})"

    @property
    def client(self) -> "S3Client":
        """For other buckets, with the same credentials."""
        return self._client

    def full_key(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.full_key(key)}"

    async def server_time(self) -> datetime | None:
        """Ask for the bucket itself; the store's clock, when its answer carries a date."""
        # Not HeadBucket: an answer to HEAD has no body, so S3 could not say what is wrong.
        answer = await self._run(
            "reach",
            "",
            lambda: self._client.list_objects_v2(
                Bucket=self.bucket, Prefix=self.full_key(""), MaxKeys=1
            ),
        )
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date) if date else None

    async def get(self, key: str) -> Stored | None:
        def call() -> Stored:
            answer = self._client.get_object(Bucket=self.bucket, Key=self.full_key(key))
            return Stored(body=answer["Body"].read(), etag=answer["ETag"])

        return await self._run("read", key, lambda: _unless(call, 404, but="NoSuchBucket"))

    async def head(self, key: str) -> ObjectInfo | None:
        def call() -> ObjectInfo:
            answer = self._client.head_object(Bucket=self.bucket, Key=self.full_key(key))
            return ObjectInfo(
                size=answer["ContentLength"],
                etag=answer["ETag"],
                content_type=answer.get("ContentType", ""),
                metadata=answer.get("Metadata", {}),
                modified=answer.get("LastModified"),
            )

        return await self._run("look at", key, lambda: _unless(call, 404))

    async def put(self, key: str, body: bytes, *, content_type: str) -> str:
        """Write, whatever was there. Returns the ETag."""

        def call() -> str:
            return self._client.put_object(
                Bucket=self.bucket,
                Key=self.full_key(key),
                Body=body,
                ContentType=content_type,
                **self._written_with,
            )["ETag"]

        return await self._run("write", key, call)

    async def put_if_absent(self, key: str, body: bytes, *, content_type: str) -> str | None:
        """Create the object; None when one is there already (perhaps our own: read it)."""

        def call() -> str:
            return self._client.put_object(
                Bucket=self.bucket,
                Key=self.full_key(key),
                Body=body,
                ContentType=content_type,
                IfNoneMatch="*",
                **self._written_with,
            )["ETag"]

        return await self._run("create", key, lambda: _unless(lambda: _settled(call), 412))

    async def put_if_match(
        self, key: str, body: bytes, etag: str, *, content_type: str
    ) -> str | None:
        """Replace exactly the version `etag`; None when it is another one by now, or gone."""

        def call() -> str:
            return self._client.put_object(
                Bucket=self.bucket,
                Key=self.full_key(key),
                Body=body,
                ContentType=content_type,
                IfMatch=etag,
                **self._written_with,
            )["ETag"]

        return await self._run(
            "replace",
            key,
            lambda: _unless(lambda: _settled(call), 412, 404, but="NoSuchBucket"),
        )

    async def delete(self, key: str) -> None:
        """Remove the object; no error when there is none."""
        await self._run(
            "delete",
            key,
            lambda: self._client.delete_object(Bucket=self.bucket, Key=self.full_key(key)),
        )

    async def iter_keys(self, prefix: str = "") -> AsyncIterator[str]:
        """Each key under `prefix`, in S3's order, a thousand to a request."""
        async for key, _ in self.iter_modified(prefix):
            yield key

    async def iter_modified(self, prefix: str = "") -> AsyncIterator[tuple[str, datetime]]:
        """The same with the time, by the store's clock, at which each was written."""
        cut = len(self.full_key(""))
        token: str | None = None
        while True:
            found, token = await self._run("list", prefix, partial(self._page, prefix, token))
            for key, modified in found:
                yield key[cut:], modified
            if token is None:
                return

    async def presign_get(self, key: str, seconds: int) -> str:
        """A URL with which anyone may read the object for so long. A secret: never log it."""
        return await self._run(
            "presign",
            key,
            lambda: self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self.bucket, "Key": self.full_key(key)},
                ExpiresIn=seconds,
            ),
        )

    async def links_last(self, seconds: int) -> Lasts:
        """Whether a link that is signed now opens for so long, or dies with a session before."""
        return await self._run("sign for", "", lambda: links_last(self._credentials, seconds))

    async def put_media(
        self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]
    ) -> str:
        """Write a media file that is small enough for one request. Returns the ETag."""
        answer = await self._run(
            "write",
            key,
            lambda: self._client.put_object(
                Bucket=self.bucket,
                Key=self.full_key(key),
                Body=body,
                ContentType=content_type,
                Metadata=dict(metadata),
                **self._written_with,
            ),
            pool=self._parts,
        )
        return answer["ETag"]

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """At most `length` bytes of the object from byte `start`, which must lie inside it."""

        def call() -> bytes:
            answer = self._client.get_object(
                Bucket=self.bucket,
                Key=self.full_key(key),
                Range=f"bytes={start}-{start + length - 1}",
            )
            return answer["Body"].read()

        return await self._run("read a part of", key, call, pool=self._parts)

    async def create_multipart(
        self, key: str, content_type: str, metadata: Mapping[str, str]
    ) -> str:
        """Begin an object in parts; nothing is visible under `key` until it is completed."""
        answer = await self._run(
            "begin",
            key,
            lambda: self._client.create_multipart_upload(
                Bucket=self.bucket,
                Key=self.full_key(key),
                ContentType=content_type,
                Metadata=dict(metadata),
                **self._written_with,
            ),
        )
        return answer["UploadId"]

    async def upload_part(self, key: str, upload_id: str, n: int, body: bytes) -> str:
        """Send part `n` (from 1; all but the last at least 5 MiB). Returns its ETag."""
        answer = await self._run(
            "write a part of",
            key,
            lambda: self._client.upload_part(
                Bucket=self.bucket,
                Key=self.full_key(key),
                UploadId=upload_id,
                PartNumber=n,
                Body=body,
            ),
            pool=self._parts,
        )
        return answer["ETag"]

    async def complete_multipart(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]
    ) -> str:
        """Publish the object from its `(number, ETag)` parts. Returns its ETag."""
        answer = await self._run(
            "publish",
            key,
            lambda: self._client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.full_key(key),
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [{"PartNumber": n, "ETag": etag} for n, etag in sorted(parts)]
                },
            ),
            pool=self._parts,
        )
        return answer["ETag"]

    async def abort_multipart(self, key: str, upload_id: str) -> None:
        """Throw away the parts sent so far; no error when there is no such upload any more."""
        await self._run(
            "abort",
            key,
            lambda: _unless(
                lambda: self._client.abort_multipart_upload(
                    Bucket=self.bucket, Key=self.full_key(key), UploadId=upload_id
                ),
                404,
                but="NoSuchBucket",
            ),
        )

    def _page(
        self, prefix: str, token: str | None
    ) -> tuple[list[tuple[str, datetime]], str | None]:
        more: dict[str, str] = {"ContinuationToken": token} if token else {}
        answer = self._client.list_objects_v2(
            Bucket=self.bucket,
            Prefix=self.full_key(prefix),
            **more,  # type: ignore[arg-type]  # an absent token may not be passed as None
        )
        found = [(entry["Key"], entry["LastModified"]) for entry in answer.get("Contents", [])]
        return found, answer.get("NextContinuationToken")

    async def _run(
        self, verb: str, key: str, call: Callable[[], T], *, pool: ThreadPoolExecutor | None = None
    ) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool or self._small, call)
        except (ClientError, BotoCoreError) as error:
            # `from None`: botocore's own message and traceback name the endpoint and the request.
            raise _store_error(error, f"Could not {verb} {self.uri(key)}") from None


def _settled(call: Callable[[], T]) -> T:
    """Repeat while S3 says 409: two conditional writes met, and the winner is not settled yet."""
    for _ in range(CONFLICT_TRIES - 1):
        try:
            return call()
        except ClientError as error:
            if _status(error) != 409:
                raise
    return call()


def _unless(call: Callable[[], T], *statuses: int, but: str = "") -> T | None:
    """The answer, or None when S3 answers one of `statuses` for a reason other than `but`."""
    try:
        return call()
    except ClientError as error:
        if _status(error) in statuses and _code(error) != but:
            return None
        raise


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _store_error(error: ClientError | BotoCoreError, what: str) -> StoreError:
    if isinstance(error, ClientError):
        reason = _code(error)
        status = _status(error)
        transient = status >= 500 or status in (409, 429) or reason in TRANSIENT_CODES
        told = f"the store answered {reason}" + (f" (HTTP {status})" if status else "")
    else:
        reason = type(error).__name__
        transient = reason.endswith(("ConnectionError", "TimeoutError", "ClosedError")) or (
            reason in ("HTTPClientError", "ResponseStreamingError", "IncompleteReadError")
        )
        told = f"no answer from the store ({reason})"
    return StoreError(
        f"{what}: {told}.", reason=reason, transient=transient, advice=ADVICE.get(reason)
    )
