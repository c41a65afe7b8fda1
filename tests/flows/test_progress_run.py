"""A batch that is watched: its artifacts, its log and where its time went, on real parts."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from flows import following
from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import SandboxFactory
from tests.pipeline import Ended, Pipeline, run, saved

pytestmark = pytest.mark.stack

COUNT = 8
TASK_RUNS_A_BRIEF = 6
OF_THE_RUN = 4
"""Lines of a run's log that are not of a brief: its beginning, its address, its size, its end."""

BRIEFS = [
    Brief(id=f"b{number}", topic=f"{'[moderate] ' if number == 0 else ''}A lantern {number}")
    for number in range(COUNT)
]


@pytest.fixture(scope="module")
def pipeline(s3: Any, prefect_server: Any, sandbox_factory: SandboxFactory) -> Iterator[Pipeline]:
    """Slow enough for the artifacts to be written a few times."""
    sandbox = sandbox_factory(text_seconds=0.3, image_seconds=1.0, video_seconds=3.0)
    yield from saved(Pipeline(s3, prefect_server, sandbox))


@pytest.fixture(scope="module")
def watched(pipeline: Pipeline) -> Ended:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "SECONDS", 0.5)
        return run(content_batch, briefs=BRIEFS, batch_id="Watched_1")


@pytest.fixture(scope="module")
def artifacts(pipeline: Pipeline, watched: Ended) -> dict[str, dict[str, Any]]:
    rows = pipeline.all("artifacts", artifacts={"flow_run_id": {"any_": [watched.run_id]}})
    assert len(rows) == 4
    return {row["key"]: row for row in rows}


def test_the_progress_is_written_over_and_full_at_the_end(
    artifacts: dict[str, dict[str, Any]],
) -> None:
    bar = artifacts["progress-watched-1"]
    assert (bar["type"], float(bar["data"])) == ("progress", 100.0)
    assert bar["updated"] > bar["created"]


def test_the_page_says_how_it_stands(artifacts: dict[str, dict[str, Any]], watched: Ended) -> None:
    status = artifacts["status-watched-1"]
    page = status["data"]
    assert page.startswith("# Batch Watched_1\n\nStarted ")
    assert "all briefs are over" in page
    assert f"Cost so far: {watched.outcome['totals']['cost']:g}." in page
    assert "| landed | 7 |" in page
    assert "| failed | 1 |" in page
    assert "| all | 8 |" in page
    assert "### 1 brief: job moderated" in page
    assert "**What to do:** The provider refused the content." in page
    words = re.sub(r"data:image/jpeg;base64,[\w+/=]+", "", page)
    assert 1 <= page.count("data:image/jpeg") <= 6
    assert len(words) < 4_000
    assert len(page) < 100_000
    assert status["updated"] > status["created"]


def test_the_makespan_adds_up_to_how_long_it_took(
    artifacts: dict[str, dict[str, Any]], pipeline: Pipeline, watched: Ended
) -> None:
    stored = pipeline.json("Watched_1/report.json")
    took = stored["makespan"]
    started, ended = (datetime.fromisoformat(stored[name]) for name in ("started", "ended"))
    actual = (ended - started).total_seconds()
    assert sum(took["split"].values()) == pytest.approx(actual, rel=0.02)
    assert took["seconds"] == pytest.approx(actual, rel=0.02)
    assert 0 < took["bound"] <= took["ideal"] <= took["seconds"]
    assert {one["stage"]: one["jobs"] for one in took["stages"] if one["stage"] != "landing"} == {
        "script": 8,
        "image": 8,
        "video": 7,
    }
    assert took["split"]["generation"] > 3.0
    assert took["split"]["person"] == 0
    assert took["resumed"] == 0
    assert took["advice"]
    assert took["advice"] in artifacts["makespan-watched-1"]["data"]
    assert pipeline.json("Watched_1/report.json") == watched.outcome


def test_a_brief_costs_few_task_runs(pipeline: Pipeline, watched: Ended) -> None:
    rows = pipeline.task_runs(watched.run_id, 3 * COUNT - 1)
    by_brief = Counter(row["name"].split(" ")[0] for row in rows)
    assert set(by_brief) == {brief.id for brief in BRIEFS}
    assert max(by_brief.values()) <= TASK_RUNS_A_BRIEF


def test_the_log_has_a_line_for_a_brief_and_none_for_a_look(
    pipeline: Pipeline, watched: Ended
) -> None:
    lines = pipeline.logs(watched.run_id)
    good = [line for line in lines if ": landed " in line]
    assert len(good) == COUNT - 1
    about_b0 = [line for line in lines if "b0" in line or "moderat" in line]
    assert about_b0, "the one that failed is not left out"
    assert len(lines) <= len(good) + len(about_b0) + OF_THE_RUN, "\n".join(lines)


def test_running_it_again_says_what_was_bought_before(pipeline: Pipeline, watched: Ended) -> None:
    again = run(content_batch, briefs=BRIEFS[1:], batch_id="Watched_1")
    took = again.outcome["makespan"]
    assert (took["bound"], took["efficiency"]) == (0, None)
    assert took["resumed"] == 3 * (COUNT - 1)
    assert took["advice"].startswith("Nothing was generated in this run: 21 jobs were bought")
    assert json.dumps(took)
