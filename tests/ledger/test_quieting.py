"""boto3's and httpx's own logs at DEBUG, with real requests: what is done, and no secret of it."""

import asyncio
import logging
from contextlib import ExitStack

import boto3
import httpx
import pytest
from botocore.config import Config

from globalaiopc.scrub import quieten_http_loggers
from ledger import ObjectStore
from sandbox.services import S3Access

TOKEN = "session-token-canary-7d1f"
PROMPT = "a-prompt-that-nobody-is-to-read"


@pytest.fixture
def everything(caplog):
    """The root logger at DEBUG, and those of the libraries as a person turns them on."""
    with ExitStack() as levels:
        for name in (None, "botocore", "httpx", "httpcore"):
            levels.enter_context(caplog.at_level(logging.DEBUG, name))
        yield caplog


def client_of(s3: S3Access, **change: str):
    given = {"aws_access_key_id": s3.access_key, "aws_secret_access_key": s3.secret_key}
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return boto3.client(
        "s3", endpoint_url=s3.endpoint, region_name="us-east-1", config=config, **given | change
    )


def test_boto3_at_debug_tells_what_it_does_and_not_with_what(everything, s3):
    client = client_of(s3)
    store = ObjectStore(client, s3.bucket, "quieting")
    everything.clear()  # what a client says while it is being made

    async def use() -> str:
        await store.put("a.json", PROMPT.encode(), content_type="application/json")
        await store.get("a.json")
        return await store.presign_get("a.json", 60)

    link = asyncio.run(use())
    stranger = ObjectStore(client_of(s3, aws_session_token=TOKEN), s3.bucket)
    with pytest.raises(Exception, match="s3://"):
        asyncio.run(stranger.get("a.json"))
    said = everything.text
    assert "PutObject" in said
    assert "CanonicalRequest" in said
    signature = link.partition("X-Amz-Signature=")[2]
    for secret in (s3.secret_key, TOKEN, PROMPT, signature, "Signature=", "AWS4-HMAC-SHA256"):
        assert secret not in said, secret
    client.close()


def test_httpx_at_debug_shows_no_query(everything, s3):
    quieten_http_loggers()
    link = client_of(s3).generate_presigned_url(
        "get_object", Params={"Bucket": s3.bucket, "Key": "none"}, ExpiresIn=60
    )
    with httpx.Client(trust_env=False) as http:
        http.get(link)
    assert f"{s3.endpoint}/{s3.bucket}/none" in everything.text
    assert "X-Amz-Signature" not in everything.text
    assert "X-Amz-Credential" not in everything.text
