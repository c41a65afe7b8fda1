"""A program that says all it can: batches at DEBUG everywhere, every `repr`, and then it crashes.

`python -m tests.flows.noisy JSON`, a list of the parameters of `content_batch`.
"""

import asyncio
import faulthandler
import json
import logging
import os
import sys
import threading
import time
import traceback
from typing import Any

from flows.briefs import Brief
from flows.content_batch import content_batch
from ledger import Ledger
from tasks import open_studio
from tasks.asked import ImageAsked
from tasks.ordering import order_for


def _loudly() -> None:
    """Also what sets its own level, as often as it does."""
    while True:
        for name in ("", *logging.root.manager.loggerDict):
            logging.getLogger(name or None).setLevel(logging.DEBUG)
        time.sleep(0.05)


async def _run(parameters: dict[str, Any]) -> None:
    state = await content_batch(**parameters, return_state=True)
    outcome = await state.result(raise_on_failure=False)
    sys.stdout.write(f"{state!r} {state} {outcome!r} {outcome}\n")
    if isinstance(outcome, BaseException):
        traceback.print_exception(outcome)


async def _show(batch: str) -> None:
    async with open_studio() as studio:
        asked = ImageAsked(model="nano-banana-2", prompt="a fox")
        receipts = [one async for one in Ledger(studio.store).scan(f"{batch}/")]
        order = order_for(studio, receipts[0].receipt.job, asked)
        things = (studio, studio.client, studio.client.assets, studio.keys, studio.store)
        more = (order, order.request, receipts, studio.media_http, vars(studio), vars(studio.keys))
        briefs = (Brief(id="a", topic="b"), studio.keys._block)
        for thing in (*things, *more, *briefs):
            sys.stdout.write(f"{thing!r} {thing}\n")


def main() -> None:
    faulthandler.enable()
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    threading.Thread(target=_loudly, daemon=True).start()
    runs = json.loads(sys.argv[1])
    for parameters in runs:
        asyncio.run(_run(parameters))
    asyncio.run(_show(runs[0]["batch_id"]))
    sys.stdout.flush()
    os.abort()


if __name__ == "__main__":
    main()
