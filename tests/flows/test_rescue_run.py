"""The rescue flow over the real parts: jobs that dead processes left behind, in every state."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect import tags

from flows.briefs import Brief
from flows.content_batch import content_batch
from flows.decisions import carry_out, parse_job, prepare
from flows.rescue import rescue
from globalaiopc import ErrorInfo, NanoBananaRequest, TaskGone
from ledger import Held, JobKey, Ledger, Mine
from tasks import Studio, open_studio
from tasks.ordering import ImageAsked
from tests.pipeline import Ended, Pipeline, ended

pytestmark = pytest.mark.stack

LOST = ErrorInfo(
    code="outcome_unknown",
    message="No answer came.",
    charged="unknown",
    retry_is_free=False,
    who_acts="user",
    advice="Ask the provider.",
)


@pytest.fixture
def calm(pipeline: Pipeline) -> Iterator[Pipeline]:
    """The parts, without the faults of another test."""
    pipeline.chaos()
    yield pipeline
    pipeline.chaos()


def job(brief: str, stage: str = "image", batch: str = "left") -> JobKey:
    return JobKey(batch_id=batch, brief_id=brief, stage=stage)


class Dying:
    """Does what a process does before it is killed at one point or another."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    async def claimed(self, key: JobKey, prompt: str, ledger: Ledger | None = None) -> Held:
        asked = ImageAsked(model="nano-banana-2", prompt=prompt, ratio="16:9", resolution=None)
        outcome = await (ledger or self.studio.ledger).claim(
            key,
            endpoint=NanoBananaRequest.endpoint,
            model="nano-banana-2",
            api="v1",
            key_hash=self.studio.client.key_hash,
            asked=asked.to_asked(),
        )
        assert isinstance(outcome, Mine)
        return outcome.held

    async def submitted(
        self,
        key: JobKey,
        prompt: str,
        task_id: str | None = None,
        ledger: Ledger | None = None,
    ) -> Held:
        held = await self.claimed(key, prompt, ledger)
        if task_id is None:
            request = NanoBananaRequest(model="nano-banana-2", prompt=prompt, size="16:9")
            task_id = (await self.studio.client.nano_banana(request)).task_id
        return await (ledger or self.studio.ledger).submitted(held, task_id)

    async def completed(self, key: JobKey, prompt: str) -> Held:
        held = await self.submitted(key, prompt)
        view = await self.studio.client.wait(held.receipt.task_id or "", model=held.receipt.model)
        return await self.studio.ledger.completed(held, amount=view.amount)


@asynccontextmanager
async def dying() -> AsyncIterator[Dying]:
    async with open_studio() as studio:
        yield Dying(studio)


def rows(run: Ended) -> dict[str, dict[str, Any]]:
    return {row["job"]: row for row in run.outcome["jobs"]}


async def test_each_job_is_brought_as_far_as_it_can_come(calm: Pipeline):
    calm.chaos(
        {"fault": "expired", "match": "dead link", "times": 1},
        {"fault": "expired", "match": "no file", "times": None, "status": 404},
        {"fault": "never_ends", "match": "endless", "times": None},
    )
    async with dying() as process:
        studio = process.studio
        await process.submitted(job("killed"), "A killed fox")
        await process.completed(job("old"), "A dead link fox")
        await process.completed(job("lost-file"), "A no file fox")
        await process.submitted(job("long"), "An endless fox")
        await process.submitted(job("bad"), "[moderate] A fox")
        yesterday = Ledger(studio.store, wall=lambda: datetime.now(UTC) - timedelta(days=1))
        await process.submitted(job("gone"), "A gone fox", "nobody-knows-this", yesterday)
        await process.submitted(job("denied"), "A denied fox", "nobody-knows-this-yet")
        await process.claimed(job("live"), "A live fox")
        await process.claimed(job("crashed"), "A crashed fox", yesterday)
        await studio.ledger.unknown(await process.claimed(job("silent"), "A silent fox"), LOST)
        await process.claimed(job("any", "script"), "not a job", yesterday)
    calm.put("left/torn/receipts/image.json", b"{torn")
    before = calm.posts()

    run = await ended(rescue, batch_id="left")

    found = rows(run)
    assert {name.split("/")[1]: row["fate"] for name, row in found.items()} == {
        "killed": "recovered",
        "old": "recovered",
        "lost-file": "gone",
        "long": "running",
        "bad": "failed",
        "gone": "gone",
        "denied": "gone",
        "live": "running",
        "crashed": "unknown",
        "silent": "unknown",
    }
    assert (run.type, run.name) == ("COMPLETED", "NeedsDecision")
    assert calm.posts() == before
    for brief in ("killed", "old"):
        assert "image.png" in calm.objects(f"left/{brief}")
        receipt = calm.json(f"left/{brief}/receipts/image.json")
        assert receipt["state"] == "landed"
        assert found[f"left/{brief}/image"]["amount"] == float(receipt["amount"])
    assert calm.json("left/gone/receipts/image.json")["error"]["code"] == TaskGone.code
    # These may still come back within the day, so their receipts are not closed yet.
    assert calm.json("left/denied/receipts/image.json")["state"] == "submitted"
    assert calm.json("left/lost-file/receipts/image.json")["state"] == "completed"
    assert found["left/lost-file/image"]["amount_is"] == "charged"
    assert calm.json("left/any/receipts/script.json")["state"] == "intent"
    crashed = found["left/crashed/image"]
    assert 23 * 3600 < crashed["age_seconds"] < 25 * 3600
    assert "resubmit" in crashed["advice"]
    assert [text for text in run.outcome["unreadable"] if "left/torn" in text]
    assert "Money at risk" in run.message

    table = calm.all("artifacts", artifacts={"flow_run_id": {"any_": [run.run_id]}})
    by_key = {one["key"]: one for one in table if one["key"]}
    assert by_key["rescue-left"]["description"] == run.message
    assert "left/torn" in by_key["rescue-left"]["data"]

    again = await ended(rescue, batch_id="left")
    assert {name.split("/")[1] for name in rows(again)} == {
        "lost-file",
        "denied",
        "long",
        "live",
        "crashed",
        "silent",
    }
    assert calm.posts() == before


