"""A gallery that is written anew: what the manifest says, and what the receipts say since."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.gallery_reading import read_gallery
from flows.gallery_writing import write_gallery
from flows.report import BatchReport, manifest_line
from flows.status import NoSuchBatch
from globalaiopc import InvalidRequest
from ledger import ObjectStore
from sandbox.services import S3Access
from tests.gallery_folder import BATCH, START, item, troubled

GOLDEN = Path(__file__).parents[1] / "ledger" / "golden" / "v1"


@pytest.fixture
def store(s3: S3Access, request: pytest.FixtureRequest) -> ObjectStore:
    return ObjectStore(s3.client(), s3.bucket, f"gallery/{request.node.name}")


async def put_manifest(store: ObjectStore, *items: Any, folder: str = BATCH) -> None:
    lines = "".join(manifest_line(one) for one in items).encode()
    await store.put(f"{folder}/manifest.jsonl", lines, content_type="application/x-ndjson")


async def put_receipt(store: ObjectStore, state: str, brief: str, stage: str) -> None:
    """A receipt as it was kept, of a job of the batch."""
    receipt = json.loads((GOLDEN / f"{state}.json").read_text())
    receipt["job"] |= {"batch_id": BATCH, "brief_id": brief, "stage": stage, "take": 1}
    if "media" in receipt:
        receipt["media"]["key"] = f"{BATCH}/{brief}/{stage}.mp4"
    key = f"{BATCH}/{brief}/receipts/{stage}.json"
    await store.put(key, json.dumps(receipt).encode(), content_type="application/json")


async def test_the_manifest_and_the_report_are_what_a_batch_wrote(store: ObjectStore):
    report = BatchReport.of(
        BATCH, [item(0), troubled("bad")], started=START, ended=START + timedelta(minutes=3)
    )
    await put_manifest(store, *report.items)
    await store.put(f"{BATCH}/report.json", report.to_bytes(), content_type="application/json")
    found = await read_gallery(store, BATCH)
    assert found.items == report.items
    assert (found.started, found.ended) == (report.started, report.ended)
    assert found.totals == report.totals
    assert found.uri == store.uri(f"{BATCH}/")


async def test_what_was_rescued_since_has_landed(store: ObjectStore):
    await put_manifest(store, item(0), troubled("lost", "unknown"), troubled("late", "pending"))
    for brief in ("lost", "late"):
        await put_receipt(store, "landed", brief, "video")
    await store.put(f"{BATCH}/lost/poster.jpg", b"jpg", content_type="image/jpeg")
    first, lost, late = (await read_gallery(store, BATCH)).items
    assert (first, lost.state, lost.error) == (item(0), "landed", None)
    assert (lost.video, lost.poster) == (f"{BATCH}/lost/video.mp4", f"{BATCH}/lost/poster.jpg")
    assert (lost.cost, lost.brief) == (Decimal("0.32"), troubled("lost").brief)
    assert (late.state, late.poster) == ("landed", None)


@pytest.mark.parametrize(
    ("receipts", "state", "code"),
    [
        ({"image": "landed"}, "landed", None),
        ({"image": "landed", "video": "submitted"}, "pending", None),
        ({"image": "landed", "video": "unknown"}, "unknown", "claim_expired"),
        ({"image": "failed"}, "failed", "balance_too_low"),
        ({"image": "intent"}, "pending", None),
    ],
)
async def test_a_brief_that_no_manifest_names_is_told_by_its_receipts(
    store: ObjectStore, receipts: dict[str, str], state: str, code: str | None
):
    for stage, kept in receipts.items():
        await put_receipt(store, kept, "single", stage)
    (one,) = (await read_gallery(store, BATCH)).items
    assert (one.id, one.state, [job.stage for job in one.jobs]) == (
        "single", state, list(receipts),
    )  # fmt: skip
    assert (one.error.code if one.error else None) == code


async def test_a_brief_that_was_held_back_keeps_its_reason(store: ObjectStore):
    await put_manifest(store, troubled("over-budget", "blocked"))
    await put_receipt(store, "landed", "over-budget", "image")
    (one,) = (await read_gallery(store, BATCH)).items
    assert (one.state, one.error) == ("blocked", troubled("x", "blocked").error)
    assert one.image == f"{BATCH}/over-budget/image.mp4"


async def test_shards_that_were_never_gathered_are_read_where_they_are(store: ObjectStore):
    for number in (1, 2):
        await put_manifest(store, item(number), folder=f"{BATCH}/shards/{number}-of-2")
    assert [one.id for one in (await read_gallery(store, BATCH)).items] == [
        item(1).id, item(2).id,
    ]  # fmt: skip


async def test_a_line_that_cannot_be_read_is_counted_and_keeps_no_other_back(store: ObjectStore):
    lines = b'{"id": 7\n\n{"id": "x", "state": "some day"}\n' + manifest_line(item(0)).encode()
    await store.put(f"{BATCH}/manifest.jsonl", lines, content_type="application/x-ndjson")
    found = await read_gallery(store, BATCH)
    assert ([one.id for one in found.items], found.unreadable) == ([item(0).id], 2)


async def test_a_batch_that_is_not_there_is_named(store: ObjectStore):
    with pytest.raises(NoSuchBatch, match="There is nothing of a batch nowhere in s3://"):
        await write_gallery(store, "nowhere")


@pytest.mark.parametrize("hours", [0, -1, 168.5, float("nan"), float("inf")])
async def test_no_link_lives_for_ever(store: ObjectStore, hours: float):
    with pytest.raises(InvalidRequest, match="cannot be shared for"):
        await write_gallery(store, BATCH, hours)


async def test_a_shared_page_opens_with_its_link_alone_and_its_link_is_shown_nowhere(
    store: ObjectStore,
):
    await put_manifest(store, item(0))
    await store.put(f"{BATCH}/{item(0).id}/video.mp4", b"film", content_type="video/mp4")
    written = await write_gallery(store, BATCH, 2)
    shared = written.shared
    assert shared is not None
    assert "Signature" not in repr(written)
    async with httpx.AsyncClient(trust_env=False) as anybody:
        page = await anybody.get(shared.link)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        data = json.loads(re.search(r'id="data">(.*?)</script>', page.text)[1])
        signed = data["signed"]
        stem, last = signed["links"][data["items"][0]["video"]]
        address = f"{signed['base']}{item(0).id}/video.mp4?{signed['stems'][stem]}{last}"
        assert (await anybody.get(address)).content == b"film"
        assert (await anybody.get(address.partition("?")[0])).status_code == 403
    assert data["until"] == f"{shared.until:%Y-%m-%dT%H:%M:%SZ}"
    prefix = store.uri("")
    told = await store.get(shared.link_uri.removeprefix(prefix))
    assert told is not None
    assert told.body.decode().strip() == shared.link
    index = await store.get(f"{BATCH}/index.html")
    assert index is not None
    assert b"Signature" not in index.body
