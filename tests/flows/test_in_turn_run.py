"""Two real runs of one batch at once: the second waits, buys nothing and says the same."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import SandboxFactory
from tests.pipeline import Ended, Pipeline, ended, saved, until

pytestmark = pytest.mark.stack

BRIEFS = [Brief(id=name, topic=f"A {name} at the pier") for name in ("gull", "boat")]


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    """Slow enough for the second run to come in the middle of the first."""
    yield from saved(Pipeline(s3, prefect_server, sandbox_factory(video_seconds=3.0)))


def moment(report: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(report[name])


async def both(pipeline: Pipeline) -> list[Ended]:
    first = asyncio.create_task(ended(content_batch, briefs=BRIEFS, batch_id="pier"))
    await asyncio.to_thread(until, lambda: bool(pipeline.jobs("at the pier")), "a job", 60)
    second = asyncio.create_task(ended(content_batch, briefs=BRIEFS, batch_id="pier"))
    return [await first, await second]


def test_the_second_run_waits_and_then_has_nothing_to_do(pipeline: Pipeline) -> None:
    first, second = asyncio.run(both(pipeline))
    assert (first.name, second.name) == ("Completed", "Completed"), second.message
    assert pipeline.posts() == {"text": 2, "image": 2, "video": 2}

    assert moment(second.outcome, "started") >= moment(first.outcome, "ended")
    assert second.outcome["makespan"]["resumed"] == 6
    assert second.outcome["items"] == first.outcome["items"]
    assert pipeline.json("pier/report.json")["flow_run"] == second.run_id

    told = [line for line in pipeline.logs(second.run_id) if "is being made by run" in line]
    assert len(told) == 1
    assert first.run_id in told[0]
    assert not any("is being made" in line for line in pipeline.logs(first.run_id))
