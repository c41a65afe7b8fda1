"""Words drawn into pictures.

Pillow's own font has Latin letters only. A system font with Chinese is used where there is one;
what no font can draw is left out, since boxes in place of letters help nobody.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_CJK_FONTS = (
    "/usr/share/fonts/**/NotoSansCJK*-Regular.*",
    "/usr/share/fonts/**/wqy-*.tt*",
    "/usr/share/fonts/**/DroidSansFallback*.ttf",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/Windows/Fonts/msyh.ttc",
)
# Full-width punctuation and dashes, which Pillow's own font lacks.
_PLAIN = str.maketrans(
    {"\u2014": "-", "\u2013": "-", "\u00d7": "x", "\uff0c": ", ", "\u3002": ". ", "\uff1a": ": "}
)


@dataclass(frozen=True)
class Caption:
    """Two masks of one size: the bar behind the words, and the words."""

    bar: Image.Image
    words: Image.Image


def caption(text: str, tag: str, width: int, height: int) -> Caption:
    """A caption for a picture of this size: two lines at most, then `tag` in smaller letters."""
    size = max(12, min(width, height) // 32)
    font, small = _font(size), _font(max(10, size * 3 // 4))
    lines = _wrap(_drawable(text, font), font, int(width * 0.62), 2)
    rows = [(line, font, size * 1.35) for line in lines] + [(tag, small, size * 1.1)]
    pad = size * 0.8
    wide = int(max(used.getlength(line) for line, used, _ in rows) + 2 * pad)
    high = int(sum(step for _, _, step in rows) + 1.2 * pad)
    bar = Image.new("L", (wide // 2 * 2, high // 2 * 2), 0)
    words = Image.new("L", bar.size, 0)
    ImageDraw.Draw(bar).rounded_rectangle(
        (0, 0, bar.width - 1, bar.height - 1), radius=size * 0.6, fill=120
    )
    top = pad * 0.5
    for line, used, step in rows:
        fill = 255 if used is font else 185
        ImageDraw.Draw(words).text((pad, top), line, font=used, fill=fill)
        top += step
    return Caption(bar, words)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    if path := _cjk_font():
        return ImageFont.truetype(path, size)
    font = ImageFont.load_default(size=size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # noqa: S101 - narrows Pillow's type
    return font


@lru_cache(maxsize=1)
def _cjk_font() -> str | None:
    for pattern in _CJK_FONTS:
        root, _, rest = pattern.partition("/**/")
        names = Path(root).rglob(rest) if rest else iter([Path(pattern)])
        if found := next((path for path in names if path.is_file()), None):
            return str(found)
    return None


def _drawable(text: str, font: ImageFont.FreeTypeFont) -> str:
    text = text.translate(_PLAIN)
    missing = bytes(font.getmask("\uffff"))
    kept = []
    for letter in text:
        if letter.isspace() or bytes(font.getmask(letter)) != missing:
            kept.append(letter)
        else:
            plain = unicodedata.normalize("NFKD", letter)[0]
            kept.append(plain if bytes(font.getmask(plain)) != missing else " ")
    words = " ".join("".join(kept).split())
    return words if any(letter.isalnum() for letter in words) else ""


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    lines: list[str] = []
    # Chinese has no spaces to break at: any character may end a line.
    units = text.split(" ") if " " in text else list(text)
    glue = " " if " " in text else ""
    line = ""
    for at, unit in enumerate(units):
        longer = f"{line}{glue}{unit}" if line else unit
        if not line or font.getlength(longer) <= width:
            line = longer
            continue
        lines.append(line)
        line = unit
        if len(lines) == most:
            lines[-1] = _shorten(lines[-1], font, width)
            return lines if at else [line]
    return [*lines, _shorten(line, font, width, only_if_long=True)] if line else lines


def _shorten(
    line: str, font: ImageFont.FreeTypeFont, width: int, *, only_if_long: bool = False
) -> str:
    if only_if_long and font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "...") > width:
        line = line[:-1]
    return line.rstrip(" ,.") + "..."
