"""`content_batch` in this process, against the Prefect server that the environment names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any, cast

from prefect import Flow, State

from benchmarks.arms.program import Batches, Made, program
from benchmarks.meter import Meter
from flows.content_batch import content_batch


async def _run(asked: Batches) -> Made:
    for path, batch_id in asked.batches:
        made = await _made(path, batch_id)
    return made


async def _state(batch: Flow[..., Any], path: str, batch_id: str) -> State[Any]:
    # Its types say None of a flow whose type is not known.
    return await cast("Awaitable[State[Any]]", batch(path, batch_id, return_state=True))


async def _made(path: str, batch_id: str) -> Made:
    meter = Meter()
    async with meter.running():
        wall, began, used = time.time(), time.monotonic(), time.process_time()
        state = await _state(content_batch, path, batch_id)
        seconds, cpu = time.monotonic() - began, time.process_time() - used
        ended, peak = time.time(), meter.peak
    outcome: Any = await state.aresult(raise_on_failure=False)
    report: Mapping[str, Any] = getattr(outcome, "report", outcome)
    landed = sum(item["state"] == "landed" for item in report["items"])
    return Made(
        seconds=seconds,
        began=wall,
        ended=ended,
        landed=landed,
        cpu_seconds=cpu,
        peak_bytes=peak,
        lag_p99=meter.lag(0.99),
        samples=tuple(meter.samples),
    )


def work(asked: Batches) -> Made:
    return asyncio.run(_run(asked))


if __name__ == "__main__":
    program(Batches, work)
