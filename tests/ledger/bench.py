"""Two ledgers of one in-memory store, and a job for them."""

from globalaiopc.errors import ErrorInfo
from ledger import (
    JobKey,
    Landed,
    Ledger,
    Mine,
)
from tests.ledger.doubles import MemoryStore, Wall

JOB = JobKey(batch_id="b", brief_id="x", stage="video")
ASK = {"endpoint": "sora", "model": "m", "api": "v1", "key_hash": "k", "asked": {"prompt": "cat"}}
MEDIA = Landed(key="b/x/video.mp4", sha256="aa", size=3, content_type="video/mp4")


def error(code="x", charged="no", free=False):
    return ErrorInfo(
        code=code, message="It went wrong.", charged=charged, retry_is_free=free, who_acts="user"
    )


class Bench:
    def __init__(self):
        self.wall = Wall()
        self.store = MemoryStore()
        self.one = self.ledger("one")
        self.two = self.ledger("two")

    def ledger(self, holder):
        return Ledger(self.store, holder=holder, wall=self.wall, sleep=self.wall.sleep)

    async def mine(self, ledger=None, **change):
        outcome = await (ledger or self.one).claim(JOB, **{**ASK, **change})
        assert isinstance(outcome, Mine)
        return outcome.held

    async def unknown(self):
        return await self.one.unknown(await self.mine(), error("outcome_unknown", "unknown"))

    async def state(self):
        return (await self.one.look(JOB)).receipt.state
