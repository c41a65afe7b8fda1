"""Models asked in turn: by one process, by several at once, and by some that die on the way."""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flows import fallback
from flows.fallback import Candidate, first_to_sell, lets_another_try, turn
from globalaiopc import (
    Forbidden,
    GlobalAIOPCError,
    JobFailed,
    LoginFailed,
    Moderated,
    NotSent,
    OutcomeUnknown,
    RateLimited,
)
from ledger import BudgetReached, JobUnknown, Receipt, RequestChanged, Stored, StoreError
from tasks import PAID, KeptError, Order, Studio
from tasks.asked import ImageAsked
from tasks.ordering import order_for
from tests.ledger.doubles import Wall
from tests.tasks.doubles import CATALOGUE, KEY, Bucket, studio_for

MODELS = ("nano-banana-pro", "gpt-image-2", "nano-banana-2")
REFUSED = httpx.Response(403, json={"error": {"message": "this model is not for this key"}})


@pytest.fixture(autouse=True)
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "PAID", {name: task.fn for name, task in PAID.items()})
    monkeypatch.setattr(fallback, "get_run_logger", lambda: logging.getLogger("test"))
    # Read once: each process of a race has a client of its own.
    monkeypatch.setattr("globalaiopc.client.Catalogue.load", lambda: CATALOGUE)


class Seller:
    """Accepts a create if `sells` says so of its model; every job is done at the first look."""

    def __init__(self, sells: Callable[[str], bool | httpx.Response]) -> None:
        self.sells = sells
        self.asked: list[str] = []
        self.sold: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            model = json.loads(request.content)["model"]
            self.asked.append(model)
            answer = self.sells(model)
            if isinstance(answer, httpx.Response):
                return httpx.Response(answer.status_code, content=answer.content)
            if not answer:
                return httpx.Response(403, content=REFUSED.content)
            self.sold.append(model)
            return httpx.Response(200, json={"id": f"job-{len(self.sold)}", "status": "queued"})
        task_id = request.url.path.rpartition("/")[2]
        done = {"id": task_id, "status": "completed", "image_url": "https://x.test/a.png"}
        return httpx.Response(200, json=done)


def candidates(studio: Studio, models: tuple[str, ...] = MODELS) -> list[Candidate]:
    def one(model: str) -> Candidate:
        asked = ImageAsked(model=model, prompt="a fox", ratio="16:9")

        def order() -> Order:
            return order_for(studio, KEY, asked)

        return Candidate(model, studio.client.catalogue.model(model).endpoint, order)

    return [one(model) for model in models]


async def bought(seller: Seller, bucket: Bucket, models: tuple[str, ...] = MODELS) -> Receipt:
    studio = studio_for(seller, bucket)
    return (await first_to_sell(studio, KEY, candidates(studio, models))).held.receipt


def receipt(bucket: Bucket) -> Receipt:
    return Receipt.from_json(bucket.objects[KEY.receipt_key], "it")


async def test_the_first_that_does_not_refuse_is_bought_and_the_rest_is_not_asked():
    seller, bucket = Seller(lambda model: model != MODELS[0]), Bucket()
    made = await bought(seller, bucket)
    assert (made.model, made.endpoint, made.attempts) == ("gpt-image-2", "gpt_image_2", 2)
    assert seller.asked == list(MODELS[:2])
    again = await bought(seller, bucket)
    assert (again.task_id, seller.asked) == (made.task_id, list(MODELS[:2]))


async def test_what_was_bought_is_continued_also_when_the_first_would_sell_by_now():
    bucket = Bucket()
    await bought(Seller(lambda model: model == MODELS[2]), bucket)
    willing = Seller(lambda _: True)
    assert (await bought(willing, bucket)).model == MODELS[2]
    assert willing.asked == []


async def test_when_all_refuse_the_last_refusal_is_told_and_a_later_run_begins_anew():
    bucket = Bucket()
    with pytest.raises(Forbidden):
        await bought(Seller(lambda _: False), bucket)
    assert (receipt(bucket).state, receipt(bucket).model) == ("failed", MODELS[2])
    assert (await bought(Seller(lambda _: True), bucket)).model == MODELS[0]


async def test_a_model_that_was_used_and_is_no_longer_named_is_another_request():
    bucket = Bucket()
    await bought(Seller(lambda model: model == MODELS[1]), bucket)
    seller = Seller(lambda _: True)
    with pytest.raises(RequestChanged, match="gpt-image-2"):
        await bought(seller, bucket, (MODELS[0], MODELS[2]))
    assert seller.asked == []


