"""Finishing what must not be cut in two."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end although the caller is cancelled meanwhile; the cancellation follows then.

    A request on its way and the note of its answer belong together: a flow that is cancelled, or a
    Ctrl-C, would otherwise make a paid job's id unknown.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
