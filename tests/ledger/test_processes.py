import asyncio
import json
import sys
from dataclasses import asdict

from ledger import JobKey, Ledger, ReceiptUnreadable
from tests.ledger.racer import JOBS


async def test_04_processes_that_claim_the_same_jobs_get_each_once(s3, store):
    settings = json.dumps({"s3": asdict(s3), "prefix": store.prefix})
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.ledger.racer",
            settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert await racer.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    found = [json.loads(out) for out, _ in answers]
    won = [job for one in found for job in one["mine"]]
    assert len(won) == len(set(won)) == JOBS
    assert all(sum(map(len, one.values())) == JOBS for one in found)
    held = [h async for h in Ledger(store).scan("race/")]
    assert {h.receipt.job.brief_id for h in held} == set(won)
    assert {h.receipt.state for h in held} == {"submitted"}
    assert all(h.receipt.claim.holder in h.receipt.task_id for h in held)


async def test_scan_reads_receipts_only_and_names_what_it_cannot_read(store):
    ledger = Ledger(store)
    for batch in ("a", "ab"):
        for n in range(3):
            job = JobKey(batch_id=batch, brief_id=str(n), stage="image", take=n + 1)
            await ledger.claim(job, endpoint="e", model="m", api="v1", key_hash="k", asked={"n": n})
    await store.put("a/0/script.json", b"{}", content_type="application/json")
    await store.put("a/1/receipts/video.json", b"<html>", content_type="application/json")
    unreadable = []
    found = [h async for h in ledger.scan("a/", unreadable=unreadable.append)]
    assert sorted(h.receipt.job.brief_id for h in found) == ["0", "1", "2"]
    assert [type(e) for e in unreadable] == [ReceiptUnreadable]
    assert "a/1/receipts/video.json" in str(unreadable[0])
    assert len([h async for h in ledger.scan("ab/")]) == 3
    try:
        [h async for h in ledger.scan()]
    except ReceiptUnreadable:
        pass
    else:
        raise AssertionError("an unreadable receipt must not be passed over in silence")


async def test_the_straight_way_on_a_real_store(store):
    ledger = Ledger(store)
    job = JobKey(batch_id="b", brief_id="x", stage="video")
    mine = await ledger.claim(job, endpoint="e", model="m", api="v1", key_hash="k", asked={"p": 1})
    submitted = await ledger.submitted(mine.held, "t")
    racers = await asyncio.gather(*(ledger.completed(submitted) for _ in range(8)))
    assert len({held.etag for held in racers}) == 1
    assert (await ledger.look(job)).etag == racers[0].etag
    info = await store.head(job.receipt_key)
    assert info.content_type == "application/json"
    assert info.size < 2000
