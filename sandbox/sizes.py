"""Pixel sizes of what is made, by ratio and resolution."""

from __future__ import annotations

import re

Size = tuple[int, int]

# What the image models answer at 1k. None of it is a video size: whoever hands an image on to a
# video model has to fit it first.
_IMAGES_1K: dict[str, Size] = {
    "1:1": (1024, 1024),
    "16:9": (1376, 768),
    "9:16": (768, 1376),
    "4:3": (1200, 896),
    "3:4": (896, 1200),
    "3:2": (1264, 848),
    "2:3": (848, 1264),
    "5:4": (1152, 928),
    "4:5": (928, 1152),
    "21:9": (1584, 672),
    "9:21": (672, 1584),
    "2:1": (1456, 720),
    "1:2": (720, 1456),
}
_LONGEST_SIDE = 1920
"""Films of 2k and 4k are made at this, and of 1080p in 21:9: nobody needs 4K in a test."""

_IN_NAME = re.compile(r"(?<![a-z0-9])(\d{3,4}p|[1-4]k)(?![a-z0-9])")
_USUAL_SHORT_SIDE = 720


def image(ratio: str, resolution: str | None) -> Size:
    width, height = _IMAGES_1K.get(ratio, _IMAGES_1K["1:1"])
    factor = image_factor(resolution)
    return width * factor, height * factor


def image_factor(resolution: str | None) -> int:
    """2 for "2k"; 1 for none."""
    text = (resolution or "1k").lower()
    return int(text[:-1]) if re.fullmatch(r"[1-4]k", text) else 1


def video(ratio: str, resolution: str | None, model: str, *, narrow: bool = False) -> Size:
    """About as the real ones: the short side as the resolution says, even numbers."""
    return shaped(shape_of(ratio) or 16 / 9, resolution_of(resolution, model), narrow=narrow)


def shaped(shape: float, resolution: str, *, narrow: bool = False) -> Size:
    """`shape` is width per height."""
    short = _short_side(resolution)
    long = short * max(shape, 1 / shape) * (0.98125 if narrow else 1)
    scale = min(1.0, _LONGEST_SIDE / long)
    sides = _even(long * scale), _even(short * scale)
    return sides if shape >= 1 else (sides[1], sides[0])


def resolution_of(resolution: str | None, model: str) -> str:
    """The one that was asked for, else the one in the model's name, else 720p; in lower case."""
    if resolution:
        return resolution.lower()
    found = _IN_NAME.search(model.lower())
    return found.group(1) if found else f"{_USUAL_SHORT_SIDE}p"


def shape_of(ratio: str) -> float | None:
    """Width per height of "16:9"; None for "adaptive" and the like."""
    width, _, height = ratio.partition(":")
    return int(width) / int(height) if width.isdigit() and height.isdigit() else None


def parse(pixels: str) -> Size | None:
    """The size that "1280x720" names."""
    found = re.fullmatch(r"([1-9]\d{1,4})[xX*]([1-9]\d{1,4})", pixels)
    return (int(found.group(1)), int(found.group(2))) if found else None


def capped(size: Size) -> Size:
    scale = min(1.0, _LONGEST_SIDE / max(size))
    return _even(size[0] * scale), _even(size[1] * scale)


def _short_side(resolution: str) -> int:
    if resolution.endswith("k") and resolution[:-1].isdigit():
        return 540 * int(resolution[:-1])
    return int(resolution[:-1]) if resolution[:-1].isdigit() else _USUAL_SHORT_SIDE


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
