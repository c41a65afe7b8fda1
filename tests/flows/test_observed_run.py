"""A batch that is watched from outside: by OTLP, by its log lines, and by `flows health`."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks import MediaBucket
from globalaiopc import ErrorInfo
from ledger import JobKey, Ledger, Mine
from tasks.instruments import INSTRUMENTS
from tests.conftest import KEY, ROOT
from tests.otlp import Collector, collecting, told
from tests.pipeline import Pipeline

pytestmark = pytest.mark.stack

CANARY = "cobalt heron"
BRIEFS = f"""id,topic,image_prompt,video_prompt,seconds
fox,,A {CANARY} on a hill,It runs off,4
owl,,[moderate] An owl,It flies off,4
elk,A {CANARY} in the fog,,,4
"""
JSON_LOGS = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER": "json",
    "PREFECT_LOGGING_FORMATTERS_JSON_CLASS": "pythonjsonlogger.json.JsonFormatter",
    "PREFECT_LOGGING_FORMATTERS_JSON_FORMAT": "%(asctime)s %(levelname)s %(name)s %(message)s",
}
RUN = """
import asyncio, sys
from flows.content_batch import content_batch
asyncio.run(content_batch(sys.argv[1], "watched", return_state=True))
"""


def python(pipeline: Pipeline, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=pipeline.environment | more,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def health(pipeline: Pipeline, *arguments: str, **more: str) -> tuple[int, dict[str, Any]]:
    done = python(pipeline, "-m", "flows", "health", "--json", *arguments, **more)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_batch_is_seen_from_outside(pipeline: Pipeline, tmp_path: Path) -> None:
    briefs = tmp_path / "briefs.csv"
    briefs.write_text(BRIEFS)
    pipeline.chaos({"fault": "rate_limited", "route": "banana", "times": 1, "retry_after": "0.1"})
    with collecting() as (address, seen):
        done = python(
            pipeline, "-c", RUN, str(briefs), OTEL_EXPORTER_OTLP_ENDPOINT=address, **JSON_LOGS
        )
    assert done.returncode == 0, done.stderr
    _traced(seen)
    _counted(seen, pipeline)
    _logged(done.stderr)
    sent = b"".join(seen.bodies).decode(errors="replace")
    for secret in (KEY, CANARY, "X-Amz-", "ignature="):
        assert secret not in sent, secret
    assert KEY not in done.stderr


def _traced(seen: Collector) -> None:
    ours = [one for one in seen.spans.values() if "brief" in (one.name, *_names_above(seen, one))]
    briefs = [one for one in ours if one.name == "brief"]
    states = {told(one.attributes)["globalaiopc.brief.id"]: one for one in briefs}
    assert set(states) == {"fox", "owl", "elk"}
    assert {told(one.attributes)["globalaiopc.batch.id"] for one in briefs} == {"watched"}
    assert told(states["owl"].attributes)["globalaiopc.state"] == "failed"
    stages = [one for one in ours if one.name in ("script", "image", "video")]
    assert Counter(one.name for one in stages) == {"script": 1, "image": 3, "video": 2}
    assert all(seen.parent(one) in briefs for one in stages)
    requests = [one for one in ours if one.kind == one.SPAN_KIND_CLIENT]
    for one in requests:
        above = _names_above(seen, one)
        assert above[1] in ("script", "image", "video"), above
        assert above[2:] == ["brief"]
    sent = [one for one in requests if one.name.startswith("POST")]
    assert len(sent) == seen.total("globalaiopc.submits")
    assert all(one.end_time_unix_nano >= one.start_time_unix_nano for one in ours)


def _names_above(seen: Collector, span: object) -> list[str]:
    names = []
    while (span := seen.parent(span)) is not None:  # type: ignore[arg-type]
        names.append(span.name)
    return names


def _counted(seen: Collector, pipeline: Pipeline) -> None:
    posts = pipeline.posts()
    assert seen.total("globalaiopc.submits") == sum(posts.values()) == 7
    assert seen.total("globalaiopc.rate_limits") == 1
    assert seen.total("globalaiopc.landings") == 4
    assert seen.total("globalaiopc.briefs") == 3
    receipts = [
        pipeline.json(f"watched/{key}")
        for key in pipeline.objects("watched")
        if "/receipts/" in key and "script" not in key
    ]
    sizes = [one["media"]["size"] for one in receipts if "media" in one]
    assert seen.total("globalaiopc.landing.size") == sum(sizes)
    amounts = [one.get("amount", 0) for one in receipts]
    assert seen.total("globalaiopc.cost") == pytest.approx(sum(float(one) for one in amounts))
    assert seen.total("globalaiopc.cost") > 0
    ours = {one for one in seen.metrics() if not one.startswith("otel.")}  # the SDK's own
    assert ours <= set(INSTRUMENTS)
    for metric in ours:
        assert set(seen.labels(metric)) <= set(INSTRUMENTS[metric].attributes), metric
    assert seen.resources[0]["service.name"] == "globalaiopc-pipelines"


def _logged(text: str) -> None:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    by_brief = {line["brief_id"]: line for line in lines if "brief_id" in line}
    assert set(by_brief) >= {"fox", "owl", "elk"}
    fox = by_brief["fox"]
    assert (fox["batch_id"], fox["message"][:12]) == ("watched", "fox: landed ")
    assert fox["flow_run_id"]
    assert " | INFO " not in text, "no line is left in the other format"


async def _planted(bucket: MediaBucket) -> None:
    """A lost answer, and a video that nobody has landed for a day."""
    ledger = Ledger(bucket.store(), wall=lambda: datetime.now(UTC) - timedelta(hours=20))
    for brief in ("lost", "left"):
        mine = await ledger.claim(
            JobKey(batch_id="old", brief_id=brief, stage="video"),
            endpoint="sora",
            model="openAiSora2Plus",
            api="v1",
            key_hash="k",
            asked={"prompt": "x"},
        )
        assert isinstance(mine, Mine)
        if brief == "left":
            await ledger.submitted(mine.held, "t-1")
        else:
            error = ErrorInfo(
                code="outcome_unknown",
                message="Lost.",
                charged="unknown",
                retry_is_free=False,
                who_acts="user",
            )
            await ledger.unknown(mine.held, error)


def test_health_says_ok_degraded_and_down(pipeline: Pipeline) -> None:
    posts = pipeline.posts()
    code, well = health(pipeline)
    assert (code, well["state"]) == (0, "ok"), well
    names = {one["name"] for one in well["result"]["checks"]}
    assert names >= {"Prefect server", "key accepted", "bucket writable", "If-None-Match honoured"}

    asyncio.run(_plant())
    with collecting() as (address, seen):
        code, worse = health(pipeline, OTEL_EXPORTER_OTLP_ENDPOINT=address)
    assert (code, worse["state"]) == (1, "degraded"), worse
    assert worse["result"]["unknown_jobs"] == worse["result"]["expiring_jobs"] == 1
    told_of = {one["name"]: one for one in worse["result"]["checks"] if one["level"] != "ok"}
    assert "old/lost/video" in told_of["jobs of unknown outcome"]["detail"]
    assert "python -m flows rescue" in told_of["media landed in time"]["advice"]
    assert seen.total("globalaiopc.health") == 1
    assert seen.total("globalaiopc.unknown.jobs") == 1

    code, down = health(pipeline, "--connection", "nobody")
    assert (code, down["state"]) == (2, "down")
    code, away = health(pipeline, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (code, away["state"]) == (2, "down")
    assert "does not answer" in away["result"]["checks"][0]["detail"]
    assert pipeline.posts() == posts, "it buys nothing"


async def _plant() -> None:
    await _planted(await MediaBucket.aload("default"))
