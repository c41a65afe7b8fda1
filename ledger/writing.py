"""What every object is written with, whatever it is: encryption at rest, and tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypedDict
from urllib.parse import quote, urlencode

Encryption = Literal["bucket", "AES256", "aws:kms"]


class WrittenWith(TypedDict, total=False):
    """Parameters that PutObject and CreateMultipartUpload have in common."""

    ServerSideEncryption: Literal["AES256", "aws:kms"]
    SSEKMSKeyId: str
    Tagging: str


@dataclass(frozen=True, slots=True)
class Writing:
    """How objects are written. By default as the bucket itself is set, and without tags.

    `kms_key_id` counts with "aws:kms" alone; without one it is the account's own key for S3.
    """

    encryption: Encryption = "bucket"
    kms_key_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def parameters(self) -> WrittenWith:
        given: WrittenWith = {}
        if self.encryption != "bucket":
            given["ServerSideEncryption"] = self.encryption
        if self.encryption == "aws:kms" and self.kms_key_id:
            given["SSEKMSKeyId"] = self.kms_key_id
        if self.tags:
            # Not "+" for a blank: S3 takes it, and other stores take it as it is.
            given["Tagging"] = urlencode(self.tags, quote_via=quote)
        return given
