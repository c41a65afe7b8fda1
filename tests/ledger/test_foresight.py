"""What a plan foresees is what a claim then meets, and foreseeing writes nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from globalaiopc.errors import ErrorInfo
from ledger import JobKey, Known, Landed, Ledger, Mine, RequestChanged, Theirs
from ledger.foresight import foresee
from tests.ledger.doubles import MemoryStore

JOB = JobKey(batch_id="b", brief_id="fox", stage="image")
ASKED = {"model": "m", "prompt": "A fox", "ratio": "16:9", "resolution": None}
REQUEST = {"endpoint": "nano_banana", "model": "m"}
OTHER = {**ASKED, "prompt": "An owl"}


def said(charged, code="said"):
    return ErrorInfo(
        code=code, message="No.", charged=charged, retry_is_free=False, who_acts="user"
    )


async def nothing(ledger, held):
    return held


STORIES = {
    "intent": nothing,
    "submitted": lambda ledger, held: ledger.submitted(held, "id"),
    "completed": lambda ledger, held: ledger.completed(held),
    "landed": lambda ledger, held: ledger.landed(
        held, Landed(key="k", sha256="0" * 64, size=1, content_type="image/png")
    ),
    "refused": lambda ledger, held: ledger.failed(held, said("no")),
    "moderated": lambda ledger, held: ledger.failed(held, said("no", "moderated")),
    "failed": lambda ledger, held: ledger.failed(held, said("yes")),
    "unknown": lambda ledger, held: ledger.unknown(held, said("unknown")),
}


@pytest.mark.parametrize("asked", [ASKED, OTHER], ids=["same", "other"])
@pytest.mark.parametrize("story", ["absent", "crashed", *STORIES])
async def test_it_foresees_what_a_claim_meets(story, asked):
    store = MemoryStore()
    past = Ledger(store, wall=lambda: datetime.now(UTC) - timedelta(days=1))
    if story != "absent":
        earlier = past if story == "crashed" else Ledger(store)
        mine = await earlier.claim(JOB, **REQUEST, api="v1", key_hash="k", asked=ASKED)
        await STORIES.get(story, nothing)(earlier, mine.held)
    ledger, before = Ledger(store), dict(store.objects)

    seen = await foresee(ledger, JOB, **REQUEST, asked=asked)

    assert store.objects == before
    try:
        met = await ledger.claim(JOB, **REQUEST, api="v1", key_hash="k", asked=asked)
    except RequestChanged as error:
        met = error
    match met:
        case RequestChanged(fields=fields):
            assert (seen.meets, tuple(seen.changes)) == ("other request", fields)
        case Mine():
            assert (seen.meets, seen.receipt) == ("nothing", None)
        case Theirs(held) | Known(held):
            assert (seen.meets, seen.state) == ("known", held.receipt.state)
