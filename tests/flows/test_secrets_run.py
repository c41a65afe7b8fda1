"""Nothing secret gets out of a whole run that goes wrong in many ways, all of it at DEBUG.

Canaries: both API keys, the bucket's secret, a presigned address that a user gave, and the words of
private briefs. Where they are looked for: everything the process said, its crash dump, every object
of the bucket, the Prefect database as bytes, and the server's log.
"""

import asyncio
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials

from blocks import GlobalAIOPC, MediaBucket
from blocks.saving import Settings, save_blocks
from flows.content_batch import content_batch
from globalaiopc.auth import key_hash
from tests.conftest import ROOT, SandboxFactory
from tests.pipeline import Ended, Pipeline, ended, saved, until

pytestmark = pytest.mark.stack

KEY = f"canary-key-{secrets.token_hex(12)}"
NEXT = f"canary-next-{secrets.token_hex(12)}"
STRANGER = f"canary-stranger-{secrets.token_hex(12)}"
DENIED = f"canary-denied-{secrets.token_hex(12)}"

TOPIC = f"The Zephyr{secrets.token_hex(4)} phone that nobody has announced"
PICTURE = f"A Quixote{secrets.token_hex(4)} engine on a white table, seen from above"
OTHER = f"A Nimbus{secrets.token_hex(4)} engine instead, under a cloth"
WORDS = tuple(text.split()[1] for text in (TOPIC, PICTURE, OTHER))
"""By which the private texts are known, whatever is put around them."""


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    yield from saved(Pipeline(s3, prefect_server, sandbox_factory(key=KEY)))


@dataclass
class Said:
    """What a noisy program left behind."""

    out: str
    code: int
    objects: dict[str, bytes]
    database: bytes
    signature: str
    runs: list[dict[str, Any]] = field(repr=False)


