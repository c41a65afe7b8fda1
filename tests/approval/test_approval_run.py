"""A batch that waits for approval, run as a script is: it ends where a person has to answer."""

from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.image_to_video import image_to_video
from flows.text_to_video import text_to_video
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


@pytest.mark.parametrize("flow", [text_to_video, image_to_video])
def test_one_brief_alone_does_not_pass_the_sheet_by(pipeline: Pipeline, flow: Any) -> None:
    approve("mole", 2)
    for name in ("b1", "b9"):  # one of the sheet, and one that the batch has not got
        brief = Brief(id=name, image_prompt="mole 1", video_prompt="Pan", image="mole/b1/image.png")
        refused = run(flow, brief=brief, batch_id="mole")
        assert (refused.name, refused.type) == ("Refused", "FAILED"), refused.message
        assert "Its sheet: artifact sheet-mole, or s3://" in refused.message
        assert "mole/approval/sheet-1.html" in refused.message
    assert bought(pipeline, "mole") == (2, 0)


def test_a_video_that_is_bought_needs_nobody_s_word(pipeline: Pipeline) -> None:
    (brief,) = briefs("dune", 1)
    assert approve("dune", 1, approval="all").name == "Completed"
    again = run(text_to_video, brief=brief, batch_id="dune")
    assert again.name == "Completed", again.message
    assert bought(pipeline, "dune") == (1, 1)


def test_a_picture_is_made_again_with_another_prompt_and_paid_once_each(pipeline: Pipeline) -> None:
    topics = [Brief(id=f"t{n}", topic=f"kelp {n}", tags=[f"stars:{n}"]) for n in (1, 2)]
    asked: dict[str, Any] = {"briefs": topics, "batch_id": "kelp", "prices": PRICES, "budget": 9}
    first = run(content_batch, approve="images", **asked)
    assert first.outcome["budget"]["spent"] == pytest.approx(0.24)
    texts = pipeline.posts()["text"]

    for _ in range(2):
        again = run(content_batch, approval="2\nagain 1: <red> kelp", **asked)
        assert (again.name, states(again)) == ("AwaitingApproval", ["awaiting_approval", "landed"])
    (row,) = pipeline.json("kelp/approval/sheet-2.json")["rows"]
    assert (row["number"], row["take"], row["prompt"]) == (1, 2, "<red> kelp")
    assert len(pipeline.jobs("<red> kelp", "image")) == 1

    done = run(content_batch, approval="best 9 under 9", **asked)
    assert (done.name, states(done)) == ("Completed", ["landed", "landed"])
    assert done.items["t1"]["cost"] == pytest.approx(0.12 + 0.12 + 0.40)
    assert done.outcome["budget"]["spent"] == pytest.approx(3 * 0.12 + 2 * 0.40)
    assert pipeline.posts()["text"] == texts
    script = pipeline.json("kelp/t1/script.json")["script"]
    video = pipeline.json("kelp/t1/receipts/video.take2.json")
    assert video["asked"]["prompt"] == script["video_prompt"]
    assert video["state"] == "landed"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"shards": 2, "approve": "images"}, "shards"),
        ({"wave": 0, "approve": "images"}, "A sheet cannot have 0 pictures."),
        ({"approval": "1,x"}, 'Line 1, character 3: "x" is neither a number nor a word'),
        ({"approval": "1,9"}, "Line 1, character 3: the batch has no 9. Allowed: the numbers 1-4."),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_bought(
    pipeline: Pipeline, asked: dict[str, Any], told: str
) -> None:
    refused = run(content_batch, briefs=briefs("reef", 4), batch_id="reef", **asked)
    assert (refused.name, refused.type) == ("Refused", "FAILED")
    assert told in refused.message
    assert bought(pipeline, "reef") == (0, 0)


def test_a_plan_says_that_a_person_will_be_asked(pipeline: Pipeline) -> None:
    planned = approve("reef", plan=True)
    assert planned.name == "Planned"
    assert "No video is made without approval: 0 videos of 4 briefs approved" in planned.message
