"""Prefect's log on a terminal: what matters, above the bars; all of it is in the Prefect UI."""

import logging

from prefect.logging.configuration import setup_logging
from prefect.logging.handlers import PrefectConsoleHandler

from flows.cli.screen import Screen

SHOWN = 20
_STEPS = "prefect.task_runs"
_BRIEFS = "prefect.flow_runs"


def quiet(screen: Screen) -> None:
    """From here on the console handlers of this process write to the screen, warnings alone."""
    setup_logging()  # what is configured once is only adjusted afterwards
    for name in ("", "uvicorn", "fastapi"):
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            if isinstance(handler, PrefectConsoleHandler):
                logger.removeHandler(handler)
                logger.addHandler(_OnScreen(screen))


class _OnScreen(logging.Handler):
    """Warnings and errors in one line each, and of a long batch's briefs the first only."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.WARNING)
        self._screen = screen
        self._left = SHOWN

    def emit(self, record: logging.LogRecord) -> None:
        if self._screen.stopping or not _is_news(record):
            return
        if record.name.startswith(_BRIEFS):
            self._left -= 1
            if self._left == 0:
                self._screen.say("More such lines are in the Prefect UI.", "dim")
            if self._left <= 0:
                return
        style = "red" if record.levelno >= logging.ERROR else "yellow"
        self._screen.say(f"{record.levelname.lower()}: {record.getMessage()}", style)


def _is_news(record: logging.LogRecord) -> bool:
    """A step's failure is told by its brief's line, a run's end by the answer."""
    if record.name.startswith(_BRIEFS):
        return not record.getMessage().startswith("Finished in state")
    if record.name.startswith(_STEPS):
        return False
    return record.levelno >= logging.ERROR or not record.name.startswith("prefect")
