"""S3 servers of two makers: SeaweedFS as a company runs it, and moto."""

import json
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import boto3
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from moto.server import ThreadedMotoServer
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials

from blocks import MediaBucket
from sandbox.services import Certificate, S3Access, S3Service
from tests.conftest import ROOT

T = TypeVar("T")

POLICIES = ROOT / "deploy" / "bucket"
DOMAIN = "s3.localhost"
PREFIX = "media"
BUCKET = "my-bucket"


@contextmanager
def seaweed(folder: Path) -> Iterator[S3Access]:
    """With https by a CA of its own, names of buckets before the host, and users with policies."""
    ca = trustme.CA()
    issued = ca.issue_cert("127.0.0.1", DOMAIN, f"*.{DOMAIN}")
    files = Certificate(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    ca.cert_pem.write_to_path(str(files.ca))
    issued.private_key_pem.write_to_path(str(files.key))
    for pem in issued.cert_chain_pems:
        pem.write_to_path(str(files.chain), append=True)
    part = S3Service(
        folder / "s3",
        access_key="admin",
        secret_key=secrets.token_hex(16),
        bucket=BUCKET,
        log=folder / "s3.log",
        certificate=files,
        options=("s3.iam.readOnly=false", f"s3.domainName={DOMAIN}"),
    )
    with part.start():
        yield part.access


@contextmanager
def moto() -> Iterator[S3Access]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        access = S3Access(f"http://{host}:{port}", BUCKET, "moto", "any")
        access.client().create_bucket(Bucket=BUCKET)
        yield access
    finally:
        server.stop()


def media_bucket(access: S3Access, **fields: Any) -> MediaBucket:
    """The block, with the CA named in its credentials."""
    parameters = AwsClientParameters(
        endpoint_url=access.endpoint, verify_cert_path=access.ca_bundle or None
    )
    credentials = AwsCredentials(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name="us-east-1",
        aws_client_parameters=parameters,
    )
    named = {"prefix": f"{PREFIX}/{secrets.token_hex(4)}", **fields}
    return MediaBucket(bucket=access.bucket, credentials=credentials, **named)


def at_its_name(access: S3Access) -> S3Access:
    """The same server by a name, under which every bucket has one of its own."""
    return replace(access, endpoint=access.endpoint.replace("127.0.0.1", DOMAIN))


def names_lead_here(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What ends in the domain is found on loopback; returns the names that are asked for."""
    find, asked = socket.getaddrinfo, set[str]()

    def found(host: Any, *rest: Any, **more: Any) -> Any:
        if isinstance(host, str) and host.endswith(DOMAIN):
            asked.add(host)
            host = "127.0.0.1"
        return find(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def user_with(access: S3Access, policy: str) -> S3Access:
    """A new user of SeaweedFS who has a policy of `deploy/bucket/`, and nothing else."""
    iam = boto3.client(
        "iam",
        endpoint_url=access.endpoint,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name="us-east-1",
        verify=access.ca_bundle,
        config=Config(proxies={}),
    )
    document = json.loads((POLICIES / policy).read_text("utf-8"))
    name = f"user-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    user = replace(access, access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])
    _until_known(
        lambda: user.client().list_objects_v2(Bucket=user.bucket, Prefix=f"{PREFIX}/", MaxKeys=1)
    )
    return user


def _until_known(ask: Callable[[], object]) -> None:
    """The server takes up a new user within a moment."""
    end = time.monotonic() + 60
    while True:
        try:
            ask()
        except (BotoCoreError, ClientError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The S3 operations that our code asks for, by botocore's names."""
    asked, opened = set[str](), AwsCredentials.get_boto3_session

    def session(block: AwsCredentials) -> boto3.Session:
        made = opened(block)
        made.events.register("before-call.s3", lambda model, **_: asked.add(model.name))
        return made

    with monkeypatch.context() as changed:
        changed.setattr(AwsCredentials, "get_boto3_session", session)
        yield asked
