"""What a media request asks for, once it has been found valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class Asked:
    """`size` is the output in pixels (width, height); `seconds` is 0 for what has no length."""

    model: str
    prompt: str
    size: tuple[int, int]
    ratio: str
    seconds: int
    resolution: str | None
    references: tuple[str, ...]
    body: Mapping[str, JsonValue]
