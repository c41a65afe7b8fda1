"""One of several processes that spend the same budget; prints what it did. Started by a test."""

import asyncio
import json
import sys
from decimal import Decimal

from ledger import Account, Budget, ObjectStore
from sandbox.services import S3Access

BRIEFS = 100
PRICE = Decimal("0.30")
LIMIT = Decimal("10")


class Recording(ObjectStore):
    """Remembers every version that it wrote."""

    written: list[Account]

    async def put_if_match(
        self, key: str, body: bytes, etag: str, *, content_type: str
    ) -> str | None:
        new = await super().put_if_match(key, body, etag, content_type=content_type)
        if new is not None:
            self.written.append(Account.model_validate_json(body))
        return new


def recording(access: S3Access, prefix: str) -> Recording:
    store = Recording(access.client(), access.bucket, prefix)
    store.written = []
    return store


def total(account: Account) -> Decimal:
    return account.reserved_total + account.spent_total


async def spend(budget: Budget, part: int, parts: int) -> int:
    """Race for the money of every brief; send those of one's own part. How many were sent."""

    async def one(n: int) -> int:
        jobs = {f"b{n}/image": PRICE / 3, f"b{n}/video": PRICE * 2 / 3}
        if await budget.hold(jobs) is not None or n % parts != part:
            return 0
        sent = 0
        for job, price in jobs.items():
            if await budget.send(job, price) is None:
                sent += 1
                if n % 5 == 0:
                    await budget.release(job)
                else:
                    await budget.settle(job, price if n % 7 else price / 2, price)
        await budget.drop(jobs)
        return sent

    return sum(await asyncio.gather(*(one(n) for n in range(BRIEFS))))


async def main(access: S3Access, prefix: str, part: int, parts: int) -> None:
    store = recording(access, prefix)
    budget = Budget(store, "race")
    await budget.open(LIMIT, "CNY")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    sent = await spend(budget, part, parts)
    most = max((total(one) for one in store.written), default=Decimal(0))
    sys.stdout.write(json.dumps({"sent": sent, "writes": len(store.written), "most": str(most)}))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(main(S3Access(**given["s3"]), given["prefix"], given["part"], given["parts"]))
