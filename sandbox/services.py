"""The real parts around the pipelines, started on free ports of 127.0.0.1 and stopped again.

For the demo and the tests. Here are an S3 server (SeaweedFS) and the stand-in API;
`sandbox.prefect_parts` adds Prefect's server and worker. `start()` returns when the part answers;
to start several at once, call `launch()` on each and then `ready()` on each. On failure
`ServiceFailed` shows the end of the log. Leaving a part's `with` stops it and all below it.
"""

from __future__ import annotations

import os
import shutil
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.processes import Child, PortTaken, ServiceFailed, free_ports

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from mypy_boto3_s3 import S3Client

START_SECONDS = 120.0
"""How long a part may take to answer. A first Prefect start migrates its database: 9-17 s, and a
multiple of that on a busy machine."""

_PORT_TRIES = 4
_REGION = "us-east-1"
_FOREIGN = ("AWS_", "GLOBALAIOPC_", "MEDIA_", "PREFECT_")
# Every port is given: those left out would be fixed numbers, maybe taken.
_WEED_PARTS = ("s3", "master", "volume", "filer", "admin")
_WEED_PORTS = tuple(f"{part}.port{kind}" for part in _WEED_PARTS for kind in ("", ".grpc"))
_WEED_OFF = ("s3.port.iceberg=0", "s3.port.lance=0", "webdav=false", "admin.ui=false")


def clean_environment() -> dict[str, str]:
    """What a child inherits: nobody's Prefect, AWS or API settings, and no proxy for 127.0.0.1.

    The demo and the tests must reach their own parts only, whatever the user is logged in to.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


class Service(ABC):
    """One part. Its addresses are settled once `ready()` has returned."""

    name: str
    awaited: str
    port_count = 1

    def __init__(self, log: Path) -> None:
        self.log = log
        self._child: Child | None = None
        self._ports: Sequence[int] = ()

    @abstractmethod
    def spawn(self, ports: Sequence[int]) -> Child:
        """Start the program on these ports, without waiting for it."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is up, asked once."""

    def start(self) -> Self:
        return self.launch().ready()

    def launch(self) -> Self:
        self._ports = free_ports(self.port_count)
        return self.relaunch()

    def relaunch(self) -> Self:
        """Start it again on the ports it had, where its clients look for it."""
        self._child = self.spawn(self._ports)
        return self

    def ready(self) -> Self:
        """Return once it answers; on other ports if somebody took one of these in between."""
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                self.child.wait_until(self.answers, seconds=START_SECONDS, what=self.awaited)
            except PortTaken:
                self.stop()
                if not tries_left:
                    raise
                self.launch()
            except BaseException:
                self.stop()
                raise
            else:
                break
        return self

    @property
    def child(self) -> Child:
        if self._child is None:
            raise ServiceFailed(f"{self.name} was not launched.")
        return self._child

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass(frozen=True)
class S3Access:
    """Where a bucket is and what opens it; plain values, so that child processes get them too."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    ca_bundle: str | None = None

    def environment(self) -> dict[str, str]:
        """What boto3, and so every tool of ours, reads."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": _REGION,
            **({"AWS_CA_BUNDLE": self.ca_bundle} if self.ca_bundle else {}),
        }

    def client(self, *, seconds: float = 60.0, tries: int = 3) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=_REGION,
            verify=self.ca_bundle,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                proxies={},
                connect_timeout=seconds,
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": tries},
                max_pool_connections=50,
            ),
        )


@dataclass(frozen=True)
class Certificate:
    """PEM files of a server's certificate and its key, and of the CA that has signed it."""

    chain: Path
    key: Path
    ca: Path


