"""Going on while the Prefect server is away: a job that is paid for does not wait for a dashboard.

A run says how it ended at its end, and a task that is run under tags (ours have none of their own)
asks for their concurrency slots before it starts; both fail when the server stays away longer than
Prefect's own retries.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect import Task
from prefect.client.orchestration import get_client
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.v1._asyncio import (
    ConcurrencySlotAcquisitionError as OldConcurrencySlotAcquisitionError,
)
from prefect.logging import get_run_logger

P = ParamSpec("P")
R = TypeVar("R")

SERVER_IS_AWAY = (
    ConcurrencySlotAcquisitionError,
    OldConcurrencySlotAcquisitionError,
    httpx.HTTPError,
)
"""What Prefect's engine raises then. Our own tasks never raise these: theirs are of our tree."""

PATIENCE_SECONDS = 3600.0
PAUSE_SECONDS = 5.0


async def orchestrated(
    task: Task[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Run a task under Prefect; when the server is away, run what it does without it.

    Doing it twice would cost nothing: a paid job continues from its receipt. (A text call has its
    claim around the task; the slots are asked for before it is sent.)
    """
    try:
        return await task(*args, **kwargs)
    except SERVER_IS_AWAY as error:
        get_run_logger().warning(
            "%s goes on without the Prefect server (%s)", task.name, type(error).__name__
        )
        return await task.fn(*args, **kwargs)


async def server_is_back() -> None:
    """Wait for the Prefect server, an hour at most, so that a finished run can say that it is."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_SECONDS
    async with get_client() as client:
        while await client.api_healthcheck() is not None:
            if loop.time() > end:
                return
            await asyncio.sleep(PAUSE_SECONDS)