async def test_a_lost_answer_is_held_for_a_person_and_no_other_model_is_asked():
    bucket = Bucket()
    seller = Seller(lambda _: httpx.Response(502))
    with pytest.raises(OutcomeUnknown):
        await bought(seller, bucket)
    with pytest.raises(JobUnknown):
        await bought(Seller(lambda _: True), bucket)
    assert seller.asked == [MODELS[0]]


@pytest.mark.parametrize(
    ("error", "lets"),
    [
        (Forbidden("no"), True),
        (Moderated("no"), True),
        (JobFailed("no", charged="no"), True),
        (KeptError(Forbidden("no").info()), True),
        (JobFailed("no"), False),
        (KeptError(JobFailed("no").info()), False),
        (OutcomeUnknown("?"), False),
        (RateLimited("later"), False),
        (NotSent("later"), False),
        (LoginFailed("key"), False),
        (KeptError(LoginFailed("key").info()), False),
        (StoreError("bucket"), False),
        (BudgetReached("money", needed=1), False),  # type: ignore[arg-type]
    ],
)
def test_only_a_refusal_that_cost_nothing_lets_another_try(error: GlobalAIOPCError, lets: bool):
    assert lets_another_try(error) is lets


def test_an_intent_of_a_model_that_refused_us_is_waited_for():
    held = Receipt.model_validate(
        {
            "job": KEY,
            "state": "intent",
            "endpoint": "e",
            "model": "a",
            "api": "v1",
            "key_hash": "k",
            "asked": {},
            "fingerprint": "f",
            "claim": {"holder": "h", "nonce": "n", "until": "2026-01-01T00:00:00Z"},
        }
    )
    assert turn(held, ["a", "b"], {"a"}) is None
    assert turn(held, ["a", "b"], ()) == 0
    assert turn(held, ["b", "a"], {"b"}) == 1
    assert turn(held, ["b"], ()) == 0, "the claim then says what differs"
    assert turn(None, ["a", "b"], {"a"}) == 1


class Dead(BaseException):
    """What ends a process of a race."""


class Uneven(Bucket):
    """A shared bucket of which one process sees every call, at its own pace, until it dies."""

    def __init__(self, shared: Bucket, dice: random.Random, calls: int) -> None:
        super().__init__()
        self.objects, self.metadata = shared.objects, shared.metadata
        self._dice, self._left = dice, calls

    async def _turn(self) -> None:
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)
        self._left -= 1
        if self._left < 0:
            raise Dead

    async def get(self, key: str) -> Stored | None:
        await self._turn()
        return await super().get(key)

    async def put_if_absent(self, key: str, body: bytes, *, content_type: str) -> str | None:
        await self._turn()
        return await super().put_if_absent(key, body, content_type=content_type)

    async def put_if_match(
        self, key: str, body: bytes, etag: str, *, content_type: str
    ) -> str | None:
        await self._turn()
        return await super().put_if_match(key, body, etag, content_type=content_type)


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("part", range(2))
async def test_however_many_ask_and_wherever_they_die_one_job_is_bought(part: int, dies: bool):
    sold = 0
    for seed in range(part * 20, part * 20 + 20):
        dice = random.Random(seed)
        bucket, wall = Bucket(), Wall()
        # A model may be switched on and off meanwhile: two processes get two answers.
        seller = Seller(lambda _, dice=dice: dice.random() < 0.4)  # type: ignore[misc]
        lives = [
            _life(seller, Uneven(bucket, dice, dice.randrange(12) if dies else 10_000), wall)
            for _ in range(3)
        ]
        ends = await asyncio.gather(*lives)
        last = await _life(seller, Uneven(bucket, dice, 10_000), wall)
        assert len(seller.sold) <= 1, seed
        for end in (*ends, last):
            assert isinstance(end, Receipt | Forbidden | KeptError | JobUnknown | Dead), seed
        made = [end for end in (*ends, last) if isinstance(end, Receipt)]
        assert {one.task_id for one in made} <= {"job-1"}, seed
        if not dies:
            assert not any(isinstance(end, JobUnknown | Dead) for end in (*ends, last)), seed
            assert len(made) == 4 or not seller.sold or last in made, seed
        sold += len(seller.sold)
    assert sold > 5


async def _life(seller: Seller, bucket: Bucket, wall: Wall) -> Receipt | BaseException:
    studio = studio_for(seller, bucket, wall)

    async def sleep(seconds: float) -> None:
        wall.pass_seconds(seconds)
        clock.seconds += seconds
        await asyncio.sleep(0)

    clock: Any = studio.client.clock
    clock.sleep = sleep
    try:
        return (await first_to_sell(studio, KEY, candidates(studio))).held.receipt
    except (GlobalAIOPCError, Dead) as end:
        return end
