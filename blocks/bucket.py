"""The MediaBucket block: where everything lands."""

from typing import TYPE_CHECKING, ClassVar

from botocore.config import Config
from prefect.blocks.core import Block
from prefect_aws.credentials import AwsCredentials
from pydantic import Field, HttpUrl, field_validator

from ledger import ObjectStore, Verdict, probe

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

CONNECTIONS = 50


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

    def s3_client(self) -> "S3Client":
        """A boto3 client with these credentials, or with boto3's own chain.

        A store of one's own (SeaweedFS, MinIO) gets the bucket in the path, since names under such
        a host seldom resolve; the Botocore config of the credentials wins over that. Signature v4
        always: for presigned URLs boto3 would fall back to v2 with some endpoints.
        """
        credentials = self.credentials or AwsCredentials()
        parameters = credentials.aws_client_parameters.get_params_override()
        config = Config(
            signature_version="s3v4",
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=CONNECTIONS,
            s3={"addressing_style": "path"} if "endpoint_url" in parameters else None,
        ).merge(parameters.pop("config", Config()))
        client: S3Client = credentials.get_boto3_session().client("s3", config=config, **parameters)
        return client

    def store(self) -> ObjectStore:
        """The bucket under its prefix."""
        return ObjectStore(self.s3_client(), self.bucket, self.prefix)

    async def check(self) -> tuple[Verdict, ...]:
        """Whether the bucket can be used and honours what the receipts rely on."""
        return await probe(self.store())
