"""What a media request asks for, once it has been found valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

Kind = Literal["image", "video", "audio"]
Role = Literal["first", "last", "reference"]
Follows = Literal["", "picture", "video", "audio"]


@dataclass(frozen=True)
class Medium:
    """One picture, film or sound that came with the request, by the address it is fetched from."""

    kind: Kind
    role: Role
    url: str = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """`size` is the output in pixels (width, height); `seconds` is 0 for what has no length.

    `follows`: what only the media can tell. "picture": the shape of the first picture; "video": the
    shape and length of the reference video; "audio": the length of the sound and the film's shape.
    """

    model: str
    prompt: str
    makes: Kind
    size: tuple[int, int]
    ratio: str
    seconds: float
    resolution: str | None
    body: Mapping[str, JsonValue] = field(repr=False)
    media: tuple[Medium, ...] = ()
    quality: str = ""
    sound: bool = False
    follows: Follows = ""
    old_style: bool = False
    """Asked for in the older words: it is answered in the older shape."""

    def count(self, kind: Kind) -> int:
        return sum(medium.kind == kind for medium in self.media)

    def wants(self, name: str) -> bool:
        """Whether an optional switch of the body is on; some send it as text."""
        return self.body.get(name) in (True, "true")
