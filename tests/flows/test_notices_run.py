"""What a batch tells Prefect's automations, and the automations that `blocks.automations` saves.

That each of them is set off by such events, and tells people once, is shown on a production server
(tests/deploy/test_production_server.py): on SQLite, automations make Prefect's server stand still
for a minute at times (docs/notifications.md).
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from prefect import tags
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from blocks.automations import remove_automations, save_automations
from blocks.events import TAG, VERDICT
from blocks.notices import Patience, automations
from blocks.targets import patience_of, targets_of
from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import ROOT
from tests.pipeline import Ended, Pipeline, ended, until

pytestmark = pytest.mark.stack

PRICES = str(ROOT / "examples" / "prices.toml")
ONE = 0.52
CANARY = "canary-of-a-hook"
LOST = {"fault": "lose_answer", "route": "sora", "match": "LOST"}
ENVIRONMENT = {
    "NOTIFY_WEBHOOK": f"https://hooks.example.com/{CANARY}",
    "NOTIFY_NOTHING_LANDED_MINUTES": "0.5",
}


def own(name: str, words: str) -> Brief:
    return Brief(id=name, image_prompt=words, video_prompt=f"{words} moves")


async def _both() -> tuple[Ended, Ended]:
    """A batch in which all goes wrong that can, and one of which nothing lands."""
    troubled = [
        own("good", "A kite"),
        own("lost", "A LOST kite"),
        own("bad", "[moderate] A kite"),
        own("dear", "Another kite"),
    ]
    with tags(TAG):
        return (
            await ended(
                content_batch, briefs=troubled, batch_id="some", budget=3 * ONE, prices=PRICES
            ),
            await ended(content_batch, briefs=[troubled[2]], batch_id="none"),
        )


@pytest.fixture(scope="module")
def ends(pipeline: Pipeline) -> dict[str, Ended]:
    pipeline.chaos(LOST)
    some, none = asyncio.run(_both())
    return {"some": some, "none": none}


def events_of(pipeline: Pipeline, batch: str) -> dict[str, dict[str, Any]]:
    """By name, once the last one is there. Each comes once."""
    wanted = {"filter": {"event": {"prefix": ["globalaiopc."]}}, "limit": 50}
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        answer = pipeline.api.post("/events/filter", json=wanted).raise_for_status().json()
        found[:] = [e for e in answer["events"] if e["payload"]["batch_id"] == batch]
        return any(event["event"] == "globalaiopc.batch.ended" for event in found)

    until(all_there, "the last event", 60)
    by_name = {event["event"]: event for event in found}
    assert len(by_name) == len(found)
    return by_name


@pytest.mark.parametrize(
    ("batch", "state", "verdict", "more"),
    [
        (
            "some",
            "PartlyLanded",
            "some",
            {
                "globalaiopc.batch.landed",
                "globalaiopc.budget.reached",
                "globalaiopc.job.unknown",
            },
        ),
        ("none", "NothingLanded", "none", set()),
    ],
)
def test_a_batch_sends_few_events_and_no_secret(
    ends: dict[str, Ended],
    pipeline: Pipeline,
    batch: str,
    state: str,
    verdict: str,
    more: set[str],
) -> None:
    assert ends[batch].name == state
    events = events_of(pipeline, batch)
    assert events.keys() == {"globalaiopc.batch.begun", "globalaiopc.batch.ended"} | more
    assert events["globalaiopc.batch.ended"]["resource"][VERDICT] == verdict
    for event in events.values():
        assert event["resource"]["prefect.resource.id"] == f"globalaiopc.batch.{batch}"
        related = {one["prefect.resource.id"] for one in event["related"]}
        assert {f"prefect.tag.{TAG}", f"prefect.flow-run.{ends[batch].run_id}"} <= related
    said = json.dumps(events)
    for secret in (pipeline.sandbox.key, pipeline.s3.secret_key, "X-Amz", "http://"):
        assert secret not in said


def test_what_people_are_told_is_in_the_events(ends: dict[str, Ended], pipeline: Pipeline) -> None:
    events = events_of(pipeline, "some")
    assert events["globalaiopc.budget.reached"]["payload"]["limit"] == "1.56"
    assert events["globalaiopc.budget.reached"]["payload"]["currency"] == "CNY"
    assert events["globalaiopc.job.unknown"]["payload"]["unknown"] == 1
    last = events["globalaiopc.batch.ended"]["payload"]
    assert (last["landed"], last["briefs"]) == (1, 4)
    assert "Run batch some again to continue" in last["message"]


@pytest.fixture
def automated(pipeline: Pipeline) -> Iterator[None]:
    """The automations saved, and removed afterwards: other modules share the server."""

    async def save() -> set[str]:
        async with get_client() as client:
            targets, patience = targets_of(ENVIRONMENT), patience_of(ENVIRONMENT)
            return {one.outcome for one in await save_automations(client, targets, patience)}

    async def remove() -> None:
        async with get_client() as client:
            await remove_automations(client)

    assert asyncio.run(save()) == {"created"}
    assert asyncio.run(save()) == {"unchanged"}
    yield
    asyncio.run(remove())


def test_saving_again_mends_ours_and_leaves_what_is_a_person_s(automated: None) -> None:
    async def change_and_save() -> None:
        async with get_client() as client:
            own = AutomationCore(
                name="Somebody's own", trigger=EventTrigger(expect={"x"}), actions=[]
            )
            theirs = await client.create_automation(own)
            first, second, *_ = automations((), Patience())
            (paused,) = await client.read_automations_by_name(first.name)
            await client.pause_automation(paused.id)
            (edited,) = await client.read_automations_by_name(second.name)
            await client.update_automation(edited.id, second)  # which tells nobody
            targets, patience = targets_of(ENVIRONMENT), patience_of(ENVIRONMENT)
            saved = await save_automations(client, targets, patience)
            outcomes = {one.block: one.outcome for one in saved if one.outcome != "unchanged"}
            assert outcomes == {f"automation/{second.name}": "updated"}
            (still,) = await client.read_automations_by_name(first.name)
            assert not still.enabled
            assert (await client.find_automation(theirs)) is not None
            await client.resume_automation(still.id)
            await client.delete_automation(theirs)

    asyncio.run(change_and_save())
