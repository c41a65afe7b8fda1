"""One zygote and the stand-in API it works against, for a test module."""

import contextlib
import json
import secrets
import subprocess
import sys
from dataclasses import asdict
from typing import Any, Self

import httpx

from sandbox.services import S3Access, SandboxService, clean_environment
from tests.chaos.zygote import Command, Life
from tests.conftest import ROOT


class World:
    """Lets workers live and die, and keeps the provider's account of it."""

    def __init__(self, s3: S3Access, sandbox: SandboxService, *, prefix: str = "") -> None:
        self.prefix = prefix or f"chaos-{secrets.token_hex(4)}"
        self._access = s3
        self._bucket = s3.client()
        self._api = httpx.Client(base_url=sandbox.url, timeout=30, trust_env=False)
        environment = {
            **clean_environment(),
            **s3.environment(),
            **sandbox.environment(),
            "MEDIA_BUCKET": s3.bucket,
        }
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.zygote"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, batch_id: str, *briefs: dict[str, Any], **options: Any) -> Life:
        """One life; `kill_at` and `later_seconds` as in `Command`."""
        command = Command(batch_id, list(briefs), prefix=self.prefix, **options)
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(asdict(command)) + "\n")
        self._zygote.stdin.flush()
        return Life(**json.loads(self._zygote.stdout.readline()))

    def chaos(self, *rules: dict[str, Any]) -> None:
        self._api.post("/sandbox/chaos", json=list(rules)).raise_for_status()

    def jobs(self, token: str) -> dict[str, list[dict[str, Any]]]:
        """The accepted jobs whose prompt holds the token, by kind."""
        found: dict[str, list[dict[str, Any]]] = {"image": [], "video": []}
        for job in self.all_jobs():
            if token in job["prompt"]:
                found[job["kind"]].append(job)
        return found

    def all_jobs(self) -> list[dict[str, Any]]:
        return list(self._api.get("/sandbox/jobs").raise_for_status().json()["jobs"])

    def receipt_states(self, batch_id: str, brief_id: str) -> dict[str, str]:
        """What the receipts of a brief's image and video say, by stage."""
        states: dict[str, str] = {}
        for stage in ("image", "video"):
            key = f"{self.prefix}/{batch_id}/{brief_id}/receipts/{stage}.json"
            with contextlib.suppress(self._bucket.exceptions.NoSuchKey):
                found = self._bucket.get_object(Bucket=self._access.bucket, Key=key)
                states[stage] = json.loads(found["Body"].read())["state"]
        return states

    def posts(self) -> dict[str, int]:
        return dict(self._api.get("/sandbox/jobs").raise_for_status().json()["posts"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zygote.kill()
        self._zygote.communicate()
        self._api.close()
