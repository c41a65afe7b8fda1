"""What every task of a run shares: the API client, the bucket, the ledger, and the limits."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import httpx

from blocks import GlobalAIOPC, MediaBucket
from globalaiopc import GlobalAIOPCClient
from ledger import JobKey, Ledger, ObjectStore
from tasks.correlation import correlate_logs
from tasks.errors import StudioNotReady
from tasks.keys import Keyring
from tasks.landing import LandingRoom, media_client
from tasks.limits import Limits
from tasks.purse import Purse
from tasks.s3_file import S3File
from tasks.startup import ACCEPTED
from tasks.telemetry import watched
from tasks.timeline import Timeline
from tasks.times import Times

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class Studio:
    """The client, the bucket and the ledger of one run, and its purse: who may spend how much.

    A plain class on purpose: Prefect walks through dataclasses and models that a task is given,
    and copies what it finds there.
    """

    def __init__(
        self,
        *,
        client: GlobalAIOPCClient,
        keys: Keyring | None = None,
        s3: "S3Client",
        store: ObjectStore,
        limits: Limits,
        room: LandingRoom,
        media_http: httpx.AsyncClient,
        single_process: bool = False,
    ) -> None:
        self.keys = keys or Keyring(client)
        self.store = store
        self._s3 = s3
        self.ledger = Ledger(store, looks_first=single_process)
        self.limits = limits
        self.room = room
        room.on_behind = limits.hold_back
        self.media_http = media_http
        self.purse = Purse()
        self.timeline = Timeline(client.clock)
        self.times = Times(client, store)

    @property
    def client(self) -> GlobalAIOPCClient:
        """The client with the present key, which another one may take the place of."""
        return self.keys.current

    def __repr__(self) -> str:
        return f"Studio({self.store.uri('')})"

    @asynccontextmanager
    async def place(
        self, job: JobKey, limit: str | None = None, *, model: str = ""
    ) -> AsyncIterator[None]:
        """Hold a place for a job, at its stage or at another `limit`; how long it took is noted."""
        async with AsyncExitStack() as held:
            with self.timeline.span(job.brief_id, job.stage, "queue"):
                await held.enter_async_context(self.limits.place(limit or job.stage, model))
            yield

    @asynccontextmanager
    async def turn(self, brief: str, stage: str, model: str) -> AsyncIterator[None]:
        """Hold one of the model's sends (`Sends.turn`); how long it took to get it is noted."""
        async with AsyncExitStack() as held:
            with self.timeline.span(brief, stage, "turn"):
                turn = self.limits.sends(model).turn(self.client.cooldown)
                await held.enter_async_context(turn)
            yield

    def elsewhere(self, bucket: str) -> ObjectStore:
        """Another bucket, with the same credentials: for what users keep there, never receipts."""
        return ObjectStore(self._s3, bucket)

    def open_s3(self, uri: str) -> S3File:
        """Open `s3://bucket/key` for reading; blocks. Raises `StudioNotReady` naming the object."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return S3File(self._s3, bucket, key)


async def _load_connection(connection: str) -> GlobalAIOPC:
    block: GlobalAIOPC = await GlobalAIOPC.aload(connection)
    return block


async def _load_blocks(connection: str, bucket: str) -> tuple[GlobalAIOPC, MediaBucket]:
    try:
        return await GlobalAIOPC.aload(connection), await MediaBucket.aload(bucket)
    except (ValueError, RuntimeError) as error:  # missing; stored data that no longer fits
        raise StudioNotReady(
            f"The block globalaiopc/{connection} or media-bucket/{bucket} is not on this Prefect "
            "server, or does not load."
        ) from error


async def open_store(bucket: str = "default") -> ObjectStore:
    """The bucket alone, by the name of its block, where nothing is bought. Raises `StudioNotReady`.

    No key of the API is asked for, and the bucket is not tried.
    """
    try:
        media: MediaBucket = await MediaBucket.aload(bucket)
    except (ValueError, RuntimeError) as error:  # as in `_load_blocks`
        raise StudioNotReady(
            f"The block media-bucket/{bucket} is not on this Prefect server, or does not load."
        ) from error
    return media.store()


@asynccontextmanager
async def open_studio(
    connection: str = "default", bucket: str = "default"
) -> AsyncIterator[Studio]:
    """Open the connection and the bucket by the names of their blocks.

    Raises `StudioNotReady` when a block is missing, a `ConfigurationError` when the key or an
    address is not usable, and `StoreError` when the bucket is not (`ConditionsIgnored` when it
    cannot keep jobs from being paid for twice); nothing is sent in any of these cases.
    """
    block, media = await _load_blocks(connection, bucket)
    store = media.store()
    client = block.client()
    keys = Keyring(client, block, lambda: _load_connection(connection))
    async with aclosing(keys), media_client() as media_http:
        await ACCEPTED.check(
            store,
            store.client.meta.endpoint_url,
            single_process=media.single_process,
            sleep=client.clock.sleep,
        )
        studio = Studio(
            client=client,
            keys=keys,
            s3=store.client,
            store=store,
            limits=_limits(block, client),
            room=LandingRoom(block.landings),
            media_http=media_http,
            single_process=media.single_process,
        )
        await studio.times.load()
        correlate_logs()
        try:
            with watched(studio.timeline):
                yield studio
        finally:
            await studio.times.save()


def _limits(block: GlobalAIOPC, client: GlobalAIOPCClient) -> Limits:
    catalogue = client.catalogue
    return Limits(
        text=block.text_in_flight,
        image=block.image_in_flight,
        video=block.video_in_flight,
        models={
            catalogue.id_of(catalogue.model(name)): most for name, most in block.limits.items()
        },
        clock=client.clock,
    )
