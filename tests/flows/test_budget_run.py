"""A batch with a budget, over the real parts: what fits is made, the rest is named, and follows."""

from pathlib import Path
from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.fan_out import fan_out
from flows.rescue import rescue
from flows.speech import speech
from flows.spoken import SpokenBrief
from flows.text_to_image import text_to_image
from flows.text_to_video import text_to_video
from globalaiopc import OutcomeUnknown
from ledger import JobKey, Mine
from tasks import open_studio
from tests.conftest import ROOT
from tests.pipeline import Ended, Pipeline, ended, run

pytestmark = pytest.mark.stack

PRICES = str(ROOT / "examples" / "prices.toml")
ONE = 0.52
SPOILT = {"fault": "error_envelope", "route": "banana", "match": "SPOILT"}


def briefs(batch: str, count: int, **fields: str) -> list[Brief]:
    return [
        Brief(id=f"b{n}", image_prompt=f"{batch} {n}", video_prompt=f"Pan: {batch} {n}", **fields)
        for n in range(count)
    ]


def charged(pipeline: Pipeline, text: str) -> float:
    return round(sum(job["amount"] for job in pipeline.jobs(text)), 4)


@pytest.fixture(scope="module")
def capped(pipeline: Pipeline) -> Ended:
    return run(
        content_batch, briefs=briefs("dune", 6), batch_id="dune", budget=3 * ONE, prices=PRICES
    )


@pytest.fixture(scope="module")
def raised(pipeline: Pipeline, capped: Ended) -> Ended:
    return run(
        content_batch, briefs=briefs("dune", 6), batch_id="dune", budget=6 * ONE, prices=PRICES
    )


def test_a_budget_for_three_of_six_makes_three_and_names_the_others(
    pipeline: Pipeline, capped: Ended
) -> None:
    assert capped.name == "PartlyLanded"
    states = [item["state"] for item in capped.items.values()]
    assert states == ["landed"] * 3 + ["blocked"] * 3
    left_out = capped.items["b5"]
    assert left_out["error"]["code"] == "budget_reached"
    assert left_out["error"]["charged"] == "no"
    assert left_out["would_cost"] == ONE
    assert (left_out["image"], left_out["script"], left_out["jobs"]) == (None, None, [])
    assert capped.outcome["budget"] == {
        "limit": 1.56,
        "currency": "CNY",
        "spent": 1.56,
        "reserved": 0.0,
        "left_out": 3,
        "left_out_cost": 1.56,
    }
    assert "3 blocked (3 budget_reached)" in capped.message
    assert "Budget 1.56 CNY: 1.56 spent; 3 briefs left out, at 1.56." in capped.message


def test_a_higher_budget_makes_the_rest_and_pays_nothing_twice(
    pipeline: Pipeline, capped: Ended, raised: Ended
) -> None:
    assert raised.name == "Completed"
    assert [job["kind"] for job in pipeline.jobs("dune")].count("image") == 6
    assert len(pipeline.jobs("dune")) == 12
    assert charged(pipeline, "dune") == raised.outcome["budget"]["spent"] == round(6 * ONE, 4)
    assert raised.outcome["totals"]["cost"] == raised.outcome["budget"]["spent"]


def test_the_sandbox_charged_no_more_than_the_budget(pipeline: Pipeline, capped: Ended) -> None:
    made = [item["id"][1:] for item in capped.items.values() if item["state"] == "landed"]
    assert sum(charged(pipeline, f"dune {n}") for n in made) <= 1.56
    assert pipeline.json("dune/budget.json")["held"] == {}


def test_an_unpriced_model_is_refused_by_name_and_nothing_is_sent(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[price]]\nmodel = "nano-banana-2"\nunit = "call"\nprice = 0.12\ncurrency = "CNY"\n'
    )
    asked = briefs("opera", 2, video_model="openAiSora2Pro")
    before = pipeline.posts()
    ended = run(content_batch, briefs=asked, batch_id="opera", budget=9, prices=str(prices))
    assert ended.name == "Refused"
    assert "openAiSora2Pro (4 s): no row in prices.toml" in ended.message
    assert "Nothing was sent" in ended.message
    assert pipeline.posts() == before
    assert pipeline.objects("opera") == {"run.json"}, "only that a run was here, and has ended"


def test_without_a_price_file_earlier_amounts_are_the_prices(
    pipeline: Pipeline, capped: Ended
) -> None:
    ended = run(content_batch, briefs=briefs("reef", 2), batch_id="reef", budget=0.6)
    assert [item["state"] for item in ended.items.values()] == ["landed", "blocked"]
    assert ended.items["b1"]["would_cost"] == ONE
    assert ended.outcome["budget"]["currency"] == ""


def test_a_refused_job_gives_its_money_to_a_brief_that_waits(pipeline: Pipeline) -> None:
    pipeline.chaos(SPOILT)
    first = Brief(id="a-spoilt", image_prompt="SPOILT fen", video_prompt="fen pan")
    ended = run(
        content_batch,
        briefs=[first, *briefs("fen", 2)],
        batch_id="fen",
        budget=ONE,
        prices=PRICES,
    )
    states = {name: item["state"] for name, item in ended.items.items()}
    assert states == {"a-spoilt": "failed", "b0": "landed", "b1": "blocked"}
    assert charged(pipeline, "fen") == ended.outcome["budget"]["spent"] == ONE


