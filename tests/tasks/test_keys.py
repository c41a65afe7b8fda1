"""A key that is replaced while a run goes on: what was bought with which, and asked with which."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from globalaiopc import GlobalAIOPCClient, MediaRequest, TaskGone, Unauthorized
from globalaiopc.auth import key_hash
from ledger import Receipt
from tasks.keys import Keyring
from tasks.paid import KEPT, buy, send_again
from tests.globalaiopc.doubles import KEY, FakeClock
from tests.ledger.doubles import Wall
from tests.tasks.doubles import KEY as JOB
from tests.tasks.doubles import TASK, Bucket, fox, studio_for

NEW = "k-canary-the-next-one"
NEWEST = "k-canary-the-one-after-it"
OLD_HASH, NEW_HASH = key_hash(KEY), key_hash(NEW)
REFUSED = {"code": 401, "msg": "invalid api key", "data": None}


class Gateway:
    """Takes the `accepted` keys. Each has an account of its own, unless they are `one_account`."""

    def __init__(self, *accepted: str, one_account: bool = False) -> None:
        self.accepted = set(accepted)
        self.one_account = one_account
        self.owner: dict[str, str] = {}
        self.seen: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["authorization"].removeprefix("Bearer ")
        self.seen.append((request.method, key))
        if key not in self.accepted:
            return httpx.Response(401, json=REFUSED)
        if request.method == "POST":
            self.owner[TASK] = key
            return httpx.Response(200, json={"id": TASK, "status": "queued"})
        if self.one_account or self.owner.get(TASK) == key:
            done = {"id": TASK, "status": "completed", "image_url": "https://x.test/a.png"}
            return httpx.Response(200, json=done)
        return httpx.Response(404, json={"code": 404, "msg": "task not found", "data": None})

    def keys(self, method: str) -> list[str]:
        return [key for one, key in self.seen if one == method]


class Block:
    """What a keyring asks of the connection's block."""

    def __init__(self, gateway: Gateway, key: str, former: Iterable[str] = ()) -> None:
        self.gateway, self.key, self.former = gateway, key, tuple(former)
        self.clock = FakeClock()
        self.reads = 0

    def client(self, key: str | None = None) -> GlobalAIOPCClient:
        transport = httpx.MockTransport(self.gateway)
        return GlobalAIOPCClient(key or self.key, clock=self.clock, transport=transport)

    def former_client(self, wanted: str) -> GlobalAIOPCClient | None:
        return next((self.client(key) for key in self.former if key_hash(key) == wanted), None)

    async def reload(self) -> "Block":
        self.reads += 1
        return self


def studio(block: Any, bucket: Bucket, *, key: str = "", wall: Wall | None = None):
    made = studio_for(block.gateway, bucket, wall)
    made.keys = Keyring(block.client(key or block.key), block, block.reload)
    return made


def receipt(bucket: Bucket) -> Receipt:
    return Receipt.from_json(bucket.objects[JOB.receipt_key], "it")


async def test_a_replaced_secret_is_noticed_by_a_run_that_goes_on():
    gateway, bucket = Gateway(NEW), Bucket()
    block = Block(gateway, NEW, former=[KEY])
    running = studio(block, bucket, key=KEY)
    bought = await buy(running, fox())
    assert bought.media_url == "https://x.test/a.png"
    assert gateway.keys("POST") == [KEY, NEW]
    kept = receipt(bucket)
    assert (kept.key_hash, kept.task_id, kept.attempts) == (NEW_HASH, TASK, 2)
    assert set(gateway.keys("GET")) == {NEW}
    await buy(running, fox(take=2))
    assert (gateway.keys("POST")[2:], block.reads) == ([NEW], 1)


async def test_a_key_that_nobody_replaced_is_refused_once_for_all_who_ask():
    gateway, bucket = Gateway(), Bucket()
    block = Block(gateway, KEY)
    running = studio(block, bucket)
    for take in range(1, 6):
        with pytest.raises(Unauthorized):
            await buy(running, fox(take=take))
    assert (len(gateway.keys("POST")), block.reads) == (5, 1)
    assert receipt(bucket).error.charged == "no"
    # The same batch with the new key: nothing stands in its way.
    gateway.accepted = {NEW}
    await buy(studio(Block(gateway, NEW), bucket), fox())
    assert receipt(bucket).key_hash == NEW_HASH


async def test_a_block_that_cannot_be_read_leaves_the_refusal_as_it_was(caplog):
    gateway, bucket = Gateway(NEW), Bucket()
    block = Block(gateway, NEW)

    async def away() -> Block:
        raise httpx.ConnectError("the server is away")

    running = studio(block, bucket, key=KEY)
    running.keys = Keyring(block.client(KEY), None, away)
    with pytest.raises(Unauthorized):
        await buy(running, fox())
    assert "could not be read again (ConnectError)" in caplog.text
    assert KEY not in caplog.text + repr(running.keys) + repr(running)


