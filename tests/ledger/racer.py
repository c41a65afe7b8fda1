"""One of several processes that claim the same jobs; prints what it won. Started by a test."""

import asyncio
import json
import sys

from ledger import JobKey, Known, Ledger, Mine, ObjectStore, Theirs
from sandbox.services import S3Access

JOBS = 50


async def race(access: S3Access, prefix: str) -> dict[str, list[str]]:
    ledger = Ledger(ObjectStore(access.client(), access.bucket, prefix))
    found: dict[str, list[str]] = {"mine": [], "theirs": [], "known": []}
    kinds = {Mine: "mine", Theirs: "theirs", Known: "known"}

    async def one(n: int) -> None:
        job = JobKey(batch_id="race", brief_id=f"brief-{n}", stage="image")
        outcome = await ledger.claim(
            job, endpoint="e", model="m", api="v1", key_hash="k", asked={"prompt": str(n)}
        )
        found[kinds[type(outcome)]].append(job.brief_id)
        if isinstance(outcome, Mine):
            await ledger.submitted(outcome.held, f"task-{ledger.holder}-{n}")

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(one(n) for n in range(JOBS)))
    return found


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    result = asyncio.run(race(S3Access(**settings["s3"]), settings["prefix"]))
    sys.stdout.write(json.dumps(result) + "\n")
