"""Taking a picture that exists already into a brief's folder, as if it had been made for it."""

from pathlib import Path

from ledger import JobKey, Landed, RequestChanged
from tasks.orders import media_stem
from tasks.sources import copied
from tasks.studio import Studio


async def adopt(studio: Studio, image: str | Path, job: JobKey) -> Landed:
    """Copy the picture at `image` to where the image of `job` would land. Costs nothing.

    `image` is whatever `tasks.sources.find_source` takes. It is read anew in every run, so that a
    picture which changed meanwhile is noticed by the video's receipt. Raises `InvalidRequest`
    naming the field `image`, and `RequestChanged` as `refuse_made_image` does.
    """
    await refuse_made_image(studio, job)
    stem = media_stem(job)
    return await copied(studio, image, kind="image", field="image", stem=lambda _: stem)


async def refuse_made_image(studio: Studio, job: JobKey) -> None:
    """Raise `RequestChanged` when an image was bought for the job: it must not be overwritten."""
    held = await studio.ledger.look(job)
    if held is not None and held.receipt.state != "failed":
        raise RequestChanged(str(job), {"image": ("made by a model", "a start image")})
