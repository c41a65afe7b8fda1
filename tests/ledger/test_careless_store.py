"""A store that ignores conditions (Single-process mode): one run at a time is safe."""

from ledger import JobKey, Known, Landed, Ledger, Mine
from tests.ledger.doubles import MemoryStore, Wall

JOB = JobKey(batch_id="b", brief_id="x", stage="script")
ASK = {"endpoint": "chat", "model": "m", "api": "v1", "key_hash": "k", "asked": {"topic": "cat"}}
MEDIA = Landed(key="b/x/script.json", sha256="aa", size=3, content_type="application/json")


class Overwriting(MemoryStore):
    async def put_if_absent(self, key, body, *, content_type):
        return self._do("put_if_absent", lambda: self._write(key, body))


def ledger(store, wall):
    return Ledger(store, looks_first=True, wall=wall, sleep=wall.sleep)


async def test_a_rerun_writes_no_claim_over_a_receipt():
    store, wall = Overwriting(), Wall()
    first = ledger(store, wall)
    claimed = await first.claim(JOB, **ASK, new=True)
    assert isinstance(claimed, Mine)
    await first.landed(claimed.held, MEDIA)
    again = await ledger(store, wall).claim(JOB, **ASK, new=True)
    assert isinstance(again, Known)
    assert again.held.receipt.media == MEDIA
