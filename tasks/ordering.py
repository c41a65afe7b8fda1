"""From what is asked for to the request that is sent, for the first time and ever after.

A job that is sent again, on a person's word, is built from its receipt by the same lines.
"""

import asyncio
from collections.abc import Iterable

from globalaiopc import Catalogue, InvalidRequest, MediaRequest, ModelRow
from globalaiopc.dialects import request_for
from ledger import JobKey, Receipt
from tasks.asked import (
    Asked,
    CloneAsked,
    ImageAsked,
    SpeechAsked,
    TalkingAsked,
    VideoAsked,
    asked_of,
)
from tasks.assets import Run, as_task
from tasks.inputs import Input, Size, check_library, find_input, hand_over
from tasks.orders import Order
from tasks.studio import Studio

__all__ = [
    "Asked",
    "CloneAsked",
    "ImageAsked",
    "SpeechAsked",
    "TalkingAsked",
    "VideoAsked",
    "dry_request",
    "order_again",
    "order_for",
]

FRAMES = ("first_frame", "last_frame", "images")
"""What has to have the output's pixels where a model fixes them."""

_A = {
    **dict.fromkeys(FRAMES, "an image"),
    **dict.fromkeys(("videos", "video"), "a video"),
    **dict.fromkeys(("audios", "audio", "sample"), "a sound"),
}


def dry_request(asked: Asked, catalogue: Catalogue) -> MediaRequest:
    """The request as it would be sent, with stand-ins for the addresses of its media.

    Raises `InvalidRequest` for whatever the model cannot do, before anything is spent on it.
    """
    row = catalogue.model(asked.model)
    _check_makes(asked, row)
    if asked.asset_review:
        check_library(row)
    wish = asked.wish(lambda _, sha256: f"https://stand-in.invalid/{sha256}")
    return request_for(wish, catalogue)


def order_for(
    studio: Studio, key: JobKey, asked: Asked, media: Iterable[Input] = (), *, run: Run = as_task
) -> Order:
    """The order of a job, of any model. `media` are those whose hashes `asked` names.

    They are handed over to the provider when the job is about to be sent: by a URL, fitted to the
    output's pixels where the model fixes them, or as assets. Free. Raises `InvalidRequest`; the
    order's `renew` raises what `hand_over` raises.
    """
    catalogue = studio.client.catalogue
    dry = dry_request(asked, catalogue)
    row = catalogue.model(asked.model)
    by_hash = {one.sha256: one for one in media}
    wanted = list(dict.fromkeys(asked.media()))
    for word, sha256 in wanted:
        if sha256 not in by_hash:
            raise InvalidRequest(f"{key} names a medium that was not given.", field=word)

    async def handed(word: str, sha256: str) -> str:
        return await hand_over(
            studio,
            by_hash[sha256],
            row,
            size=_exact(row, asked) if word in FRAMES else None,
            review=asked.asset_review,
            field=word,
            run=run,
        )

    async def handed_over() -> MediaRequest:
        addresses = await asyncio.gather(*(handed(word, sha256) for word, sha256 in wanted))
        known = dict(zip(wanted, addresses, strict=True))
        return request_for(asked.wish(lambda word, sha256: known[word, sha256]), catalogue)

    return Order(
        key=key,
        asked=asked.to_asked(),
        request=dry,
        renew=handed_over if wanted else None,
    )


async def order_again(studio: Studio, receipt: Receipt, *, run: Run = as_task) -> Order:
    """The order that the receipt is about. Sends nothing.

    Raises `InvalidRequest` when it cannot be built as it was: another kind of job, a model that is
    made elsewhere by now, or media that are no longer in the brief's folder.
    """
    asked = asked_of(receipt)
    request = dry_request(asked, studio.client.catalogue)
    if (request.endpoint, request.api) != (receipt.endpoint, receipt.api):
        raise InvalidRequest(
            f"{receipt.job} was sent to {receipt.endpoint}, and the catalogue now has "
            f"{receipt.model} at {request.endpoint}.",
            field="model",
            advice="Put the catalogue back as it was, or abandon the job and ask for a new take.",
        )
    media = [await _again(studio, receipt.job, *one) for one in dict.fromkeys(asked.media())]
    return order_for(studio, receipt.job, asked, media, run=run)


async def _again(studio: Studio, job: JobKey, word: str, sha256: str) -> Input:
    found = await find_input(studio, job, sha256)
    if found is not None:
        return found
    raise InvalidRequest(
        f"{job} was asked for with {_A[word]} ({word}) that is not in {job.folder}/ any more "
        f"(SHA-256 {sha256[:12]}…), so the same cannot be asked for.",
        field=word,
        advice="Put it back, or abandon the job and ask for a new take.",
    )


def _check_makes(asked: Asked, row: ModelRow) -> None:
    if row.makes == asked.makes or row.lenient:
        return
    raise InvalidRequest(
        f"{asked.model} makes {row.makes}, and {asked.makes} is asked for.",
        field="model",
        allowed=f"a model that makes {asked.makes}",
    )


def _exact(row: ModelRow, asked: Asked) -> Size | None:
    """The output's pixels, where the model fixes them."""
    size = getattr(asked, "size", None)
    if row.pixel_sizes and isinstance(size, str):
        width, _, height = size.partition("x")
        return int(width), int(height)
    ratio = getattr(asked, "ratio", None) or row.default_ratio
    return row.pixels(ratio) if ratio else None