class S3Service(Service):
    """SeaweedFS in one process, open to one key pair. Its data outlives it in `directory`.

    With a `certificate` (for 127.0.0.1) it is asked by https, `options` are added to its command
    line.
    """

    name = "The S3 server"
    awaited = "its bucket"
    port_count = len(_WEED_PORTS) + 1

    def __init__(
        self,
        directory: Path,
        *,
        access_key: str,
        secret_key: str,
        bucket: str,
        log: Path,
        certificate: Certificate | None = None,
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(log)
        self.directory = directory
        self._certificate = certificate
        self._options = options
        self.access = S3Access("", bucket, access_key, secret_key)
        self.browse_url = ""

    def spawn(self, ports: Sequence[int]) -> Child:
        tls = self._certificate
        # The filer shows the bucket to a browser, without a key: it listens on 127.0.0.1 only.
        *plain, https = ports
        filer = dict(zip(_WEED_PORTS, plain, strict=True))["filer.port"]
        self.browse_url = f"http://127.0.0.1:{filer}/buckets/{self.access.bucket}"
        endpoint = f"https://127.0.0.1:{https}" if tls else f"http://127.0.0.1:{plain[0]}"
        ca_bundle = str(tls.ca) if tls else None
        self.access = replace(self.access, endpoint=endpoint, ca_bundle=ca_bundle)
        logs = self.directory / "log"
        logs.mkdir(parents=True, exist_ok=True)
        command = [_installed("weed"), f"-logdir={logs}", "mini", f"-dir={self.directory}"]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-bucket={self.access.bucket}"]
        command += [f"-{flag}={port}" for flag, port in zip(_WEED_PORTS, plain, strict=True)]
        command += [f"-{flag}" for flag in (*_WEED_OFF, "master.telemetry=false", *self._options)]
        if tls is not None:
            command += [f"-s3.port.https={https}", f"-s3.cert.file={tls.chain}"]
            command += [f"-s3.key.file={tls.key}"]
        # Without a key pair in its environment it lets everybody in.
        env = clean_environment() | self.access.environment()
        return Child(self.name, command, env=env, log=self.log)

    def answers(self) -> bool:
        # The bucket is there a moment after the port.
        try:
            self.access.client(seconds=2, tries=1).head_bucket(Bucket=self.access.bucket)
        except (BotoCoreError, ClientError):
            return False
        return True

    def stop(self) -> None:
        super().stop()
        # It leaves these in /tmp, whatever TMPDIR says; only those of our ports are ours.
        for port in self._ports:
            for leftover in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108
                leftover.unlink(missing_ok=True)


class SandboxService(Service):
    """The stand-in API, open to one key; `options` are added to its command line.

    `catalogues` are TOML files with models of one's own.
    """

    name = "The stand-in API"
    awaited = "its list of jobs"

    def __init__(
        self,
        *,
        key: str,
        log: Path,
        seed: int = 1,
        text_seconds: float = 0.05,
        image_seconds: float = 0.1,
        video_seconds: float = 0.2,
        asset_seconds: float = 0.1,
        catalogues: Sequence[Path] = (),
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(log)
        self.key = key
        self.url = ""
        self._command = [sys.executable, "-m", "sandbox", "--key", key, "--seed", str(seed)]
        self._command += ["--text-seconds", str(text_seconds)]
        self._command += ["--image-seconds", str(image_seconds)]
        self._command += ["--video-seconds", str(video_seconds)]
        self._command += ["--asset-seconds", str(asset_seconds), *options]
        for file in catalogues:
            self._command += ["--catalogue", str(file)]

    def spawn(self, ports: Sequence[int]) -> Child:
        self.url = f"http://127.0.0.1:{ports[0]}"
        command = [*self._command, "--port", str(ports[0])]
        return Child(self.name, command, env=clean_environment(), log=self.log)

    def answers(self) -> bool:
        return responds(f"{self.url}/sandbox/jobs")

    def environment(self) -> dict[str, str]:
        """What `python -m blocks` reads."""
        return {
            "GLOBALAIOPC_API_KEY": self.key,
            "GLOBALAIOPC_TEXT_BASE_URL": f"{self.url}/gw_llm_power",
            "GLOBALAIOPC_MEDIA_BASE_URL": f"{self.url}/kyyReactApiServer",
        }


def _installed(program: str) -> str:
    """The program beside our Python (a virtual environment's), else the one on the PATH."""
    found = shutil.which(program, path=Path(sys.executable).parent) or shutil.which(program)
    if found is None:
        raise ServiceFailed(f"{program} is missing: pip install 'globalaiopc-pipelines[sandbox]'")
    return found


def responds(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
