"""An S3 multipart upload that leaves nothing behind unless it is published."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Self

from ledger.errors import StoreError
from ledger.store import ObjectStore

log = logging.getLogger(__name__)


class Upload:
    """`async with Upload(...) as upload`: begin, add parts in order, publish; aborted otherwise.

    At most `parts_in_flight` parts are being sent; `add` waits for a free place, which is the
    back-pressure on whoever produces them. Leaving the block without `publish`, also by
    cancellation, waits for the parts under way (their threads cannot be stopped, and a part that
    arrives after the abort would stay and be billed) and aborts.
    """

    def __init__(self, store: ObjectStore, *, parts_in_flight: int) -> None:
        self._store = store
        self._key = ""
        self._places = asyncio.Semaphore(parts_in_flight)
        self._sending: list[asyncio.Task[tuple[int, str]]] = []
        self._upload_id: str | None = None
        self._published = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._published:
            await finish_regardless(self._abort())

    @property
    def begun(self) -> bool:
        return self._upload_id is not None

    async def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> None:
        """Open the upload. Nothing is visible under `key` until `publish`."""
        self._key = key
        await finish_regardless(self._begin(content_type, metadata))

    async def add(self, part: bytes) -> None:
        """Start sending the next part. Raises the StoreError of an earlier part that failed."""
        await self._places.acquire()
        self._raise_failure()
        number = len(self._sending) + 1
        self._sending.append(asyncio.create_task(self._send(number, part)))

    async def publish(self) -> None:
        """Wait for all parts and make the object visible, whole."""
        await asyncio.wait(self._sending)  # unlike `gather`, does not cancel them when cancelled
        await finish_regardless(self._publish([task.result() for task in self._sending]))

    async def _begin(self, content_type: str, metadata: Mapping[str, str]) -> None:
        self._upload_id = await self._store.create_multipart(self._key, content_type, metadata)

    async def _send(self, number: int, part: bytes) -> tuple[int, str]:
        try:
            assert self._upload_id is not None  # noqa: S101  # `begin` comes first
            etag = await self._store.upload_part(self._key, self._upload_id, number, part)
        finally:
            self._places.release()
        return number, etag

    async def _publish(self, parts: list[tuple[int, str]]) -> None:
        assert self._upload_id is not None  # noqa: S101  # `begin` comes first
        await self._store.complete_multipart(self._key, self._upload_id, parts)
        self._published = True

    async def _abort(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending)
            for task in self._sending:
                task.exception()  # else asyncio complains that nobody looked at it
        if self._upload_id is None:
            return
        try:
            await self._store.abort_multipart(self._key, self._upload_id)
        except StoreError as error:
            # What led here matters more; the bucket's lifecycle rule removes what stays.
            log.warning("An unfinished upload of %s stays behind: %s", self._key, error.message)

    def _raise_failure(self) -> None:
        for task in self._sending:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error


async def finish_regardless(work: Coroutine[object, object, None]) -> None:
    """Run to the end even when cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
        except Exception:  # noqa: S110  # raised by `task.result()` below
            pass
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # else asyncio complains that nobody looked at it
        raise cancelled
    task.result()
