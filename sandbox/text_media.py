"""What is shown to a text model is looked at: fetched or decoded, and refused when it cannot be."""

from __future__ import annotations

from sandbox.references import References, Unusable
from sandbox.text_asked import BadAsk, Shown

Size = tuple[int, int]


async def sizes(shown: tuple[Shown, ...], references: References) -> tuple[Size, ...]:
    """Width and height of each picture or film in turn; `BadAsk` for one that cannot be used."""
    found = [await _size(one, references) for one in shown]
    return tuple(size for size in found if all(size))


async def _size(one: Shown, references: References) -> Size:
    if not one.url.startswith(("http://", "https://", "data:")):
        raise BadAsk(
            f"Invalid {one.kind}: expected an http(s) URL or a base64 data URI.",
            code="invalid_image_url",
        )
    try:
        reference = await references.fetch(one.url, one.kind)
    except Unusable as exc:
        raise BadAsk(f"Invalid {one.kind}: {exc}.", code="invalid_image_url") from exc
    return reference.width, reference.height
