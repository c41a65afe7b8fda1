"""People are told of trouble: automations of a real Prefect server, and a webhook of our own."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prefect import tags
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from blocks.automations import remove_automations, save_automations
from blocks.notices import Patience, automations
from blocks.targets import patience_of, targets_of
from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.conftest import ROOT
from tests.pipeline import Ended, Pipeline, ended, until

pytestmark = [pytest.mark.stack, pytest.mark.exhaustive]

PRICES = str(ROOT / "examples" / "prices.toml")
ONE = 0.52
CANARY = "canary-of-a-hook"
HELD = "A kite that hangs"
CHAOS = [
    {"fault": "lose_answer", "route": "sora", "match": "LOST"},
    {"fault": "error", "status": 500, "route": "result", "times": None, "match": HELD},
]
SHORT = "0.17"  # minutes: Prefect waits 10 s at least for what does not come


class Hook:
    """A web hook that keeps what it is sent."""

    def __init__(self) -> None:
        self.heard: list[dict[str, str]] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard.append({**json.loads(body), "path": self.path})
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{CANARY}"

    def of(self, subject: str) -> list[dict[str, str]]:
        return [one for one in self.heard if subject in one["subject"]]


@pytest.fixture(scope="module")
def hook(pipeline: Pipeline) -> Iterator[Hook]:
    """The automations saved, and removed afterwards: other modules share the server."""
    part = Hook()
    thread = threading.Thread(target=part.server.serve_forever)
    thread.start()
    environment = {"NOTIFY_WEBHOOK": part.url, "NOTIFY_NOTHING_LANDED_MINUTES": SHORT}

    async def save() -> list[str]:
        async with get_client() as client:
            saved = await save_automations(
                client, targets_of(environment), patience_of(environment)
            )
            return [one.outcome for one in saved]

    async def remove() -> None:
        async with get_client() as client:
            await remove_automations(client)

    assert set(asyncio.run(save())) == {"created"}
    assert set(asyncio.run(save())) == {"unchanged"}
    yield part
    asyncio.run(remove())
    part.server.shutdown()
    part.server.server_close()
    thread.join()


def own(name: str, words: str) -> Brief:
    return Brief(id=name, image_prompt=words, video_prompt=f"{words} moves")


async def _both(hook: Hook, pipeline: Pipeline) -> tuple[Ended, Ended, Ended]:
    """A batch in which all goes wrong that can, one in which all does, and one that hangs."""
    troubled = [
        own("good", "A kite"),
        own("lost", "A LOST kite"),
        own("bad", "[moderate] A kite"),
        own("dear", "Another kite"),
    ]
    with tags("globalaiopc"):
        hangs = asyncio.create_task(
            ended(content_batch, briefs=[own("held", HELD)], batch_id="hangs")
        )
        some = await ended(
            content_batch, briefs=troubled, batch_id="some", budget=3 * ONE, prices=PRICES
        )
        none = await ended(content_batch, briefs=[own("bad", "[moderate] A kite")], batch_id="none")
        await asyncio.to_thread(until, lambda: bool(hook.of("Batch hangs")), "the notice", 90)
        pipeline.chaos()
        return some, none, await hangs


@pytest.fixture(scope="module")
def ends(hook: Hook, pipeline: Pipeline) -> dict[str, Ended]:
    pipeline.chaos(*CHAOS)
    some, none, hangs = asyncio.run(_both(hook, pipeline))
    return {"some": some, "none": none, "hangs": hangs}


@pytest.mark.parametrize(
    ("batch", "subject", "words"),
    [
        ("some", "Batch some: 1 of 4 landed", "Run batch some again to continue"),
        ("some", "Batch some: the budget is reached", "budget of 1.56 CNY"),
        ("some", "Batch some: 1 with an unknown outcome", "resubmit or abandon"),
        ("none", "failed: NothingLanded", "0 of 1 briefs landed"),
        ("hangs", "Batch hangs: nothing has landed", "with 1 briefs"),
    ],
)
def test_people_are_told_once_what_happened_and_what_to_do(
    hook: Hook, ends: dict[str, Ended], batch: str, subject: str, words: str
) -> None:
    until(lambda: bool(hook.of(subject)), subject, 60)
    (told,) = hook.of(subject)
    assert words in told["body"]
    assert f"/runs/flow-run/{ends[batch].run_id}" in told["body"]
    assert told["path"] == f"/{CANARY}"


def test_what_went_well_is_not_told(hook: Hook, ends: dict[str, Ended]) -> None:
    assert ends["hangs"].name == "Completed"
    assert [one["subject"] for one in hook.of("hangs")] == ["Batch hangs: nothing has landed"]


def test_a_batch_sends_few_events_and_no_secret(
    hook: Hook, ends: dict[str, Ended], pipeline: Pipeline
) -> None:
    assert ends["some"].name == "PartlyLanded"
    wanted = {"filter": {"event": {"prefix": ["globalaiopc."]}}, "limit": 50}
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        answer = pipeline.api.post("/events/filter", json=wanted).raise_for_status().json()
        found[:] = [e for e in answer["events"] if e["payload"]["batch_id"] == "some"]
        return any(event["event"] == "globalaiopc.batch.ended" for event in found)

    until(all_there, "the last event", 60)
    assert sorted(event["event"] for event in found) == [
        "globalaiopc.batch.begun",
        "globalaiopc.batch.ended",
        "globalaiopc.batch.landed",
        "globalaiopc.budget.reached",
        "globalaiopc.job.unknown",
    ]
    said = json.dumps(found)
    for secret in (pipeline.sandbox.key, pipeline.s3.secret_key, "X-Amz", "http://", CANARY):
        assert secret not in said


def test_saving_again_mends_ours_and_leaves_what_is_a_person_s(
    hook: Hook, pipeline: Pipeline
) -> None:
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
            environment = {"NOTIFY_WEBHOOK": hook.url, "NOTIFY_NOTHING_LANDED_MINUTES": SHORT}
            targets, patience = targets_of(environment), patience_of(environment)
            saved = await save_automations(client, targets, patience)
            outcomes = {one.block: one.outcome for one in saved if one.outcome != "unchanged"}
            assert outcomes == {f"automation/{second.name}": "updated"}
            (still,) = await client.read_automations_by_name(first.name)
            assert not still.enabled
            assert (await client.find_automation(theirs)) is not None
            await client.resume_automation(still.id)
            await client.delete_automation(theirs)

    asyncio.run(change_and_save())
