"""What the rivals need of S3 and of Pillow, as a hand-written script has it."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def client() -> S3Client:
    return boto3.client(
        "s3",
        endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"],
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            max_pool_connections=64,
        ),
    )


def fitted(picture: bytes, width: int, height: int) -> bytes:
    """A PNG of exactly these pixels, which the video model wants of its reference."""
    with Image.open(io.BytesIO(picture)) as opened:
        fit = ImageOps.fit(opened.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    fit.save(out, "PNG")
    return out.getvalue()


def put(s3: S3Client, where: tuple[str, str], name: str, body: bytes, content_type: str) -> str:
    """Upload and presign; the link lives for a day."""
    bucket, prefix = where
    key = f"{prefix}/{name}"
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    return s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=86_400
    )
