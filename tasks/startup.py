"""Whether a bucket keeps the promise that nothing is paid for twice; asked before spending."""

import logging
from collections.abc import Awaitable, Callable

from ledger import ConditionsIgnored, ObjectStore, StoreError, require_conditions
from ledger.rules import pauses

PATIENCE = 180.0
"""Seconds for which a bucket that does not answer is waited for: longer than a short outage."""

log = logging.getLogger(__name__)


class Accepted:
    """The buckets that this process has tried. The answer does not change from run to run."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, bool]] = set()

    async def check(
        self,
        store: ObjectStore,
        endpoint: str,
        *,
        single_process: bool,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Try the bucket, at its first use in this process.

        Raises `ConditionsIgnored` when it overwrites what it must not, unless the user accepted
        that (`single_process`); `StoreError` when it cannot be used at all.
        """
        known = (endpoint, store.bucket, single_process)
        if known in self._seen:
            return
        await _answers(store, sleep)
        try:
            await require_conditions(store)
        except ConditionsIgnored as error:
            if not single_process:
                raise _refusal(error) from None
            log.warning(
                "Single-process mode: %s Two runs at the same time, on this machine or another, "
                "may both pay for the same job.",
                error.message,
            )
        self._seen.add(known)


def _refusal(error: ConditionsIgnored) -> ConditionsIgnored:
    return ConditionsIgnored(
        f"This bucket cannot keep jobs from being paid for twice. {error.message}",
        reason=error.reason,
        advice=(
            f"{error.advice} If you will never have two runs at the same time, switch on "
            "Single-process mode in the MediaBucket block."
        ),
    )


async def _answers(store: ObjectStore, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Wait out a short outage, as every later step does."""
    for pause in pauses(PATIENCE):
        try:
            await store.server_time()
        except StoreError as error:
            if not error.transient:
                raise
            log.warning("%s Trying again in %.1f s.", error.message, pause)
            await sleep(pause)
        else:
            return
    await store.server_time()


ACCEPTED = Accepted()
"""This process's memory."""
