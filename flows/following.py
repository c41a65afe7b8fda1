"""A batch's progress in the UI: a bar and a page, written over again while it runs.

Two artifacts for each run of a batch, each update one request, every ten seconds at most. A server
that is away costs the run nothing: what was not told then is told the next time.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from contextvars import ContextVar
from uuid import UUID

from prefect.artifacts import Artifact, MarkdownArtifact, ProgressArtifact
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate

from flows.artifacts import artifact_key
from flows.orchestration import server_is_back
from flows.progress import Progress

SECONDS = 10.0

Onlooker = Callable[[Progress], AbstractAsyncContextManager[None]]
ONLOOKER: ContextVar[Onlooker | None] = ContextVar("ONLOOKER", default=None)
"""Whoever started the flow in this process and looks on as well, such as a terminal."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def followed(progress: Progress) -> AsyncIterator[None]:
    """Show the progress for as long as the block runs, and how it stood at its end."""
    async with get_client() as client:
        board = Board(client, progress)
        keeping = asyncio.create_task(board.keep())
        onlooker = ONLOOKER.get()
        try:
            async with onlooker(progress) if onlooker else nullcontext():
                yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
        await server_is_back()
        await board.write()


class Board:
    """The two artifacts of one run; the first write makes them."""

    def __init__(self, client: PrefectClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress
        self._ids: dict[str, UUID] = {}

    async def keep(self) -> None:
        """Write now and then, until cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(SECONDS)

    async def write(self) -> None:
        """Say how it stands. Raises nothing: a run does not end because nobody can watch it."""
        try:
            await self._progress.look()
            percent, page = self._progress.percent(), self._progress.markdown()
            bar = ProgressArtifact(
                key=artifact_key("progress", self._progress.name), progress=percent
            )
            text = MarkdownArtifact(key=artifact_key("status", self._progress.name), markdown=page)
            await self._put("progress", bar, percent)
            await self._put("status", text, page)
        except Exception as error:  # whatever it is, the briefs go on
            log.debug("The progress could not be shown: %s", type(error).__name__)

    async def _put(self, kind: str, artifact: Artifact, data: float | str) -> None:
        if kind in self._ids:
            await self._client.update_artifact(self._ids[kind], ArtifactUpdate(data=data))
        else:
            self._ids[kind] = (await artifact.acreate(self._client)).id
