"""The MediaBucket block: where everything lands."""

import re
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import boto3
from botocore.config import Config
from botocore.session import Session
from prefect.blocks.core import Block
from prefect_aws.credentials import AwsCredentials
from pydantic import Field, HttpUrl, ValidationInfo, field_validator

from ledger import ObjectStore, Verdict, probe
from ledger.writing import Encryption, Writing

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CONNECTIONS = 50
MOST_TAGS = 10
_TAG = re.compile(r"[\w +\-=.:/@]*")
Addressing = Literal["automatic", "path", "virtual"]
Style = Literal["auto", "path", "virtual"]


class MediaBucket(Block):
    """The S3 bucket that holds media and receipts. `store()` opens it; `check()` tries it."""

    _block_type_name = "MediaBucket"
    _block_type_slug = "media-bucket"
    _description = (
        "The S3 bucket in which scripts, images, videos and the receipts of paid jobs lie. The "
        "store must honour conditional writes: run `python -m blocks check`."
    )
    # Prefect takes only http(s) addresses for logos, as for its own blocks (lucide.dev, ISC).
    _logo_url = HttpUrl("https://cdn.jsdelivr.net/npm/lucide-static@0.545.0/icons/archive.svg")
    _code_example: ClassVar[str] = """\
        ```python
        from blocks import MediaBucket

        store = (await MediaBucket.aload("default")).store()
        async for key in store.iter_keys("daily-2026-01-02/"):
            print(store.uri(key))
        ```
        """

    bucket: str = Field(
        default=...,
        min_length=3,
        max_length=63,
        title="Bucket",
        description="The bucket's name, without s3:// and without a path.",
    )
    prefix: str = Field(
        default="",
        title="Prefix",
        description="Everything lies under this path in the bucket. Empty: at its top.",
    )
    credentials: AwsCredentials | None = Field(
        default=None,
        title="Credentials",
        description=(
            "An AWS Credentials block. Without it boto3's own chain is used: environment, "
            "profile, or the machine's role."
        ),
    )
    addressing: Addressing = Field(
        default="automatic",
        title="Addressing",
        description=(
            "Where requests carry the bucket's name: in the path or before the host (virtual, as "
            "Alibaba Cloud OSS wants it). Automatic: in the path when the credentials name an "
            "endpoint, else as boto3 decides."
        ),
    )
    encryption: Encryption = Field(
        default="bucket",
        title="Encryption at rest",
        description=(
            "bucket: as the bucket itself is set. AES256: with S3's own keys (SSE-S3). aws:kms: "
            "with a key in AWS KMS (SSE-KMS)."
        ),
    )
    kms_key_id: str = Field(
        default="",
        title="KMS key",
        description="ARN or id of the key, with aws:kms only. Empty: the account's key for S3.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict,
        title="Object tags",
        description="Names and values that every object is written with, for bills and rules.",
    )
    single_process: bool = Field(
        default=False,
        title="Single-process mode",
        description=(
            "Use a store that ignores conditional writes all the same. You give up the protection "
            "between processes: two runs at the same time, or one run that Prefect starts twice, "
            "may both pay for the same job. Has no effect on a store that honours them."
        ),
    )

    @field_validator("bucket")
    @classmethod
    def _bare_name(cls, value: str) -> str:
        if "/" in value or ":" in value:
            raise ValueError("only the bucket's name goes here: no s3://, no path, no address")
        return value

    @field_validator("prefix")
    @classmethod
    def _without_outer_slashes(cls, value: str) -> str:
        return value.strip("/")

    @field_validator("kms_key_id")
    @classmethod
    def _key_of_kms(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("encryption") != "aws:kms":
            raise ValueError("a KMS key is used with the encryption aws:kms only")
        return value.strip()

    @field_validator("tags")
    @classmethod
    def _tags_that_s3_takes(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MOST_TAGS:
            raise ValueError(f"S3 keeps at most {MOST_TAGS} tags for an object")
        for name, text in value.items():
            if not (name and len(name) <= 128 and len(text) <= 256 and not name.startswith("aws:")):
                raise ValueError(
                    "a tag has a name of 1 to 128 characters, not beginning with aws:, and a value "
                    "of at most 256"
                )
            if not _TAG.fullmatch(name + text):
                raise ValueError("tags hold letters, digits, blanks and + - = . _ : / @ only")
        return value

    def s3_client(self) -> "S3Client":
        """A boto3 client with these credentials, or with boto3's own chain.

        A store of one's own (SeaweedFS, MinIO) gets the bucket in the path, since names under such
        a host seldom resolve; the Botocore config of the credentials wins over that. Signature v4
        always: for presigned URLs boto3 would fall back to v2 with some endpoints.
        """
        return self._client(self._session())

    def store(self) -> ObjectStore:
        """The bucket under its prefix."""
        session = self._session()
        return ObjectStore(
            self._client(session),
            self.bucket,
            self.prefix,
            writing=Writing(self.encryption, self.kms_key_id, self.tags),
            credentials=session.get_credentials(),
        )

    async def check(self) -> tuple[Verdict, ...]:
        """Whether the bucket can be used and honours what the receipts rely on."""
        return await probe(self.store(), ca_bundle=self._ca_bundle())

    def _session(self) -> boto3.Session:
        return (self.credentials or AwsCredentials()).get_boto3_session()

    def _client(self, session: boto3.Session) -> "S3Client":
        parameters = self._parameters()
        automatic: Style = "path" if "endpoint_url" in parameters else "auto"
        style = automatic if self.addressing == "automatic" else self.addressing
        config = Config(
            signature_version="s3v4",
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=CONNECTIONS,
            s3={"addressing_style": style},
        ).merge(parameters.pop("config", Config()))
        client: S3Client = session.client("s3", config=config, **parameters)
        return client

    def _parameters(self) -> dict[str, Any]:
        credentials = self.credentials or AwsCredentials()
        given: dict[str, Any] = credentials.aws_client_parameters.get_params_override()
        return given

    def _ca_bundle(self) -> str | None:
        """The file that the client judges the store's certificate by, if not by boto3's own."""
        named = self._parameters().get("verify")
        if isinstance(named, str | PathLike):
            return str(named)
        profile = self.credentials.profile_name if self.credentials else None
        found: str | None = Session(profile=profile).get_config_variable("ca_bundle")
        return found
