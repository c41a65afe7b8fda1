"""Standard error while a command works: live on a terminal, plain lines elsewhere.

Standard output is left to the answer, so that it can be piped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from flows.cells import printable

LIVE_SECONDS = 0.5
PLAIN_SECONDS = 10.0
_SHARE = 20
"""Looking takes at most one part in so many of the time: a batch may have a million briefs."""


class Screen:
    """Use it with `with`; `say` and `busy` may be called at any time in between."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None
        self._open = ExitStack()
        self._told = ""
        self.stopping = False
        """Somebody pressed Ctrl-C: what breaks off now is no news."""

    def __enter__(self) -> Self:
        if self._live:
            self._open.enter_context(self._live)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the terminal back; what was last drawn of the work stays."""
        if self._live and isinstance(self._live.get_renderable(), Spinner):
            self._live.update(Text(""))
            self._live.transient = True
        self._open.close()

    def say(self, text: str, style: str = "") -> None:
        """One line that stays, above what is live."""
        self.console.print(Text(printable(text), style=style))

    def busy(self, text: str) -> None:
        """What is being done before there is something to draw."""
        if self._live:
            self._live.update(Spinner("dots", Text(printable(text))))
        else:
            self.say(text)

    @asynccontextmanager
    async def drawing(
        self, draw: Callable[[], RenderableType], line: Callable[[], str]
    ) -> AsyncIterator[None]:
        """Draw for as long as the block runs, and once at its end; `line` where nothing is live."""

        def show() -> None:
            if self._live:
                self._live.update(draw(), refresh=True)
            else:
                self._tell(line())

        keeping = asyncio.create_task(self._keep(show))
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            show()

    async def _keep(self, show: Callable[[], None]) -> None:
        pause = LIVE_SECONDS if self._live else PLAIN_SECONDS
        while True:
            began = time.monotonic()
            show()
            await asyncio.sleep(max(pause, _SHARE * (time.monotonic() - began)))

    def _tell(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self.say(line)
