"""Finishing what must not be cut in two."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end although the caller is cancelled meanwhile; the cancellation follows then.

    A request on its way and the note of its answer belong together: else one failing neighbour
    that cancels the others would make their paid jobs' ids unknown. It is no protection against
    the end of the event loop or of the process (Prefect's Cancel, SIGTERM): a receipt left as an
    intent then becomes unknown, as after a crash.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