async def bought_with_the_old_key(gateway: Gateway, bucket: Bucket, wall: Wall) -> None:
    block = Block(gateway, KEY)
    await buy(studio(block, bucket, wall=wall), fox())
    gateway.seen.clear()


async def test_a_job_is_looked_up_with_the_key_that_bought_it():
    gateway, bucket, wall = Gateway(KEY, NEW), Bucket(), Wall()
    await bought_with_the_old_key(gateway, bucket, wall)
    later = studio(Block(gateway, NEW, former=[KEY]), bucket, wall=wall)
    await buy(later, fox())
    await buy(later, fox(take=2))
    assert gateway.seen[0] == ("GET", KEY)
    assert gateway.keys("POST") == [NEW]
    assert receipt(bucket).key_hash == OLD_HASH


async def test_a_revoked_keys_job_is_asked_of_the_new_one_in_case_its_account_is_the_same():
    gateway, bucket, wall = Gateway(KEY, NEW, one_account=True), Bucket(), Wall()
    await bought_with_the_old_key(gateway, bucket, wall)
    gateway.accepted = {NEW}
    later = studio(Block(gateway, NEW, former=[KEY]), bucket, wall=wall)
    assert (await buy(later, fox())).media_url == "https://x.test/a.png"
    assert gateway.keys("GET")[-1] == NEW


async def test_a_former_keys_job_survives_that_the_current_one_is_replaced_as_well():
    gateway, bucket, wall = Gateway(KEY, NEWEST, one_account=True), Bucket(), Wall()
    await bought_with_the_old_key(gateway, bucket, wall)
    gateway.accepted = {NEWEST}
    block = Block(gateway, NEWEST, former=[KEY])
    later = studio(block, bucket, key=NEW, wall=wall)
    assert (await buy(later, fox())).media_url == "https://x.test/a.png"
    assert (gateway.keys("GET")[:2], gateway.keys("GET")[-1]) == ([KEY, NEW], NEWEST)
    gateway.accepted = set()
    with pytest.raises(Unauthorized):
        await buy(later, fox())


async def test_media_are_handed_to_the_account_of_the_key_that_the_job_is_sent_with():
    gateway, bucket = Gateway(NEW), Bucket()
    running = studio(Block(gateway, NEW), bucket, key=KEY)
    order, handed = fox(), []

    async def renew() -> MediaRequest:
        handed.append(running.client.key_hash)
        if len(handed) == 1:  # another job is refused meanwhile
            assert await running.keys.renewed(running.client)
        return order.request

    await buy(running, replace(order, renew=renew))
    assert (handed, gateway.keys("POST")) == ([OLD_HASH, NEW_HASH], [NEW])


@pytest.mark.parametrize("kept", [True, False])
async def test_a_job_of_a_key_that_is_gone_is_held_and_never_sent_again(kept):
    gateway, bucket, wall = Gateway(KEY, NEW), Bucket(), Wall()
    await bought_with_the_old_key(gateway, bucket, wall)
    gateway.accepted = {NEW}
    wall.pass_seconds(KEPT.total_seconds() + 1)
    later = studio(Block(gateway, NEW, former=[KEY] if kept else []), bucket, wall=wall)
    with pytest.raises(TaskGone, match=f"another key \\(hash {OLD_HASH}\\)"):
        await buy(later, fox())
    assert (receipt(bucket).state, gateway.keys("POST")) == ("completed", [])


async def test_what_a_person_sends_again_goes_out_with_the_new_key_once():
    gateway, bucket, wall = Gateway(NEW), Bucket(), Wall()
    block = Block(gateway, NEW, former=[KEY])
    running = studio(block, bucket, key=KEY, wall=wall)
    order = fox()
    outcome = await running.ledger.claim(
        order.key,
        endpoint=order.request.endpoint,
        model=order.request.model,
        api=order.request.api,
        key_hash=OLD_HASH,
        asked=order.asked,
    )
    wall.pass_seconds(3600)
    lost = await running.ledger.expire(outcome.held)
    sent = await send_again(running, order, lost, "somebody")
    assert (sent.receipt.state, sent.receipt.key_hash) == ("submitted", NEW_HASH)
    assert gateway.keys("POST") == [KEY, NEW]


async def test_a_key_that_comes_back_is_the_same_client():
    gateway, bucket = Gateway(NEW), Bucket()
    block = Block(gateway, NEW)
    keys = studio(block, bucket, key=KEY).keys
    first = keys.current
    assert await keys.renewed(first)
    block.key = KEY
    block.clock.seconds += 3600
    assert await keys.renewed(keys.current)
    assert keys.current is first
    await keys.aclose()
