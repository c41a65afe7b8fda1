"""Trying again until the bucket has taken what was meant."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ledger.errors import ReceiptMoved, StoreError
from ledger.rules import pauses

T = TypeVar("T")
log = logging.getLogger("ledger")

USUAL_PATIENCE = 180.0
"""Seconds for which a failing store is tried again: longer than a short outage."""
HARD_PATIENCE = 900.0
"""The same for the id of a job that is paid for."""
LOST_RACES = 20


async def patiently(
    what: str,
    once: Callable[[], Awaitable[T | None]],
    *,
    sleep: Callable[[float], Awaitable[None]],
    hard: bool = False,
) -> T:
    """Call `once` until it answers: soon again after a lost race, later when the store fails.

    `what` names the receipt. `hard` also outlasts what looks permanent: credentials get renewed,
    policies corrected.
    """
    waits = pauses(HARD_PATIENCE if hard else USUAL_PATIENCE)
    races = 0
    while True:
        try:
            if (answer := await once()) is not None:
                return answer
            if races == LOST_RACES:
                raise ReceiptMoved(f"{what}: its receipt keeps changing in the bucket.")
            await sleep(0.02 * races)
            races += 1
        except StoreError as error:
            pause = next(waits, None) if hard or error.transient else None
            if pause is None:
                raise
            log.warning("%s: %s Trying again in %.1f s.", what, error.message, pause)
            await sleep(pause)
