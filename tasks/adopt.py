"""Taking a picture that exists already into a brief's folder, as if it had been made for it."""

from globalaiopc import InvalidRequest
from ledger import JobKey, Landed, ObjectStore, RequestChanged
from tasks.landing import LandingFailed, land_media
from tasks.landing.errors import NotMediaError
from tasks.landing.inspection import Inspection
from tasks.landing.metadata import landed_from, metadata_of
from tasks.landing.stream import RULES
from tasks.orders import media_stem
from tasks.studio import Studio


async def adopt(studio: Studio, image: str, job: JobKey) -> Landed:
    """Copy the picture at `image` to where the image of `job` would land. Costs nothing.

    `image` is a web address, `s3://bucket/key`, or a key in the media bucket. It is read anew in
    every run, so that a picture which changed meanwhile is noticed by the video's receipt. Raises
    `InvalidRequest` naming the field `image`, and `RequestChanged` as `refuse_made_image` does.
    """
    await refuse_made_image(studio, job)
    key_stem = media_stem(job)
    if image.startswith(("https://", "http://")):
        return await _from_web(studio, image, key_stem)
    return await _from_bucket(studio, *place_of(studio, image), key_stem)


async def refuse_made_image(studio: Studio, job: JobKey) -> None:
    """Raise `RequestChanged` when an image was bought for the job: it must not be overwritten."""
    held = await studio.ledger.look(job)
    if held is not None and held.receipt.state != "failed":
        raise RequestChanged(str(job), {"image": ("made by a model", "a start image")})


def place_of(studio: Studio, image: str) -> tuple[ObjectStore, str]:
    """The bucket and the key of an `image` that is no web address."""
    if not image.startswith("s3://"):
        return studio.store, image
    bucket, _, key = image.removeprefix("s3://").partition("/")
    return studio.elsewhere(bucket), key


async def _from_web(studio: Studio, url: str, key_stem: str) -> Landed:
    try:
        return await land_media(
            store=studio.store,
            key_stem=key_stem,
            media_url=url,
            kind="image",
            http=studio.media_http,
            refresh=None,
            metadata={},
            room=studio.room,
            clock=studio.client.clock,
        )
    except LandingFailed as error:
        raise InvalidRequest(
            f"The start image does not land: {error.message}", field="image"
        ) from None


async def _from_bucket(studio: Studio, source: ObjectStore, key: str, key_stem: str) -> Landed:
    stored = await source.get(key)
    if stored is None:
        raise missing(source, key)
    inspection = Inspection("image", RULES.hold_bytes)
    try:
        await inspection.feed(stored.body)
        landed = landed_from(key_stem, await inspection.finish(studio.room.decodes))
    except NotMediaError as error:
        raise InvalidRequest(f"{source.uri(key)}: {error}.", field="image") from None
    await studio.store.put_media(
        landed.key,
        stored.body,
        content_type=landed.content_type,
        metadata=metadata_of({}, landed),
    )
    return landed


def missing(source: ObjectStore, key: str) -> InvalidRequest:
    return InvalidRequest(f"There is no start image at {source.uri(key)}.", field="image")