def test_a_job_that_cost_more_than_its_quote_stops_the_next_and_what_it_made_stays(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(Path(PRICES).read_text("utf-8").replace("0.12", "0.05"))
    asked = briefs("mesa", 1)
    ended = run(content_batch, briefs=asked, batch_id="mesa", budget=0.45, prices=str(prices))
    item = ended.items["b0"]
    assert (item["state"], item["error"]["code"], item["would_cost"]) == (
        "blocked", "budget_reached", 0.4,
    )  # fmt: skip
    assert item["image"] == "mesa/b0/image.png"
    assert charged(pipeline, "mesa") == ended.outcome["budget"]["spent"] == 0.12
    again = run(content_batch, briefs=asked, batch_id="mesa", budget=ONE, prices=PRICES)
    assert again.name == "Completed"
    assert charged(pipeline, "mesa") == ONE
    assert len(pipeline.jobs("mesa")) == 2


@pytest.fixture(scope="module")
def spent(pipeline: Pipeline, capped: Ended) -> Ended:
    """A batch whose budget is used up by one of its two briefs."""
    return run(
        content_batch, briefs=briefs("heath", 2), batch_id="heath", budget=ONE, prices=PRICES
    )


OTHER = Brief(id="other", image_prompt="heath other", video_prompt="Pan: heath other")


@pytest.mark.parametrize(
    ("flow", "asked"),
    [
        (content_batch, {"briefs": briefs("heath", 2)}),
        (content_batch, {"briefs": [OTHER]}),
        (fan_out, {"brief": OTHER, "takes": 2}),
        (fan_out, {"brief": OTHER, "takes": 1, "chosen": [1]}),
        (text_to_image, {"brief": OTHER}),
        (text_to_video, {"brief": OTHER}),
    ],
)
def test_a_run_that_names_no_budget_keeps_to_the_batchs(
    pipeline: Pipeline, spent: Ended, flow: Any, asked: dict[str, Any]
) -> None:
    before = len(pipeline.jobs("heath"))
    found = run(flow, batch_id="heath", **asked)
    assert "budget_reached" in str(found.outcome)
    assert len(pipeline.jobs("heath")) == before == 2
    if "totals" in found.outcome:
        assert found.outcome["budget"]["limit"] == ONE
    assert pipeline.json("heath/budget.json")["held"] == {}


def test_a_plan_that_names_no_budget_says_what_does_not_fit(
    pipeline: Pipeline, spent: Ended
) -> None:
    planned = run(content_batch, briefs=briefs("heath", 2), batch_id="heath", plan=True)
    assert planned.outcome["budget"]["left_out"] == ["b1"]


def test_what_is_said_in_a_batch_with_a_budget_needs_prices(
    pipeline: Pipeline, spent: Ended
) -> None:
    brief = SpokenBrief(id="said", text="Not for nothing.", voice="voice-7")
    before = pipeline.posts()
    ended = run(speech, brief=brief, batch_id="heath")
    assert ended.name == "Refused"
    assert "soundCloningAudio: no row in prices.toml" in ended.message
    assert "run content_batch as batch heath" in ended.message
    assert pipeline.posts() == before


async def test_rescue_sends_nothing_again_that_the_budget_does_not_pay_for(
    pipeline: Pipeline, spent: Ended
) -> None:
    async with open_studio() as studio:
        old = await studio.ledger.look(JobKey(batch_id="heath", brief_id="b0", stage="image"))
        assert old is not None
        lost = JobKey(batch_id="heath", brief_id="lost", stage="image")
        mine = await studio.ledger.claim(
            lost,
            endpoint=old.receipt.endpoint,
            model=old.receipt.model,
            api=old.receipt.api,
            key_hash=studio.client.key_hash,
            asked=old.receipt.asked,
        )
        assert isinstance(mine, Mine)
        await studio.ledger.unknown(mine.held, OutcomeUnknown("Lost.").info())
    before = pipeline.posts()
    ran = await ended(rescue, batch_id="heath", resubmit=[str(lost)])
    row = next(row for row in ran.outcome["jobs"] if row["job"] == str(lost))
    assert (row["fate"], "budget is reached" in row["message"]) == ("unknown", True)
    assert pipeline.posts() == before
    assert pipeline.json("heath/lost/receipts/image.json")["state"] == "unknown"
    raised = await ended(
        content_batch, briefs=briefs("heath", 1), batch_id="heath", budget=9, prices=PRICES
    )
    assert raised.outcome["budget"]["reserved"] == 0.12
    again = await ended(rescue, batch_id="heath", resubmit=[str(lost)])
    assert {row["job"]: row["fate"] for row in again.outcome["jobs"]}[str(lost)] == "sent again"
    assert pipeline.json("heath/budget.json")["sent"] == {
        "lost/image": "0.12",
        "lost/image#2": "0.12",
    }


@pytest.mark.parametrize("budget", [-1, float("nan"), float("inf")])
def test_a_budget_that_is_no_amount_is_refused(pipeline: Pipeline, budget: float) -> None:
    ended = run(content_batch, briefs=briefs("x", 1), batch_id="x", budget=budget, prices=PRICES)
    assert ended.name == "Refused"
    assert f"A budget cannot be {budget:g}" in ended.message.replace(".0", "")


def test_a_budget_of_a_batch_made_without_one_counts_what_was_spent(
    pipeline: Pipeline, capped: Ended
) -> None:
    free = run(content_batch, briefs=briefs("moor", 1), batch_id="moor")
    assert free.outcome["budget"] is None
    ended = run(
        content_batch, briefs=briefs("moor", 3), batch_id="moor", budget=2 * ONE, prices=PRICES
    )
    states = [item["state"] for item in ended.items.values()]
    assert states == ["landed", "landed", "blocked"]
    assert ended.outcome["budget"]["spent"] == round(2 * ONE, 4)
