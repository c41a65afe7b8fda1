"""The budget: reserved + spent stay within the limit, whoever races, dies, or loses an answer.

Peers' tests "budget: 50 concurrent submits racing a cap" and "a failed job releases its
reservation" are here, with 100, in one process and in three.
"""

import asyncio
import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from globalaiopc import ConfigurationError
from ledger import Account, Budget, BudgetUnreadable, JobKey, ObjectInfo, ObjectStore, line_of
from ledger.account import Draft
from sandbox.services import S3Access
from tests.conftest import ROOT
from tests.ledger.doubles import MemoryStore, once
from tests.ledger.spender import BRIEFS, LIMIT, PRICE, recording, spend, total

KEY = "race/budget.json"


class Memory(MemoryStore):
    async def head(self, key: str) -> ObjectInfo | None:
        stored = await self.get(key)
        return ObjectInfo(len(stored.body), stored.etag, "", {}) if stored else None


async def opened(store: ObjectStore | Memory, limit: str = "10", currency: str = "CNY") -> Budget:
    budget = Budget(store, "race")
    await budget.open(Decimal(limit), currency)
    return budget


def lines(*names: str, price: str = "1") -> dict[str, Decimal]:
    return dict.fromkeys(names, Decimal(price))


@contextmanager
def watched(access: S3Access, prefix: str) -> Iterator[list[Account]]:
    """Reads the object all the time, as any outsider may."""
    seen: list[Account] = []
    over = threading.Event()
    client = access.client()

    def watch() -> None:
        while True:
            found = client.get_object(Bucket=access.bucket, Key=f"{prefix}/{KEY}")
            seen.append(Account.model_validate_json(found["Body"].read()))
            if over.wait(0.005):  # two cores: leave some for the racers
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
        client.close()


async def test_whoever_names_no_limit_keeps_to_the_one_that_is_there():
    store = Memory()
    assert await Budget(store, "race").peek() is None
    assert store.objects == {}
    with pytest.raises(BudgetUnreadable, match="is gone"):
        await Budget(store, "race").open(None, "CNY")
    await opened(store, "1", currency="")
    joined = Budget(store, "race")
    assert (await joined.open(None, "CNY")).limit == 1
    assert await joined.hold(lines("a")) is None
    await opened(store, "2")  # another process is given more meanwhile
    assert (await joined.open(None, "CNY")).limit == 2
    seen = await Budget(store, "race").peek()
    assert seen is not None
    assert (seen.limit, seen.held, seen.currency) == (2, lines("a"), "CNY")
    with pytest.raises(ConfigurationError, match="counts in CNY"):
        await Budget(store, "race").open(None, "USD")


async def test_a_hundred_briefs_racing_in_one_process_never_pass_the_limit(s3: S3Access):
    store = recording(s3, f"run-{secrets.token_hex(6)}")
    budget = await opened(store, str(LIMIT))
    with watched(s3, store.prefix) as seen:
        await asyncio.sleep(0)
        sent = await spend(budget, 0, 1)
    assert max(total(one) for one in [*seen, *store.written]) <= LIMIT
    # At first 33 fit; what a refusal gives back was nobody's when the others had asked.
    assert sent == 2 * int(LIMIT / PRICE)
    assert not budget.account.held
    assert not budget.account.sent
    assert len(store.written) <= 12  # not one write for each of some 300 changes


