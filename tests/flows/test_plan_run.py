"""Plans over the real parts: they tell what a run then does, and neither send nor claim."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.manifest import load_briefs
from globalaiopc.catalogue import Catalogue
from ledger import JobKey
from tasks import open_studio
from tasks.ordering import ImageAsked
from tests.pipeline import PRICES, Ended, Pipeline, ended, run

pytestmark = pytest.mark.stack

GOLDEN = Path(__file__).parents[1] / "data" / "golden-batch" / "v1"


def own(name: str, **more: Any) -> Brief:
    asked = {"image_prompt": f"A {name}", "video_prompt": f"The {name} moves", **more}
    return Brief(id=name, **asked)


def verdicts(plan: Ended) -> dict[str, str]:
    return {brief["id"]: brief["verdict"] for brief in plan.outcome["briefs"]}


def step(plan: Ended, brief: str, stage: str) -> dict[str, Any]:
    found = next(one for one in plan.outcome["briefs"] if one["id"] == brief)
    return next(one for one in found["steps"] if one["stage"] == stage)


@pytest.fixture(scope="module")
def prices(pipeline: Pipeline) -> str:
    return pipeline.put("prices.toml", PRICES.encode())


@pytest.fixture
def golden(pipeline: Pipeline) -> list[Brief]:
    """A whole batch as an earlier release left it in the bucket; its media is stood in for."""
    for path in GOLDEN.rglob("*.json"):
        pipeline.put(f"golden/{path.relative_to(GOLDEN)}", path.read_bytes())
    for brief, size in (("fox", "1280x720"), ("kite", "720x1280")):
        image = pipeline.json(f"golden/{brief}/receipts/image.json")["media"]
        pipeline.put(f"golden/{brief}/frame-{size}-{image['sha256'][:12]}.png", b"a picture")
    return list(load_briefs(GOLDEN / "briefs.jsonl", catalogue=Catalogue.load()))


async def test_code_changes_buy_nothing(pipeline: Pipeline, golden: list[Brief]):
    before, keys = pipeline.posts(), pipeline.objects("golden")

    plan = await ended(content_batch, briefs=golden, batch_id="golden", plan=True)

    assert verdicts(plan) == {"fox": "reuse", "kite": "reuse"}
    assert (plan.outcome["cost"], plan.outcome["unpriced"]) == (0, 0)
    assert pipeline.objects("golden") - keys == {"plan.json"}
    renamed = content_batch.with_options(name="another-name", version="2")
    for flow in (content_batch, renamed):
        done = await ended(flow, briefs=golden, batch_id="golden")
        assert done.outcome["totals"]["landed"] == 2, done.message
    assert pipeline.posts() == before


async def test_another_request_is_named_by_its_field(pipeline: Pipeline, golden: list[Brief]):
    fox, kite = golden
    changed = [
        fox.model_copy(update={"topic": "A fox in old snow"}),
        kite.model_copy(update={"seconds": 12}),
    ]
    plan = await ended(content_batch, briefs=changed, batch_id="golden", plan=True)
    assert verdicts(plan) == {"fox": "changed", "kite": "changed"}
    assert step(plan, "kite", "video")["changes"] == {"seconds": ["'8'", "'12'"]}
    assert step(plan, "kite", "image")["verdict"] == "reuse"
    assert list(step(plan, "fox", "script")["changes"]) == ["topic"]
    take = [kite.model_copy(update={"take": 2})]
    again = await ended(content_batch, briefs=take, batch_id="golden", plan=True)
    assert verdicts(again) == {"kite": "run"}


@pytest.fixture(scope="module")
def mixed(pipeline: Pipeline) -> list[Brief]:
    """A batch with one brief for everything that a plan can say."""
    landed, unknown, changed = own("vase"), own("drum"), own("bell")
    pipeline.chaos({"fault": "lose_answer", "route": "sora", "match": "the drum moves"})
    run(content_batch, briefs=[landed, unknown, changed], batch_id="mixed")
    pipeline.chaos()
    asyncio.run(_left_submitted("harp"))
    return [
        Brief(id="new", topic="A new thing"),
        landed,
        unknown,
        changed.model_copy(update={"image_prompt": "A cracked bell"}),
        own("harp"),
        own("lamp", image_prompt=None, image="uploads/nowhere.png"),
        own("oboe"),
    ]


async def _left_submitted(name: str) -> None:
    """What a process that was killed right after the create leaves."""
    asked = ImageAsked(model="nano-banana-2", prompt=f"A {name}", ratio="16:9").to_asked()
    async with open_studio() as studio:
        mine = await studio.ledger.claim(
            JobKey(batch_id="mixed", brief_id=name, stage="image"),
            endpoint="nano_banana",
            model="nano-banana-2",
            api="v1",
            key_hash=studio.client.key_hash,
            asked=asked,
        )
        await studio.ledger.submitted(mine.held, "somebodys-job")


async def test_every_kind_with_its_cost_and_nothing_sent_or_claimed(
    pipeline: Pipeline, mixed: list[Brief], prices: str
):
    before, keys = pipeline.posts(), pipeline.objects("mixed")

    plan = await ended(content_batch, briefs=mixed, batch_id="mixed", plan=True, prices=prices)

    assert (plan.type, plan.name) == ("COMPLETED", "Planned")
    assert verdicts(plan) == {
        "new": "run",
        "vase": "reuse",
        "drum": "blocked",
        "bell": "changed",
        "harp": "run",
        "lamp": "blocked",
        "oboe": "run",
    }
    assert step(plan, "harp", "image")["verdict"] == "continue"
    assert step(plan, "harp", "image")["cost"] == 0
    assert step(plan, "harp", "video")["cost"] == 0.4
    assert "rescue" in step(plan, "drum", "video")["why"]
    assert "no start image" in step(plan, "lamp", "image")["why"]
    assert list(step(plan, "bell", "image")["changes"]) == ["prompt"]
    assert [step(plan, "new", stage)["basis"] for stage in ("script", "image", "video")] == [
        "unknown",
        "listed",
        "listed",
    ]
    # new: 0.12 + 0.4, harp: 0.4, oboe: 0.12 + 0.4; and one text call without a price.
    assert (plan.outcome["cost"], plan.outcome["unpriced"]) == (1.44, 1)
    assert "1.44 CNY and 1 call" in plan.message
    assert pipeline.posts() == before
    assert pipeline.objects("mixed") - keys == {"plan.json"}
    assert pipeline.json("mixed/plan.json") == plan.outcome
    asked = {"flow_run_id": {"any_": [plan.run_id]}}
    keys_shown = {one["key"] for one in pipeline.all("artifacts", artifacts=asked)}
    assert "plan-mixed" in keys_shown


async def test_without_a_price_file_quotes_are_guesses_and_say_so(
    pipeline: Pipeline, mixed: list[Brief]
):
    plan = await ended(content_batch, briefs=mixed[-1:], batch_id="mixed", plan=True)
    assert step(plan, "oboe", "image")["basis"] == "seen"
    assert step(plan, "oboe", "image")["why"].startswith("a guess")
    assert "guesses" in plan.message


async def test_a_budget_says_who_is_left_out_and_what_it_cannot_price(
    pipeline: Pipeline, mixed: list[Brief], prices: str
):
    before, keys = pipeline.posts(), pipeline.objects("mixed")
    asked: dict[str, Any] = {"briefs": mixed, "batch_id": "mixed", "plan": True}
    # Spent or at risk so far: three images, the landed videos, the unknown one, and harp's image.
    committed = (await ended(content_batch, **asked, budget=0, prices=prices)).outcome["budget"]
    assert committed["committed"] == pytest.approx(4 * 0.12 + 3 * 0.4)
    assert committed["left_out"] == ["new", "harp", "oboe"]

    enough_for_one = committed["committed"] + 0.6
    plan = await ended(content_batch, **asked, budget=enough_for_one, prices=prices)
    assert plan.outcome["budget"]["left_out"] == ["harp", "oboe"]
    assert plan.outcome["cost"] == pytest.approx(0.52)

    unpriced = [own("tuba", video_model="openAiSora2Pro")]
    refused = await ended(content_batch, **{**asked, "briefs": unpriced}, budget=9, prices=prices)
    assert "openAiSora2Pro" in refused.outcome["refusal"]
    assert "would be refused" in refused.message
    assert pipeline.posts() == before
    assert pipeline.objects("mixed") == keys | {"plan.json"}


async def test_an_unreadable_receipt_blocks_its_brief_and_any_budget(
    pipeline: Pipeline, prices: str
):
    pipeline.put("torn/urn/receipts/image.json", b"{torn")
    asked: dict[str, Any] = {"briefs": [own("urn"), own("jar")], "batch_id": "torn", "plan": True}
    plan = await ended(content_batch, **asked)
    assert verdicts(plan) == {"urn": "blocked", "jar": "run"}
    assert "not a receipt" in step(plan, "urn", "image")["why"]
    capped = await ended(content_batch, **asked, budget=5, prices=prices)
    assert "not a receipt" in capped.outcome["refusal"]
    real = await ended(content_batch, **{**asked, "plan": False}, budget=5, prices=prices)
    assert (real.type, "not a receipt" in real.message) == ("FAILED", True)
