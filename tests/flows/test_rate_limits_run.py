"""A provider that says 429 again and again: slower, complete, and nothing bought twice."""

from collections import Counter

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.pipeline import Pipeline, run

pytestmark = [pytest.mark.stack, pytest.mark.exhaustive]

BRIEFS = 12


def test_a_batch_under_429s_completes_and_bills_each_job_once(pipeline: Pipeline) -> None:
    pipeline.chaos(
        {"fault": "rate_limited", "route": "banana", "times": BRIEFS, "retry_after": "0.2"},
        {"fault": "rate_limited", "route": "sora", "times": 6, "retry_after": "0.2"},
        {"fault": "rate_limited", "route": "result", "times": 12, "retry_after": "0"},
    )
    briefs = [Brief(id=f"n{number}", topic=f"Lantern {number}") for number in range(BRIEFS)]
    batch = run(content_batch, briefs=briefs, batch_id="limited")
    assert batch.name == "Completed", batch.outcome
    kinds = Counter(job["kind"] for job in pipeline.jobs() if job["billed"])
    assert kinds == {"image": BRIEFS, "video": BRIEFS}
    posts = pipeline.posts()
    assert (posts["image"], posts["video"]) == (2 * BRIEFS, BRIEFS + 6), "as many as got a 429"
    seen = pipeline.json("times-seen.json")
    assert seen["models"], "how long they took is there for the next run"
