"""A real S3 server for the session, a media host on the test's loop, a clock that never waits."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from sysconfig import get_path
from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ledger import ObjectStore
from tasks.landing import media_client
from tests.landing.media_host import MediaHost

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SERVICES = ("s3", "master", "volume", "filer", "admin")
PORT_OPTIONS = [f"{name}.port{kind}" for name in SERVICES for kind in ("", ".grpc")]


@dataclass(frozen=True)
class S3:
    """How to reach the session's S3 server; plain values, so that child processes get them too."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str

    def client(self, **config: object) -> "S3Client":
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                max_pool_connections=50,
                **config,
            ),
        )


class InstantClock:
    """Sleeping takes no time and is remembered, in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def wall(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    folder = tmp_path_factory.mktemp("seaweedfs")
    ports = free_ports(len(PORT_OPTIONS))
    server = S3(
        f"http://127.0.0.1:{ports[0]}", "landing-tests", "test-access", secrets.token_hex(16)
    )
    command = [
        str(Path(get_path("scripts")) / "weed"),
        f"-logdir={folder}",
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        *(f"-{option}={port}" for option, port in zip(PORT_OPTIONS, ports, strict=True)),
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
        f"-bucket={server.bucket}",
    ]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
    }
    with (folder / "out.txt").open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            wait_for_bucket(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_for_bucket(server: S3, process: "subprocess.Popen[bytes]") -> None:
    client = server.client(retries={"total_max_attempts": 1})
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "the S3 server ended at once"
        try:
            client.head_bucket(Bucket=server.bucket)
        except (ClientError, BotoCoreError):
            time.sleep(0.1)  # not for luck: polling, with an end
        else:
            return
    pytest.fail("the S3 server did not offer its bucket within 30 s")


@pytest.fixture
def store(s3: S3) -> ObjectStore:
    return ObjectStore(s3.client(), s3.bucket, f"run-{secrets.token_hex(6)}")


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with MediaHost() as host:
        yield host


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with media_client() as client:
        yield client


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()
