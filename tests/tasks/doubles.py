"""A studio without Prefect, S3 or a network: the ledger's own doubles under the paid tasks."""

import hashlib
import io
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx
from PIL import Image

from globalaiopc import Catalogue
from ledger import JobKey, Landed
from ledger.store import ObjectInfo
from tasks import Limits, Order, Studio
from tasks.landing import LandingRoom
from tasks.landing.metadata import metadata_of
from tasks.ordering import ImageAsked, dry_request
from tests.globalaiopc.doubles import FakeClock, client_for
from tests.ledger.doubles import MemoryStore, Wall

KEY = JobKey(batch_id="b", brief_id="fox", stage="image")
TASK = "t-1"
CATALOGUE = Catalogue.load()


class Bucket(MemoryStore):
    """The ledger's store, with what landing and adopting need besides."""

    def __init__(self) -> None:
        super().__init__()
        self.metadata: dict[str, dict[str, str]] = {}

    async def iter_keys(self, prefix: str = "") -> AsyncIterator[str]:
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield key

    async def head(self, key: str) -> ObjectInfo | None:
        if key not in self.objects:
            return None
        size = len(self.objects[key])
        return ObjectInfo(size, self._etag(key), "image/png", self.metadata.get(key, {}))

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return self.objects[key][start : start + length]

    async def put(self, key: str, body: bytes, *, content_type: str) -> str:
        return self._write(key, body)

    async def put_media(
        self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]
    ) -> str:
        self.metadata[key] = dict(metadata)
        return self._write(key, body)

    async def presign_get(self, key: str, seconds: int) -> str:
        return f"https://bucket.test/{key}?X-Amz-Signature=canary"

    async def upload(self, key: str, body: bytes, *, task_id: str | None = None) -> Landed:
        """What a landing leaves in the bucket before the receipt says so."""
        sha256 = hashlib.sha256(body).hexdigest()
        landed = Landed(
            key=key, sha256=sha256, size=len(body), content_type="image/png", width=64, height=64
        )
        given = {"task-id": task_id} if task_id else {}
        metadata = metadata_of(given, landed)
        await self.put_media(key, body, content_type="image/png", metadata=metadata)
        return landed


class Provider:
    """Accepts every create as job t-1, and answers looks with `look`."""

    def __init__(self, look: httpx.Response | None = None) -> None:
        done = {"id": TASK, "status": "completed", "image_url": "https://x.test/a.png"}
        self.look = look or httpx.Response(200, json=done)
        self.posts = 0
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.posts += 1
            self.bodies.append(request.content)
            return httpx.Response(200, json={"id": TASK, "status": "queued"})
        return httpx.Response(self.look.status_code, content=self.look.content)


def studio_for(
    handler: Callable[[httpx.Request], httpx.Response],
    bucket: Bucket | None = None,
    wall: Wall | None = None,
    *,
    text: int = 8,
    clock: FakeClock | None = None,
) -> Studio:
    s3: Any = None
    store: Any = bucket or Bucket()
    studio = Studio(
        client=client_for(handler, clock),
        s3=s3,
        store=store,
        limits=Limits(text=text, image=8, video=8),
        room=LandingRoom(8),
        media_http=httpx.AsyncClient(),
    )
    wall = wall or Wall()
    studio.ledger._wall, studio.ledger._sleep = wall, wall.sleep
    return studio


def fox(take: int = 1) -> Order:
    asked = ImageAsked(model="nano-banana-2", prompt="a fox", ratio="16:9")
    key = KEY.model_copy(update={"take": take})
    return Order(key=key, request=dry_request(asked, CATALOGUE), asked=asked.to_asked())


def png(colour: str) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(held, "PNG")
    return held.getvalue()
