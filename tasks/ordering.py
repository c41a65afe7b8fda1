"""From what is asked for to the request that is sent, for the first time and ever after.

A job that is sent again, on a person's word, is built from its receipt by the same lines.

What is asked for is fingerprinted for ever. A field that is added here later must be left out of
`to_asked` while it has its default, or every receipt of before would seem to ask for another thing.
"""

import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from globalaiopc import InvalidRequest, NanoBananaRequest, SoraRequest
from globalaiopc.faults import first_fault
from ledger import JobKey, Landed, Receipt
from tasks.frames import first_frame
from tasks.landing import already_landed
from tasks.orders import Order, media_stem
from tasks.studio import Studio


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_asked(self) -> dict[str, JsonValue]:
        """The words that the receipt keeps."""
        return self.model_dump(mode="json")

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """Read a receipt's `asked`; `InvalidRequest` if it asks for something not known here."""
        try:
            return cls.model_validate(receipt.asked)
        except ValidationError as error:
            field, why = first_fault(error)
            raise InvalidRequest(
                f"{receipt.job} cannot be built again from its receipt: {field}: {why}.",
                field=field,
                advice="Use the release that sent it first, or abandon it and ask for a new take.",
            ) from None


class ImageAsked(_Asked):
    """An image of the nano-banana family."""

    model: str
    prompt: str
    ratio: str
    resolution: str | None = None


class VideoAsked(_Asked):
    """A Sora video; `first_frame` is the SHA-256 of the landed image that it starts from."""

    model: str
    prompt: str
    ratio: str
    seconds: int | None
    first_frame: str


def image_order(key: JobKey, asked: ImageAsked) -> Order:
    request = NanoBananaRequest(
        model=asked.model, prompt=asked.prompt, size=asked.ratio, resolution=asked.resolution
    )
    return Order(key=key, request=request, asked=asked.to_asked())


async def video_order(studio: Studio, key: JobKey, asked: VideoAsked, image: Landed) -> Order:
    """`image` is the one whose hash `asked` names; its fitted copy is made if it is missing."""
    row = studio.client.catalogue.model(asked.model)
    frame_url = await first_frame(studio, key.folder, image, row.pixels(asked.ratio))
    request = SoraRequest(
        model=asked.model,
        prompt=asked.prompt,
        size=row.pixel_sizes[asked.ratio],
        seconds=asked.seconds,
        image_urls=(frame_url,),
    )
    return Order(key=key, request=request, asked=asked.to_asked())


async def order_again(studio: Studio, receipt: Receipt) -> Order:
    """The order that the receipt is about. Sends nothing.

    Raises `InvalidRequest` when it cannot be built as it was: another kind of job, or its start
    image is no longer in the brief's folder.
    """
    match receipt.endpoint:
        case NanoBananaRequest.endpoint:
            return image_order(receipt.job, ImageAsked.of(receipt))
        case SoraRequest.endpoint:
            asked = VideoAsked.of(receipt)
            image = await _image_again(studio, receipt.job, asked.first_frame)
            return await video_order(studio, receipt.job, asked, image)
    raise InvalidRequest(
        f"{receipt.job} is a job of the endpoint {receipt.endpoint}, which cannot be sent again.",
        field="resubmit",
        advice="Abandon it and run its batch again.",
    )


async def _image_again(studio: Studio, job: JobKey, sha256: str) -> Landed:
    """The landed image with this hash, by its bytes and not by what is said of them."""
    image = job.model_copy(update={"stage": "image"})
    stems = dict.fromkeys([media_stem(image), media_stem(image.model_copy(update={"take": 1}))])
    for stem in stems:
        landed = await already_landed(studio.store, stem, room=studio.room)
        stored = await studio.store.get(landed.key) if landed else None
        if landed and stored and hashlib.sha256(stored.body).hexdigest() == sha256:
            return landed.model_copy(update={"sha256": sha256})
    raise InvalidRequest(
        f"{job} started from an image that is not in {job.folder}/ any more (SHA-256 "
        f"{sha256[:12]}…), so the same video cannot be asked for.",
        field="first_frame",
        advice="Put the image back, or abandon the job and ask for a new take.",
    )