async def test_an_unknown_job_is_sent_again_exactly_once_and_its_batch_goes_on(calm: Pipeline):
    calm.chaos({"fault": "lose_answer", "route": "sora", "match": "the tide"})
    brief = Brief(id="sea", image_prompt="A grey sea", video_prompt="In comes the tide")
    first = await ended(content_batch, briefs=[brief], batch_id="lost")
    assert first.outcome["totals"]["unknown"] == 1
    before = calm.posts()

    named = next(row["job"] for row in (await ended(rescue, batch_id="lost")).outcome["jobs"])
    assert named == "lost/sea/video"
    sent = await ended(rescue, batch_id="lost", resubmit=[named])

    assert rows(sent)[named]["fate"] == "sent again"
    assert calm.posts() == {**before, "video": before["video"] + 1}
    decision = calm.json("lost/sea/receipts/video.json")["decisions"][0]
    assert decision["what"] == "resubmit"
    assert sent.run_id in decision["by"]

    refused = await ended(rescue, batch_id="lost", resubmit=[named])
    assert (refused.type, refused.name) == ("FAILED", "Refused")
    assert named in refused.message
    # The same request as the batch's own: it finds the job, waits for it, and lands it.
    assert (await ended(content_batch, briefs=[brief], batch_id="lost")).name == "Completed"
    assert (await ended(rescue, batch_id="lost")).name == "NothingToRescue"
    assert calm.posts() == {**before, "video": before["video"] + 1}
    assert len(calm.jobs("In comes the tide")) == 2  # the lost one was billed as well


async def test_a_job_is_given_up_by_name(calm: Pipeline):
    async with dying() as process:
        held = await process.claimed(job("hopeless", batch="drop"), "A hopeless fox")
        await process.studio.ledger.unknown(held, LOST)
    before = calm.posts()

    run = await ended(rescue, batch_id="drop", abandon=["drop/hopeless/image"])

    assert rows(run)["drop/hopeless/image"]["fate"] == "abandoned"
    receipt = calm.json("drop/hopeless/receipts/image.json")
    assert (receipt["state"], receipt["error"]["code"]) == ("failed", "abandoned")
    assert (await ended(rescue, batch_id="drop")).name == "NothingToRescue"
    late = await ended(rescue, resubmit=["drop/hopeless/image"], batch_id="drop")
    assert late.name == "Refused"
    assert calm.posts() == before


async def test_one_run_decides_once_however_often_it_is_started(calm: Pipeline):
    calm.chaos({"fault": "lose_answer", "match": "twice", "times": None})
    async with dying() as process:
        studio, key = process.studio, job("fox", batch="twice")
        await studio.ledger.unknown(await process.claimed(key, "A fox, twice"), LOST)
        before = calm.posts()
        for _ in range(2):
            for decision in await prepare(studio, [("resubmit", key)], "run 7"):
                _, error = await carry_out(studio, decision, "run 7")
                assert error is not None
                assert error.charged == "unknown"
        assert calm.posts() == {**before, "image": before["image"] + 1}
        assert len(await prepare(studio, [("resubmit", key)], "run 8")) == 1


async def test_nothing_is_done_when_one_of_the_named_jobs_cannot_be(calm: Pipeline):
    async with dying() as process:
        for brief in ("fine", "no-image"):
            stage = "image" if brief == "fine" else "video"
            held = await process.claimed(job(brief, stage, "mixed"), "A fox")
            await process.studio.ledger.unknown(held, LOST)
    before = calm.posts()
    for wrong, told in (
        ("mixed/absent/image", "not in the ledger"),
        ("mixed fox", "names no job"),
        ("mixed/fine/image", "under abandon"),
    ):
        run = await ended(rescue, resubmit=["mixed/fine/image"], abandon=[wrong])
        assert run.name == "Refused"
        assert told in run.message
    with tags("auto-scheduled"):
        scheduled = await ended(rescue, resubmit=["mixed/fine/image"])
    assert (scheduled.name, "schedule" in scheduled.message) == ("Refused", True)
    assert calm.json("mixed/fine/receipts/image.json")["state"] == "unknown"
    assert calm.posts() == before


async def test_a_video_whose_start_image_changed_is_not_sent_again(calm: Pipeline):
    calm.chaos({"fault": "lose_answer", "route": "sora", "match": "leaves fall"})
    brief = Brief(id="oak", image_prompt="An oak", video_prompt="The leaves fall")
    await ended(content_batch, briefs=[brief], batch_id="swapped")
    calm.put("swapped/oak/image.png", calm.body("swapped/oak/image.png") + b"\0")
    before = calm.posts()
    run = await ended(rescue, resubmit=["swapped/oak/video"])
    assert run.name == "Refused"
    assert "image" in run.message
    assert calm.posts() == before


@pytest.mark.parametrize("key", [job("a"), JobKey(batch_id="b", brief_id="c", stage="d", take=12)])
def test_a_job_is_named_as_it_is_printed(key: JobKey):
    assert parse_job(f" {key} ", "resubmit") == key
