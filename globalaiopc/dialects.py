"""From what is wanted, in neutral words, to the request of the endpoint that makes it."""

from globalaiopc.catalogue import Catalogue, ModelRow
from globalaiopc.errors import InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.limits import check
from globalaiopc.requests import MEDIA_REQUESTS, MediaRequest
from globalaiopc.requests.checks import check_addresses

_DIGITS = range(2, 6)
"""Of a side in pixels: with fewer or more it is a slip of the pen, whatever the model."""
_TEXTS = ("ratio", "resolution", "quality", "voice")


def request_for(wish: Generation, catalogue: Catalogue) -> MediaRequest:
    """The request that says all of the wish, in the dialect of its model's endpoint.

    `wish.model` is a name of the catalogue, or "endpoint/name". What the model cannot do, what its
    endpoint has no field for, and what no provider could fetch is an `InvalidRequest` that names
    the word: nothing is dropped.
    """
    row = catalogue.model(wish.model)
    kind = MEDIA_REQUESTS.get(row.endpoint)
    if kind is None:
        raise InvalidRequest(
            f"{row.name} is a model of {row.endpoint}, which makes no images, videos or voices.",
            field="model",
            allowed=", ".join(MEDIA_REQUESTS),
        )
    _check_whole(wish, row)
    spelt = wish.model_copy(update={"resolution": row.spelt_resolution(wish.resolution)})
    check(row, spelt, catalogue)
    return kind.of(spelt, row)


def _check_whole(wish: Generation, row: ModelRow) -> None:
    """Refuse a word with nothing in it, a size that is none, and an address that leads nowhere."""
    for word in _TEXTS:
        value = getattr(wish, word)
        if value is not None and not value.strip():
            raise InvalidRequest(f"{word} is empty; leave it away instead.", field=word)
    if wish.size and not all(len(side) in _DIGITS for side in wish.size.split("x")):
        raise InvalidRequest(
            f"{wish.size[:40]} is no size of a picture.", field="size", allowed="such as 1024x1024"
        )
    media = wish.model_dump(include={"first_frame", "last_frame", "images", "videos", "audios"})
    for word, value in media.items():
        addresses = value if isinstance(value, tuple) else (value,) if value is not None else ()
        # Base64 is not for this line to judge: the row says who takes it.
        check_addresses(addresses, word, inline=not row.lenient)
