"""The purse: whole briefs, waiting for money that comes free, and what a run notes of costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from prefect.logging import disable_run_logger

from globalaiopc import NotSent, OutcomeUnknown
from ledger import (
    BudgetReached,
    Held,
    JobKey,
    Ledger,
    Mine,
    ObjectInfo,
    PriceBook,
    PriceRow,
    Receipt,
    Unpriced,
    load_seen,
)
from tasks.purse import CappedPurse, Purse, Wanted, refuse_unpriced
from tests.ledger.doubles import MemoryStore

PRICES = PriceBook(
    [
        PriceRow(model="picture", unit="call", price=Decimal("0.12"), currency="CNY"),
        PriceRow(model="film", unit="second", price=Decimal("0.10"), currency="CNY"),
    ]
)
WHOLE = Decimal("0.52")


class Memory(MemoryStore):
    async def head(self, key: str) -> ObjectInfo | None:
        stored = await self.get(key)
        return ObjectInfo(len(stored.body), stored.etag, "", {}) if stored else None

    async def iter_keys(self, prefix: str) -> AsyncIterator[str]:
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield key


def key(brief: str, stage: str) -> JobKey:
    return JobKey(batch_id="b", brief_id=brief, stage=stage)


def jobs(brief: str) -> tuple[Wanted, Wanted]:
    return (
        Wanted(key(brief, "image"), "picture", None, None),
        Wanted(key(brief, "video"), "film", 4, None),
    )


@asynccontextmanager
async def purse_of(limit: str, store: Memory | None = None) -> AsyncIterator[CappedPurse]:
    store = store or Memory()
    with disable_run_logger():
        yield await CappedPurse.open(Ledger(store), store, "b", Decimal(limit), PRICES)


async def claimed(ledger: Ledger, one: Wanted) -> Held:
    asked = {"model": one.model, "seconds": one.seconds}
    outcome = await ledger.claim(
        one.job, endpoint="e", model=one.model, api="v1", key_hash="k", asked=asked
    )
    assert isinstance(outcome, Mine)
    return outcome.held


async def bought(purse: CappedPurse, one: Wanted, amount: str | None) -> Receipt:
    """What paying does: claim, reserve, send, and learn the price."""
    ledger = Ledger(MemoryStore())
    held = await claimed(ledger, one)
    await purse.reserve(held)
    held = await ledger.completed(held, amount=Decimal(amount) if amount else None)
    await purse.settle(held.receipt)
    return held.receipt


async def test_a_brief_is_reserved_whole_and_settled_by_what_was_charged():
    async with purse_of("1") as purse:
        async with purse.brief(jobs("a")):
            assert purse.account.held == {"a/image": Decimal("0.12"), "a/video": Decimal("0.40")}
            await bought(purse, jobs("a")[0], "0.11")
            await bought(purse, jobs("a")[1], None)
        assert purse.account.spent == {"a/image": Decimal("0.11"), "a/video": Decimal("0.40")}
        assert purse.account.reserved_total == 0


async def test_an_image_whose_video_does_not_fit_is_not_begun():
    async with purse_of("0.5") as purse:
        with pytest.raises(BudgetReached) as caught:
            async with purse.brief(jobs("a")):
                pytest.fail("the brief was begun")
        assert caught.value.needed == WHOLE
        assert caught.value.message == (
            "The budget is reached: 0.52 CNY would be needed, and 0.5 of 0.5 is left."
        )
        assert (caught.value.charged, caught.value.retry_is_free) == ("no", True)
        assert purse.account.reserved_total == 0


async def test_what_a_brief_did_not_need_goes_to_one_that_waits():
    async with purse_of("0.6") as purse:
        order: list[str] = []

        async def make(brief: str, *, image_refused: bool) -> None:
            async with purse.brief(jobs(brief)):
                order.append(brief)
                await asyncio.sleep(0)
                if image_refused:
                    held = await claimed(Ledger(MemoryStore()), jobs(brief)[0])
                    await purse.reserve(held)
                    await purse.release(held.receipt, NotSent("no"))
                else:
                    await bought(purse, jobs(brief)[0], "0.12")
                    await bought(purse, jobs(brief)[1], "0.40")

        done = await asyncio.gather(
            make("a", image_refused=True),
            make("b", image_refused=False),
            make("c", image_refused=False),
            return_exceptions=True,
        )
        assert order == ["a", "b"]
        assert [type(one) for one in done] == [type(None), type(None), BudgetReached]
        assert purse.account.spent_total == WHOLE


async def test_those_who_wait_are_told_when_nobody_can_free_money_any_more():
    async with purse_of("0.6") as purse:
        end = asyncio.Event()

        async def make(brief: str) -> None:
            async with purse.brief(jobs(brief)):
                held = await claimed(Ledger(MemoryStore()), jobs(brief)[1])
                await purse.reserve(held)
                await end.wait()
                await purse.release(held.receipt, OutcomeUnknown("lost"))

        first = asyncio.create_task(make("a"))
        second = asyncio.create_task(make("b"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not second.done()
        end.set()
        with pytest.raises(BudgetReached):
            await second
        await first
        # Money at risk stays reserved.
        assert purse.account.sent == {"a/video": Decimal("0.40")}
        assert not purse.account.held


async def test_a_thousand_that_wait_do_not_ask_the_bucket_a_thousand_times():
    store = Memory()
    async with purse_of("2.60", store) as purse:

        async def make(brief: str) -> None:
            async with purse.brief(jobs(brief)):
                await bought(purse, jobs(brief)[0], "0.12")
                await bought(purse, jobs(brief)[1], "0.40")

        done = await asyncio.gather(
            *(make(f"brief-{n}") for n in range(1000)), return_exceptions=True
        )
        assert [n for n, one in enumerate(done) if one is None] == [0, 1, 2, 3, 4]
        assert sum(isinstance(one, BudgetReached) for one in done) == 995
    assert store.calls.count("put_if_match") < 30


async def test_jobs_bought_before_the_budget_was_set_count_and_their_brief_is_finished():
    store = Memory()
    ledger = Ledger(store)
    image = await claimed(ledger, jobs("a")[0])
    image = await ledger.submitted(image, "t1")
    await ledger.completed(image, amount=Decimal("0.12"))
    await ledger.submitted(await claimed(ledger, jobs("a")[1]), "t2")
    refused = await claimed(ledger, jobs("c")[0])
    await ledger.failed(refused, NotSent("no").info())
    async with purse_of("0.3", store) as purse:
        assert purse.account.spent == {"a/image": Decimal("0.12")}
        assert purse.account.sent == {"a/video": Decimal("0.40")}
        async with purse.brief(jobs("a")):
            pass
        with pytest.raises(BudgetReached):
            async with purse.brief(jobs("b")):
                pass
    async with purse_of("5", store) as purse:
        assert purse.account.free == Decimal("4.48")


@pytest.mark.parametrize("stage", ["image", "video", "voice", "speech"])
async def test_every_paid_stage_counts_when_a_budget_is_set_later(stage):
    store = Memory()
    ledger = Ledger(store)  # type: ignore[arg-type]
    held = await claimed(ledger, Wanted(key("a", stage), "picture", None, None))
    await ledger.submitted(held, "t-1")
    async with purse_of("1.00", store) as purse:
        assert purse.account.sent == {f"a/{stage}": Decimal("0.12")}


async def test_a_begun_brief_goes_on_to_finish_what_runs_and_may_not_send_more():
    store = Memory()
    image = await claimed(Ledger(store), jobs("a")[0])
    await Ledger(store).completed(image, amount=Decimal("0.12"))
    async with purse_of("0.5", store) as purse:
        begun = False
        async with purse.brief(jobs("a")):
            begun = True
            with pytest.raises(BudgetReached) as caught:
                await purse.reserve(await claimed(Ledger(store), jobs("a")[1]))
        assert begun
        assert caught.value.needed == Decimal("0.40")
        assert purse.account.spent_total == Decimal("0.12")


async def test_only_what_this_run_made_is_noted_and_only_once():
    store = MemoryStore()
    purse = Purse()
    ledger = Ledger(store)
    held = await claimed(ledger, jobs("a")[1])
    held = await ledger.completed(held, amount=Decimal("0.4"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    old = held.receipt.model_copy(update={"times": {"completed": yesterday}})
    await purse.settle(old)
    await purse.settle(held.receipt)
    await purse.remember(store)  # type: ignore[arg-type]
    await purse.remember(store)  # type: ignore[arg-type]
    seen = await load_seen(store)  # type: ignore[arg-type]
    quote = PriceBook(seen=seen).quote("film", seconds=4)
    assert quote.detail == "a guess: the most that 1 such job cost before (0.4)"


def test_every_unpriced_model_is_named():
    wanted = [*jobs("a"), Wanted(key("b", "video"), "opera", 8, None)] * 2
    with pytest.raises(Unpriced) as caught:
        refuse_unpriced(PRICES, wanted)
    assert caught.value.message == (
        "A budget needs a price for every image and video model. "
        "opera (8 s): no price file, and no amount seen before."
    )
    assert (caught.value.charged, caught.value.who_acts) == ("no", "user")
    refuse_unpriced(PRICES, jobs("a"))