@pytest.fixture(scope="module")
def said(pipeline: Pipeline) -> Said:
    _save_bad_blocks(pipeline)
    pipeline.put("own/start.png", pipeline.fetch(pipeline.buy_image("a white gull")))
    link = pipeline._bucket.generate_presigned_url(
        "get_object",
        Params={"Bucket": pipeline.s3.bucket, "Key": f"{pipeline.prefix}/own/start.png"},
        ExpiresIn=3600,
    )
    lists = _lists(pipeline, link)
    pipeline.chaos(
        {"fault": "job_failed", "match": WORDS[1], "message": f"upstream said no to {PICTURE}"},
        {"fault": "truncated_media", "kind": "video", "match": "gull"},
        {"fault": "lose_answer", "route": "sora", "match": "heron"},
    )
    runs: list[dict[str, Any]] = [
        {"briefs": lists["first"], "batch_id": "noisy"},
        {"briefs": lists["changed"], "batch_id": "noisy"},
        {"briefs": lists["changed"], "batch_id": "noisy", "plan": True},
        {"briefs": lists["public"], "batch_id": "refused", "connection": "stranger"},
        {"briefs": lists["public"], "batch_id": "denied", "bucket": "denied"},
    ]
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "tests.flows.noisy", json.dumps(runs)],
        cwd=ROOT,
        env=pipeline.environment | {"PREFECT_LOGGING_LEVEL": "DEBUG", "PYTHONFAULTHANDLER": "1"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    home = pipeline.prefect.home
    files = [one for one in home.rglob("*") if one.is_file() and "prefect.db" in one.name]
    assert files
    return Said(
        out=done.stdout + done.stderr,
        code=done.returncode,
        objects={key: pipeline.body(key) for key in pipeline.objects()},
        database=b"".join(one.read_bytes() for one in files),
        signature=link.rpartition("X-Amz-Signature=")[2],
        runs=runs,
    )


def _lists(pipeline: Pipeline, link: str) -> dict[str, str]:
    private: list[dict[str, Any]] = [
        {"id": "kept", "topic": TOPIC, "private": True},
        {"id": "quoted", "image_prompt": PICTURE, "video_prompt": "It hums", "private": True},
    ]
    public: list[dict[str, Any]] = [
        {"id": "given", "image": link, "video_prompt": "The gull glides"},
        {"id": "lost", "image_prompt": "A heron", "video_prompt": "The heron stands"},
    ]
    changed = [{**private[0], "topic": OTHER}, private[1] | {"image_prompt": OTHER}]
    wanted = {"first": [*private, *public], "changed": changed, "public": public[1:]}
    return {
        name: pipeline.put(f"lists/{name}.jsonl", "\n".join(map(json.dumps, rows)).encode())
        for name, rows in wanted.items()
    }


def _save_bad_blocks(pipeline: Pipeline) -> None:
    environment = pipeline.sandbox.environment()
    GlobalAIOPC(
        api_key=Secret(value=STRANGER),
        text_base_url=environment["GLOBALAIOPC_TEXT_BASE_URL"],
        media_base_url=environment["GLOBALAIOPC_MEDIA_BASE_URL"],
        time_scale=0.01,
    ).save("stranger", overwrite=True, _sync=True)
    MediaBucket(
        bucket=pipeline.s3.bucket,
        prefix=pipeline.prefix,
        credentials=AwsCredentials(
            aws_access_key_id=pipeline.s3.access_key,
            aws_secret_access_key=DENIED,
            aws_session_token=f"{DENIED}-token",
            region_name="us-east-1",
            aws_client_parameters=AwsClientParameters(endpoint_url=pipeline.s3.endpoint),
        ),
    ).save("denied", overwrite=True, _sync=True)


@pytest.mark.exhaustive
def test_the_runs_went_wrong_as_they_were_meant_to(pipeline: Pipeline, said: Said) -> None:
    assert said.code == -6, said.out[-3000:]
    assert "Fatal Python error: Aborted" in said.out
    for logger in ("httpcore", "botocore.auth", "httpx", "prefect", "CanonicalRequest"):
        assert logger in said.out, f"{logger} is not at DEBUG"
    report = json.loads(said.objects["noisy/report.json"])
    states = {item["id"]: item["state"] for item in report["items"]}
    assert states["kept"] == "blocked", states
    assert pipeline.json("noisy/kept/receipts/video.json")["state"] == "landed"
    assert pipeline.json("noisy/lost/receipts/video.json")["state"] == "unknown"
    assert pipeline.json("noisy/given/receipts/video.json")["state"] == "landed"
    assert (
        "InvalidAccessKeyId" in said.out
        or "SignatureDoesNotMatch" in said.out
        or ("AccessDenied" in said.out)
    )


def _secret(pipeline: Pipeline, said: Said) -> dict[str, str]:
    return {
        "the key": KEY,
        "another key": STRANGER,
        "the bucket's secret": pipeline.s3.secret_key,
        "another secret": DENIED,
        "the signature of a user's address": said.signature,
    }


@pytest.mark.exhaustive
def test_no_secret_is_in_what_the_program_said_nor_in_its_crash_dump(
    pipeline: Pipeline, said: Said
) -> None:
    for what, secret in _secret(pipeline, said).items():
        assert secret not in said.out, what
    signed = re.search(r"X-Amz-(Signature|Credential)=\S{8}", said.out)
    assert signed is None, said.out[signed.start() - 300 : signed.end() + 20]


@pytest.mark.exhaustive
def test_no_secret_is_in_the_bucket(pipeline: Pipeline, said: Said) -> None:
    for key, body in said.objects.items():
        for what, secret in _secret(pipeline, said).items():
            own = key.startswith("lists/") and what.startswith("the signature")
            assert own or secret.encode() not in body, f"{what} in {key}"


@pytest.mark.exhaustive
def test_no_secret_is_in_the_database_of_prefect_nor_in_its_log(
    pipeline: Pipeline, said: Said
) -> None:
    log = pipeline.prefect.log.read_bytes()
    assert b"noisy" in said.database
    for what, secret in _secret(pipeline, said).items():
        assert secret.encode() not in said.database, what
        assert secret.encode() not in log, what


@pytest.mark.exhaustive
@pytest.mark.parametrize("word", WORDS, ids=["topic", "picture", "motion"])
def test_the_words_of_a_private_brief_are_in_its_script_and_receipts_alone(
    pipeline: Pipeline, said: Said, word: str
) -> None:
    at = said.out.lower().find(word.lower())
    assert at < 0, said.out[max(0, at - 500) : at + 80]
    lowered = word.lower().encode()
    assert lowered not in said.database.lower()
    assert lowered not in pipeline.prefect.log.read_bytes().lower()
    holding = {key for key, body in said.objects.items() if lowered in body.lower()}
    strange = {
        key
        for key in holding
        if not key.startswith("lists/") and not re.search(r"/(script|receipts/\w+)\.json$", key)
    }
    assert strange == set()


@pytest.mark.exhaustive
def test_what_the_provider_said_of_a_private_brief_is_told_but_for_its_words(said: Said) -> None:
    assert "upstream said no to …" in said.out


# -- a key that is replaced while a batch runs


async def _save_key(pipeline: Pipeline, key: str) -> None:
    async with get_client() as client:
        await save_blocks(Settings.from_environment(pipeline.environment, key), client)


def test_a_batch_goes_on_with_the_new_key_and_looks_old_jobs_up_with_the_old_one(
    pipeline: Pipeline,
) -> None:
    refused = {"fault": "error", "route": "sora", "status": 401, "match": "swan"}
    hold = {"fault": "error", "route": "result", "status": 500, "match": "swan", "times": None}
    pipeline.chaos(refused, hold)
    before = pipeline.posts()

    async def replaced() -> None:
        await asyncio.to_thread(until, lambda: bool(pipeline.jobs("swan", "image")), "the job")
        await _save_key(pipeline, NEXT)
        accepted = await asyncio.to_thread(
            pipeline._sandbox.post, "/sandbox/keys", json=[KEY, NEXT]
        )
        accepted.raise_for_status()
        await asyncio.to_thread(pipeline.chaos, refused)

    async def both() -> Ended:
        briefs = [{"id": "one", "image_prompt": "A swan", "video_prompt": "The swan glides"}]
        run, _ = await asyncio.gather(
            ended(content_batch, briefs=briefs, batch_id="replaced"), replaced()
        )
        return run

    try:
        run = asyncio.run(both())
    finally:
        asyncio.run(_save_key(pipeline, KEY))
    assert run.name == "Completed", run.message
    hashes = {
        stage: pipeline.json(f"replaced/one/receipts/{stage}.json")["key_hash"]
        for stage in ("image", "video")
    }
    assert hashes == {"image": key_hash(KEY), "video": key_hash(NEXT)}
    after = pipeline.posts()
    assert {kind: after[kind] - before[kind] for kind in ("image", "video")} == {
        "image": 1,
        "video": 2,
    }
    assert len(pipeline.jobs("swan", "video")) == 1, "the refused POST made none"
    told = "\n".join(pipeline.logs(run.run_id))
    assert KEY not in told
    assert NEXT not in told