def test_three_processes_racing_never_pass_the_limit(s3: S3Access):
    prefix = f"run-{secrets.token_hex(6)}"
    asyncio.run(opened(ObjectStore(s3.client(), s3.bucket, prefix), str(LIMIT)))
    racers = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.ledger.spender",
                json.dumps({"s3": asdict(s3), "prefix": prefix, "part": part, "parts": 3}),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for part in range(3)
    ]
    with watched(s3, prefix) as seen:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        done = [json.loads(racer.communicate("go\n", timeout=60)[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert all(Decimal(one["most"]) <= LIMIT for one in done), done
    assert max(total(one) for one in seen) <= LIMIT
    assert all(one["sent"] > 0 for one in done), done
    final = asyncio.run(opened(ObjectStore(s3.client(), s3.bucket, prefix), str(LIMIT))).account
    assert not final.sent
    refused = sum(1 for n in range(BRIEFS) if n % 5 == 0)
    assert len(final.spent) >= sum(one["sent"] for one in done) - 2 * refused


async def test_a_thousand_at_once_are_a_few_writes_and_a_small_object(s3: S3Access):
    store = recording(s3, f"run-{secrets.token_hex(6)}")
    budget = await opened(store, "100000")
    names = [f"brief-{n:05}" for n in range(5000)]
    held = await asyncio.gather(
        *(budget.hold(lines(f"{name}/image", f"{name}/video", price="0.12")) for name in names)
    )
    assert not any(held)
    assert len(store.written) <= 3
    found = await store.get(KEY)
    assert found is not None
    assert len(found.body) < 350_000


async def test_a_restart_finds_its_lines_and_a_new_limit_takes_the_place_of_the_old(
    store: ObjectStore,
):
    before = await opened(store, "3")
    assert await before.hold(lines("a/image", "a/video")) is None
    assert await before.send("a/image", Decimal(1)) is None
    after = await opened(store, "3")
    assert await after.hold(lines("a/image", "a/video")) is None
    assert after.account.reserved_total == 2
    short = await after.hold(lines("b/image", "b/video"))
    assert short is not None
    assert (short.need, short.free, short.begun) == (2, 1, False)
    higher = await opened(store, "4")
    assert await higher.hold(lines("b/image", "b/video")) is None
    lower = await opened(store, "2.5")
    assert lower.account.free == Decimal("-1.5")
    assert await lower.send("a/video", Decimal(1)) is not None
    assert lower.account.free == Decimal("-0.5")


async def test_a_refusal_gives_its_money_back_and_the_next_attempt_has_a_line_of_its_own(
    store: ObjectStore,
):
    budget = await opened(store, "1")
    assert await budget.hold(lines("a/image")) is None
    assert await budget.send("a/image", Decimal(1)) is None
    await budget.release("a/image")
    assert await budget.send("a/image#2", Decimal(1)) is None
    await budget.release("a/image")  # a late word about the first attempt
    assert budget.account.sent == {"a/image#2": 1}


async def test_a_late_word_about_an_attempt_leaves_what_is_held_for_the_next(store: ObjectStore):
    budget = await opened(store, "1")
    await budget.hold(lines("a/image"))
    await budget.release("a/image")
    assert budget.account.held == {"a/image": 1}


async def test_what_is_held_may_be_dropped_and_what_is_sent_may_not(store: ObjectStore):
    budget = await opened(store, "2")
    await budget.hold(lines("a/image", "a/video"))
    await budget.send("a/image", Decimal(1))
    await budget.drop(["a/image", "a/video"])
    assert (budget.account.held, budget.account.sent) == ({}, {"a/image": 1})


async def test_a_job_that_cost_more_than_its_quote_stops_what_was_not_sent_yet(store: ObjectStore):
    budget = await opened(store, "2")
    await budget.hold(lines("a/image", "b/image"))
    await budget.send("a/image", Decimal(1))
    await budget.settle("a/image", Decimal("1.5"), Decimal(1))
    assert budget.account.free == Decimal("-0.5")
    short = await budget.send("b/image", Decimal(1))
    assert short is not None
    assert (short.need, short.free) == (1, Decimal("0.5"))
    assert budget.account.spent == {"a/image": Decimal("1.5")}
    assert not budget.account.held


async def test_without_an_amount_the_reservation_counts_as_spent(store: ObjectStore):
    budget = await opened(store, "2")
    await budget.hold(lines("a/image"))
    await budget.send("a/image", Decimal(1))
    await budget.settle("a/image", None, Decimal("0.7"))
    await budget.settle("b/image", None, Decimal("0.7"))
    assert budget.account.spent == {"a/image": 1, "b/image": Decimal("0.7")}
    await budget.settle("a/image", Decimal(9), Decimal(9))
    assert budget.account.spent["a/image"] == 1


async def test_a_batch_begun_without_a_budget_counts_in_full(store: ObjectStore):
    budget = await opened(store, "1")
    await budget.adopt(
        sent=lines("a/video"), spent=lines("a/image", price="0.8"), released=["b/image"]
    )
    assert budget.account.free == Decimal("-0.8")
    short = await budget.hold(lines("a/image", "a/video", "c/image"))
    assert short is not None
    assert (short.need, short.begun) == (1, True)
    assert await budget.hold(lines("a/image", "a/video")) is None


async def test_an_answer_from_memory_is_proven_first(store: ObjectStore):
    ours, theirs = await opened(store, "1"), await opened(store, "1")
    await ours.hold(lines("a/image"))
    assert await theirs.hold(lines("b/image")) is not None
    await ours.drop(["a/image"])
    assert await theirs.hold(lines("b/image")) is None
    assert await ours.hold(lines("c/image")) is not None


@pytest.mark.parametrize("call", ["put_if_match", "put_if_absent", "get"])
@pytest.mark.parametrize("fate", ["lose", "refuse"])
async def test_a_lost_answer_of_the_bucket_counts_nothing_twice(call: str, fate: str):
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    budget = Budget(Memory(once(call, fate)), "race", sleep=sleep)
    await budget.open(Decimal(1), "CNY")
    assert await budget.hold(lines("a/image")) is None
    assert await budget.send("a/image", Decimal(1)) is None
    await budget.settle("a/image", Decimal("0.9"), Decimal(1))
    assert budget.account.spent == {"a/image": Decimal("0.9")}
    assert budget.account.reserved_total == 0
    assert len(slept) >= 1


async def test_a_budget_that_cannot_be_read_stops_the_spending(store: ObjectStore):
    budget = await opened(store, "1")
    await store.put(KEY, b'{"version": 2, "limit": "1"}', content_type="application/json")
    with pytest.raises(BudgetUnreadable, match=r"budget\.json cannot be read: version"):
        await budget.hold(lines("a/image"))
    await store.delete(KEY)
    with pytest.raises(BudgetUnreadable, match="is gone"):
        await budget.hold(lines("a/image"))


async def test_a_fresh_look_shows_what_another_process_did(store: ObjectStore):
    mine, other = await opened(store), await opened(store)
    assert await other.hold(lines("a/image")) is None
    assert await other.send("a/image", Decimal(1)) is None
    assert mine.account.reserved_total == 0
    assert (await mine.refresh()).sent == {"a/image": Decimal(1)}


async def test_two_currencies_are_not_added_up(store: ObjectStore):
    await opened(store, "1")
    with pytest.raises(ConfigurationError, match="counts in CNY, and the price file is in USD"):
        await opened(store, "1", "USD")
    await opened(store, "1", "")


def test_a_line_names_brief_stage_take_and_attempt():
    job = JobKey(batch_id="b", brief_id="fox", stage="video")
    assert line_of(job) == "fox/video"
    assert line_of(job.model_copy(update={"take": 2}), 3) == "fox/video.take2#3"


_JOBS = st.sampled_from([f"b{n}/{stage}" for n in range(3) for stage in ("image", "video")])
_PRICE = st.integers(1, 4).map(Decimal)
_STEP = st.tuples(st.sampled_from(["hold", "send", "settle", "release", "drop"]), _JOBS, _PRICE)


@given(st.lists(_STEP, max_size=40))
def test_whatever_the_order_reserved_and_spent_stay_within_the_limit(
    steps: list[tuple[str, str, Decimal]],
):
    account = Account(limit=Decimal(6))
    for name, job, price in steps:
        draft = Draft(account)
        if name == "hold":
            draft.hold({job: price})
        elif name == "send":
            draft.send(job, price)
        elif name == "settle" and job in account.sent:
            draft.settle(job, min(price, account.sent[job]), price)
        elif name == "release":
            draft.release(job)
        elif name == "drop":
            draft.drop([job])
        before, account = account, draft.account()
        assert account.free >= 0
        assert draft.changed == (account != before)
        assert Draft(account)._free == draft._free
