"""A batch that waits for approval, run as a script is: it ends where a person has to answer."""

from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import ROOT
from tests.pipeline import Ended, Pipeline, run

pytestmark = pytest.mark.stack

PRICES = str(ROOT / "examples" / "prices.toml")


def briefs(batch: str, count: int) -> list[Brief]:
    return [
        Brief(id=f"b{n}", image_prompt=f"{batch} {n}", video_prompt=f"Pan: {batch} {n}")
        for n in range(1, count + 1)
    ]


def approve(batch: str, count: int = 4, **asked: Any) -> Ended:
    return run(
        content_batch,
        briefs=briefs(batch, count),
        batch_id=batch,
        approve="images",
        prices=PRICES,
        **asked,
    )


def bought(pipeline: Pipeline, batch: str) -> tuple[int, int]:
    """Images and videos that the provider was paid for."""
    return len(pipeline.jobs(batch, "image")), len(pipeline.jobs(batch, "video"))


def states(ended: Ended) -> list[str]:
    return [
        item["state"] if item["error"] is None else item["error"]["code"]
        for item in ended.items.values()
    ]


def test_no_video_is_bought_before_the_answer_and_those_approved_once(pipeline: Pipeline) -> None:
    first = approve("quay")
    assert (first.name, first.type) == ("AwaitingApproval", "COMPLETED"), first.message
    assert states(first) == ["awaiting_approval"] * 4
    assert bought(pipeline, "quay") == (4, 0)
    shown = pipeline.body("quay/approval/sheet-1.json")

    silence = approve("quay")
    assert states(silence) == ["awaiting_approval"] * 4
    assert pipeline.body("quay/approval/sheet-1.json") == shown

    for _ in range(2):
        answered = approve("quay", approval="1,3")
        assert answered.name == "Completed", answered.message
        assert states(answered) == ["landed", "declined", "landed", "declined"]
        assert bought(pipeline, "quay") == (4, 2)
    # Whoever forgets to ask for approval, or answers otherwise now, changes nothing.
    for asked in ({"approve": None}, {"approval": "all"}):
        late = run(content_batch, **{"briefs": briefs("quay", 4), "batch_id": "quay", **asked})
        assert states(late) == ["landed", "declined", "landed", "declined"]
    assert bought(pipeline, "quay") == (4, 2)
