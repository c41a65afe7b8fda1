"""A process that has imported everything and forks a worker for every line it reads.

Importing Prefect takes seconds and forking none, so that a thousand deaths take minutes. The tasks
run without Prefect's engine: it stands around the steps between which a process dies, not among
them (tests/deploy kills real workers).
"""

import asyncio
import json
import logging
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config

import flows.describing
import flows.fallback
import flows.making
import flows.texts
import flows.writing
from flows.briefs import Brief, Makes
from flows.running import run_brief
from flows.work import Work
from globalaiopc import GlobalAIOPCClient, SystemClock
from ledger import Ledger, ObjectStore
from tasks import Limits, Studio
from tasks.landing import LandingRoom, media_client
from tests.chaos.points import KillSwitch


@dataclass(frozen=True)
class Command:
    """One life of one worker: what it is to make, and at which point it dies (None: it lives).

    `later_seconds` sets the clock of its ledger ahead, so that the leases of the dead have ended.
    """

    batch_id: str
    briefs: list[dict[str, Any]]
    kill_at: int | None = None
    later_seconds: float = 0.0
    prefix: str = ""


@dataclass(frozen=True)
class Life:
    """How it went: the points that it passed, and the items of the report unless it died."""

    died: bool
    seconds: float
    points: list[str] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)


def main() -> None:
    _without_prefect()
    for line in sys.stdin:
        print(json.dumps(asdict(_live(Command(**json.loads(line))))), flush=True)


def _without_prefect() -> None:
    for module in (flows.making, flows.writing):
        if hasattr(module, "land"):
            module.land = module.land.fn
    flows.fallback.PAID = {name: task.fn for name, task in flows.fallback.PAID.items()}
    flows.texts.TEXT_TASKS = {name: task.fn for name, task in flows.texts.TEXT_TASKS.items()}
    for module in (flows.describing, flows.fallback):
        module.get_run_logger = lambda: logging.getLogger("chaos")
    logging.disable(logging.CRITICAL)


def _live(command: Command) -> Life:
    started = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell(what: object) -> None:
            os.write(writing, json.dumps(what).encode() + b"\n")

        switch = KillSwitch(command.kill_at, tell)
        switch.install()
        tell(asyncio.run(_work(command, switch)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    died = status != 0
    return Life(
        died=died,
        seconds=time.monotonic() - started,
        points=told if died else told[:-1],
        items=[] if died else told[-1],
    )


async def _work(command: Command, switch: KillSwitch) -> list[dict[str, Any]]:
    async with _client() as client, media_client() as media_http:
        media_http.event_hooks = switch.hooks()
        s3 = _s3()
        studio = Studio(
            client=client,
            s3=s3,
            store=ObjectStore(s3, os.environ["MEDIA_BUCKET"], command.prefix),
            limits=Limits(text=8, image=8, video=8),
            room=LandingRoom(4),
            media_http=media_http,
        )
        later = timedelta(seconds=command.later_seconds)
        studio.ledger = Ledger(studio.store, wall=lambda: datetime.now(UTC) + later)
        items = await asyncio.gather(
            *(
                run_brief(studio, Work(command.batch_id, brief), _makes(brief))
                for brief in (Brief(**fields) for fields in command.briefs)
            )
        )
    return [item.model_dump(mode="json") for item in items]


def _makes(brief: Brief) -> Makes:
    return "video" if brief.topic or brief.video_prompt else "image"


class FastClock(SystemClock):
    """Two and a half minutes of its time pass in a second."""

    def now(self) -> float:
        return time.monotonic() * 150

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 150)


def _client() -> GlobalAIOPCClient:
    return GlobalAIOPCClient(
        text_base_url=os.environ["GLOBALAIOPC_TEXT_BASE_URL"],
        media_base_url=os.environ["GLOBALAIOPC_MEDIA_BASE_URL"],
        clock=FastClock(),
    )


def _s3() -> Any:
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return boto3.client("s3", config=config)


if __name__ == "__main__":
    main()
