"""A process of ours that lives for the whole soak and makes one batch after another.

    python -m tests.chaos.soak_batches --every 60 --briefs 20

Every `--every` seconds a new batch, and the one before it again if not all of it landed, as people
do. A line for each run on standard output. It ends at SIGUSR1, after the batch that it makes.
"""

import argparse
import asyncio
import signal
import sys
import time

from prefect.states import State

from flows.briefs import Brief
from flows.content_batch import content_batch

ENOUGH = signal.SIGUSR1


def batch_name(number: int) -> str:
    return f"process-{number:04d}"


def briefs_of(number: int, count: int) -> list[Brief]:
    """The batch stands in each topic, so that a prompt says which job it belongs to."""
    return [
        Brief(id=f"b{each:02d}", topic=f"Tale <{batch_name(number)}/b{each:02d}> of a lighthouse")
        for each in range(count)
    ]


async def make(number: int, count: int) -> bool:
    """Whether all of it landed."""
    state: State = await content_batch(
        briefs=briefs_of(number, count), batch_id=batch_name(number), return_state=True
    )
    sys.stdout.write(f"{batch_name(number)} {state.name}: {state.message}\n")
    sys.stdout.flush()
    return state.name == "Completed"


async def make_batches(every: float, count: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(ENOUGH, ended.set)
    number, due, landed = 0, time.monotonic(), True
    while not ended.is_set():
        before, landed = landed, await make(number, count)
        if not before:
            await make(number - 1, count)
        number, due = number + 1, max(due + every, time.monotonic())
        try:
            await asyncio.wait_for(ended.wait(), due - time.monotonic())
        except TimeoutError:
            continue


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak_batches", description=__doc__)
    parser.add_argument("--every", type=float, default=60.0, help="seconds")
    parser.add_argument("--briefs", type=int, default=20)
    options = parser.parse_args()
    asyncio.run(make_batches(options.every, options.briefs))


if __name__ == "__main__":
    main()
