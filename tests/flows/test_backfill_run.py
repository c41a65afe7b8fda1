"""The batches of some days: planned, made, made again for nothing; and what is refused."""

import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flows.backfill import backfill
from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.pipeline import Ended, Pipeline, run

pytestmark = pytest.mark.stack

LAST = datetime.now(UTC).date() - timedelta(days=1)
COUNT = 7 if os.environ.get("EVERY_MODEL") == "1" else 3  # `make test-all` takes a week
FIRST = LAST - timedelta(days=COUNT - 1)
DAYS: dict[str, Any] = {"first": FIRST, "last": LAST, "batch_id": "film-{date}"}
NAMES = [f"film-{FIRST + timedelta(days=number)}" for number in range(COUNT)]
BRIEFS = [Brief(id="lamp", image_prompt="A lamp of the day", video_prompt="It swings")]


def rows(ended: Ended, field: str) -> list[Any]:
    return [row[field] for row in ended.outcome["batches"]]


def test_the_days_of_a_range_are_made_once(pipeline: Pipeline) -> None:
    whole: dict[str, Any] = {**DAYS, "briefs": BRIEFS}
    one = run(backfill, **{**whole, "first": LAST})
    assert one.name == "Completed", one.message
    bought = pipeline.posts()
    assert bought == {"text": 0, "image": 1, "video": 1}

    planned = run(backfill, **whole, plan=True)
    assert planned.name == "Planned", planned.message
    assert rows(planned, "batch_id") == NAMES
    assert rows(planned, "state") == ["not begun"] * (COUNT - 1) + ["finished"]
    assert planned.message.startswith(
        f"{FIRST} to {LAST}: {COUNT} batches: 1 finished, {COUNT - 1} not begun. A run"
    )
    assert pipeline.posts() == bought, "a plan spends nothing"

    made = run(backfill, **whole)
    assert made.name == "Completed", made.message
    assert set(rows(made, "state")) == {"Completed"}
    assert f"{COUNT} of {COUNT} briefs landed" in made.message
    bought = pipeline.account()["posts"]
    for name in NAMES:
        assert pipeline.json(f"{name}/report.json")["totals"]["landed"] == 1

    again = run(backfill, **whole)
    assert again.name == "Completed", again.message
    assert pipeline.account()["posts"] == bought, "the same days again submits nothing"
    assert rows(again, "cost") == rows(made, "cost")
    (table,) = pipeline.all("artifacts", artifacts={"flow_run_id": {"any_": [again.run_id]}})
    assert table["key"] == f"backfill-film-date-{FIRST}-{LAST}"


def test_a_batch_that_asks_a_person_asks_here_as_well(pipeline: Pipeline) -> None:
    run(content_batch, briefs=BRIEFS, batch_id=f"asked-{LAST}", approve="images")
    before = pipeline.posts()["video"]
    one_day = {"first": LAST, "last": LAST, "batch_id": "asked-{date}", "briefs": BRIEFS}
    waits = run(backfill, **one_day)
    assert (waits.name, waits.type) == ("AwaitingApproval", "COMPLETED"), waits.message
    assert "1 wait for approval, and spend nothing meanwhile" in waits.message
    assert rows(waits, "state") == ["AwaitingApproval"]
    assert pipeline.posts()["video"] == before


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"last": date.today() + timedelta(days=2)}, "is to come"),
        ({"first": LAST, "last": FIRST}, "is after last"),
        ({"first": FIRST - timedelta(days=500)}, "at most 400"),
        ({"batch_id": "film"}, "the same for each date"),
        ({"batch_id": None}, "no batch_id"),
        ({"briefs": None}, "no briefs"),
        ({"at_once": 2}, "Name a deployment"),
        ({"schedule": "daily"}, "belongs to a deployment"),
        ({"deployment": "content-batch/nowhere"}, "no deployment"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"briefs": [Brief(id="lamp", image_prompt="A lamp", video_model="nothing")]}, "nothing"),
    ],
)
def test_what_cannot_be_is_refused_and_costs_nothing(
    pipeline: Pipeline, asked: dict[str, Any], says: str
) -> None:
    before = pipeline.account()["posts"]
    ended = run(backfill, **{**DAYS, "briefs": BRIEFS, "batch_id": "no-{date}", **asked})
    assert (ended.name, ended.type) == ("Refused", "FAILED")
    assert says in ended.message
    assert pipeline.account()["posts"] == before
