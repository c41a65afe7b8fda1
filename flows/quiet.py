"""Fewer lines in a batch's log: one for each brief, and not one for each step of it that went well.

Prefect notes "Finished in state Completed()" for every task run: five lines a brief that say what
the brief's own line says better. What did not go well stays.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tasks import PAID, TEXT_TASKS, land

_OURS = frozenset({*PAID, *TEXT_TASKS, land.name})


class _NoNews(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return (
            record.levelno > logging.INFO
            or getattr(record, "task_name", None) not in _OURS
            or not record.getMessage().startswith("Finished in state Completed")
        )


@contextmanager
def quiet_steps() -> Iterator[None]:
    """Leave those lines out while the block runs, of this project's tasks alone."""
    logger, no_news = logging.getLogger("prefect.task_runs"), _NoNews()
    logger.addFilter(no_news)
    try:
        yield
    finally:
        logger.removeFilter(no_news)
