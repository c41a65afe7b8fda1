"""What a monitor reads of a bucket: what needs a person, and little else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from flows.health import FLOWS
from flows.unlanded import Unlanded, names, unlanded
from globalaiopc import ErrorInfo
from ledger import Held, JobKey, Ledger, Mine
from tests.conftest import ROOT
from tests.tasks.doubles import Bucket

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _begins_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module is read long before its tests run, and a claim of then would have ended."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


LOST = ErrorInfo(
    code="outcome_unknown", message="Lost.", charged="unknown", retry_is_free=False, who_acts="user"
)
PRICES = '[[price]]\nmodel = "m"\nunit = "call"\nprice = 0.5\ncurrency = "CNY"\n'


class Listed(Bucket):
    """Counts what is read; the objects were written one second after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def iter_modified(self, prefix: str = "") -> AsyncIterator[tuple[str, datetime]]:
        written = list(self.objects)
        for key in sorted(written):
            if key.startswith(prefix):
                yield key, NOW + timedelta(seconds=written.index(key))

    async def get(self, key):  # type: ignore[no-untyped-def]
        self.read.append(key)
        return await super().get(key)


async def claimed(bucket: Listed, job: JobKey, *, ago: float = 0.0) -> tuple[Ledger, Held]:
    ledger = Ledger(bucket, wall=lambda: NOW - timedelta(hours=ago))  # type: ignore[arg-type]
    outcome = await ledger.claim(
        job, endpoint="/v1/x", model="m", api="v1", key_hash="k", asked={"prompt": "A fox"}
    )
    assert isinstance(outcome, Mine)
    return ledger, outcome.held


def job(brief: str, stage: str = "video", batch: str = "b") -> JobKey:
    return JobKey(batch_id=batch, brief_id=brief, stage=stage)


async def look(bucket: Listed, **options: int) -> Unlanded:
    return await unlanded(bucket, **options)  # type: ignore[arg-type]


async def test_what_has_landed_is_not_even_read() -> None:
    bucket = Listed()
    for n in range(40):
        await claimed(bucket, job(f"fox.{n}"))
        bucket.objects[f"b/fox.{n}/video.mp4"] = b""
    bucket.read.clear()
    assert await look(bucket) == Unlanded()
    assert bucket.read == []


async def test_unknown_jobs_and_their_money() -> None:
    bucket = Listed()
    bucket.objects["priced/prices.toml"] = PRICES.encode()
    for batch, brief in (("priced", "a"), ("priced", "b"), ("b", "c")):
        ledger, held = await claimed(bucket, job(brief, batch=batch))
        await ledger.unknown(held, LOST)
    await claimed(bucket, job("crashed", batch="priced"), ago=1)
    await claimed(bucket, job("sending"))
    found = await look(bucket)
    told = {str(one) for one in found.unknown}
    assert told == {"priced/a/video", "priced/b/video", "b/c/video", "priced/crashed/video"}
    assert (found.at_risk, found.unpriced) == ({"CNY": Decimal("1.5")}, 1)


@pytest.mark.parametrize(("ago", "soon"), [(1, False), (17.5, False), (18.5, True), (30, True)])
async def test_what_is_paid_for_and_soon_gone(ago: float, soon: bool) -> None:
    bucket = Listed()
    for brief in ("waits", "made"):
        ledger, held = await claimed(bucket, job(brief), ago=ago)
        held = await ledger.submitted(held, "t")
        if brief == "made":
            await ledger.completed(held)
    found = await look(bucket)
    assert len(found.expiring) == (2 if soon else 0)
    assert all(one.expires == NOW + timedelta(hours=24 - ago) for one in found.expiring)


async def test_a_bound_and_what_lies_beyond_it() -> None:
    bucket = Listed()
    for n in range(50):
        ledger, held = await claimed(bucket, job(f"f{n}"))
        await ledger.unknown(held, LOST)
    found = await look(bucket, most=10)
    assert found.unread == 40
    assert {str(one) for one in found.unknown} == {f"b/f{n}/video" for n in range(40, 50)}


async def test_a_receipt_that_cannot_be_read_is_told_and_stops_nothing() -> None:
    bucket = Listed()
    ledger, held = await claimed(bucket, job("fox"))
    await ledger.unknown(held, LOST)
    bucket.objects[job("owl").receipt_key] = b"{"
    found = await look(bucket)
    assert len(found.unknown) == 1
    assert "owl" in found.unreadable[0]


def test_names_are_few() -> None:
    assert names([job("a"), job("b")]) == "b/a/video, b/b/video"
    assert names([job(one) for one in "abcde"]).endswith("b/c/video and 2 more")


def test_every_deployed_flow_is_asked_for() -> None:
    lines = (ROOT / "prefect.yaml").read_text().splitlines()
    entries = {line.rpartition(":")[2].strip() for line in lines if "entrypoint:" in line}
    assert {one.replace("_", "-") for one in entries} == set(FLOWS)
