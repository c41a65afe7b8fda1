"""Paints a picture for a prompt: a landscape, the sea, a city or light, by seed and by its words.

Painted at twice the size and halved, which smooths every edge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from sandbox import seeded
from sandbox.captions import Caption, caption

Colour = tuple[int, int, int]
Size = tuple[int, int]

_NATIVE_LIMIT = 2_400_000
"""Pixels beyond which a picture is painted at half its size and enlarged (2k and 4k)."""


@dataclass(frozen=True)
class Palette:
    top: Colour
    middle: Colour
    horizon: Colour
    sun: Colour
    land: Colour


PALETTES = (
    Palette((44, 62, 112), (214, 118, 120), (255, 204, 140), (255, 238, 196), (38, 34, 62)),
    Palette((24, 62, 94), (92, 158, 172), (240, 226, 190), (255, 250, 226), (18, 46, 56)),
    Palette((70, 40, 98), (208, 92, 132), (255, 178, 120), (255, 226, 170), (44, 22, 56)),
    Palette((16, 30, 62), (52, 92, 138), (166, 196, 206), (246, 246, 234), (12, 24, 44)),
    Palette((94, 126, 156), (206, 202, 190), (250, 228, 200), (255, 246, 224), (54, 62, 66)),
    Palette((20, 70, 84), (238, 152, 96), (255, 218, 150), (255, 240, 206), (16, 40, 44)),
)
NIGHTS = (
    Palette((10, 12, 34), (38, 30, 84), (178, 70, 130), (250, 236, 220), (12, 10, 28)),
    Palette((8, 16, 38), (18, 56, 98), (64, 148, 166), (236, 246, 250), (8, 14, 28)),
    Palette((14, 10, 28), (64, 28, 70), (228, 120, 84), (255, 238, 210), (14, 8, 22)),
)

_WORDS = (
    (
        "city",
        r"\b(?:city|cities|streets?|neon|urban|skyline|towers?|night market|tokyo)\b"
        "|城|街|霓虹|都市|夜市",
    ),
    (
        "sea",
        r"\b(?:sea|ocean|beach|coast|waves?|harbou?rs?|boats?|lake|river|whales?|islands?)\b"
        "|海|湖|江|船|浪|岛",
    ),
    (
        "lights",
        r"\b(?:space|galaxy|planets?|abstract|dreams?|stars|starry|aurora|robots?)\b"
        "|星|宇宙|银河|抽象|梦",
    ),
    (
        "hills",
        r"\b(?:mountains?|hills?|forest|valley|desert|dunes?|field|tea|snow|village)\b"
        "|山|林|谷|沙|雪|村|茶",
    ),
)
"""What a prompt that names none of these shows is drawn by seed."""


def png(prompt: str, tag: str, size: Size, seed: str) -> bytes:
    """The picture as PNG of exactly `size`, with the prompt drawn in at the bottom left."""
    image = paint(prompt, size, seed)
    words = caption(prompt, tag, *size)
    margin = min(size) // 24
    _stamp(image, words, (margin, size[1] - margin - words.bar.height))
    out = BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def paint(prompt: str, size: Size, seed: str) -> Image.Image:
    """RGB without words. The same prompt, size and seed give the same pixels."""
    width, height = size
    chance = Chance(seed, prompt)
    scene = _SCENES[_scene_for(prompt, chance)]
    if width * height > _NATIVE_LIMIT:
        return paint(prompt, (width // 2, height // 2), seed).resize(size, Image.Resampling.BICUBIC)
    large = scene((width * 2, height * 2), chance)
    return large.reduce(2)


class Chance:
    """Numbers that depend on the seed, the prompt and the order in which they are drawn."""

    def __init__(self, seed: str, prompt: str) -> None:
        self._key = seeded.digest(seed, prompt)
        self._drawn = 0

    def between(self, low: float, high: float) -> float:
        self._drawn += 1
        return low + (high - low) * seeded.fraction(self._key, self._drawn)

    def palette(self, palettes: Sequence[Palette]) -> Palette:
        return palettes[int(self.between(0, len(palettes)))]


def _scene_for(prompt: str, chance: Chance) -> str:
    drawn = chance.between(0, len(_WORDS))
    for name, pattern in _WORDS:
        if re.search(pattern, prompt, re.IGNORECASE):
            return name
    return _WORDS[int(drawn)][0]


def _stamp(image: Image.Image, words: Caption, at: tuple[int, int]) -> None:
    box = (*at, at[0] + words.bar.width, at[1] + words.bar.height)
    image.paste((10, 12, 20), box, words.bar)
    image.paste((255, 255, 255), box, words.words)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _gradient(size: Size, colours: Sequence[Colour]) -> Image.Image:
    """Top to bottom. Few rows enlarged smoothly, which is cheap and shows no bands' edges."""
    column = Image.new("RGB", (1, len(colours)))
    column.putdata(list(colours))
    return column.resize((1, 64), Image.Resampling.BICUBIC).resize(size, Image.Resampling.BICUBIC)


def _glow(image: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    """Adds light that fades out over `radius` pixels."""
    # Pillow's gradient is 0 in the middle and 179 where the circle touches the square.
    small = Image.radial_gradient("L").resize((64, 64))
    falloff = small.point([round(255 * max(0.0, 1 - v / 176) ** 2) for v in range(256)])
    mask = falloff.resize((round(2 * radius),) * 2, Image.Resampling.BICUBIC)
    image.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), mask)


def _disc(image: Image.Image, centre: tuple[float, float], radius: float, colour: Colour) -> None:
    x, y = centre
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _ridge(chance: Chance, width: int, base: float, swing: float) -> list[tuple[float, float]]:
    waves = [
        (chance.between(0.6, 1.6) * 2**n, chance.between(0, math.tau), swing / 1.8**n)
        for n in range(5)
    ]
    step = max(2, width // 320)
    return [
        (x, base - sum(h * math.sin(f * math.tau * x / width + p) for f, p, h in waves))
        for x in range(0, width + step, step)
    ]


def _hills(size: Size, chance: Chance) -> Image.Image:
    width, height = size
    colours = chance.palette(PALETTES)
    image = _gradient(size, (colours.top, colours.middle, colours.horizon, colours.horizon))
    sun = (chance.between(0.2, 0.8) * width, chance.between(0.3, 0.42) * height)
    _glow(image, sun, min(size) * 0.55, colours.sun)
    _disc(image, sun, min(size) * 0.055, colours.sun)
    for layer in range(6):
        depth = layer / 5
        base = height * (0.5 + 0.09 * layer)
        outline = _ridge(chance, width, base, height * (0.035 + 0.012 * layer))
        colour = _mix(_mix(colours.horizon, colours.middle, 0.5), colours.land, 0.2 + 0.8 * depth)
        draw = ImageDraw.Draw(image)
        draw.polygon([*outline, (width, height), (0, height)], fill=colour)
        if layer == 5:
            _trees(draw, chance, outline, height, colour)
        _mist(image, base, height, _mix(colours.horizon, colour, 0.35), 90 - 16 * layer)
    return image


def _trees(
    draw: ImageDraw.ImageDraw,
    chance: Chance,
    outline: Sequence[tuple[float, float]],
    height: int,
    colour: Colour,
) -> None:
    for x, y in outline[::3]:
        tall = height * chance.between(0.015, 0.065)
        wide = tall * 0.2
        draw.polygon([(x - wide, y + 4), (x, y - tall), (x + wide, y + 4)], fill=colour)


def _mist(image: Image.Image, base: float, height: int, colour: Colour, strength: int) -> None:
    if strength <= 0:
        return
    high = round(height * 0.16)
    mask = Image.linear_gradient("L").resize((image.width, high))
    mask = mask.point([round(v * strength / 255) for v in range(256)])
    image.paste(colour, (0, round(base - high * 0.2)), mask)


def _sea(size: Size, chance: Chance) -> Image.Image:
    width, height = size
    colours = chance.palette(PALETTES)
    line = round(height * chance.between(0.48, 0.58))
    image = Image.new("RGB", size)
    image.paste(_gradient((width, line), (colours.top, colours.middle, colours.horizon)), (0, 0))
    sun = (chance.between(0.28, 0.72) * width, line - height * chance.between(0.02, 0.12))
    _glow(image, sun, min(size) * 0.6, colours.sun)
    _disc(image, sun, min(size) * 0.07, colours.sun)
    island = _ridge(chance, width, line + height * 0.01, height * 0.02)
    shore = _mix(colours.land, colours.middle, 0.35)
    ImageDraw.Draw(image).polygon([*island, (width, line), (0, line)], fill=shore)
    water = (
        _mix(colours.horizon, colours.middle, 0.35),
        _mix(colours.middle, colours.top, 0.7),
        _mix(colours.top, colours.land, 0.75),
    )
    image.paste(_gradient((width, height - line), water), (0, line))
    draw = ImageDraw.Draw(image)
    for row in range(90):
        near = row / 90
        y = line + (height - line) * near**1.5 + 2
        for _ in range(3):
            x = sun[0] + chance.between(-1, 1) * width * (0.035 + 0.16 * near)
            half = width * chance.between(0.004, 0.02) * (0.5 + 1.5 * near)
            thick = 1 + height * 0.0016 * (0.5 + near)
            shine = _mix(colours.sun, water[1], 0.15 + 0.55 * chance.between(near / 2, 1))
            draw.ellipse((x - half, y - thick, x + half, y + thick), fill=shine)
    _boat(draw, chance, (width, height, line), colours.land)
    return image


def _boat(
    draw: ImageDraw.ImageDraw, chance: Chance, frame: tuple[int, int, int], colour: Colour
) -> None:
    width, height, line = frame
    x, y = width * chance.between(0.15, 0.85), line + height * 0.09
    unit = height * 0.028
    hull = [(-1.6, 0), (1.7, 0), (1.1, 0.55), (-1.2, 0.55)]
    sails = [[(0, -3.4), (0, -0.2), (1.5, -0.2)], [(-0.15, -2.8), (-0.15, -0.2), (-1.2, -0.2)]]
    for shape in (hull, *sails):
        draw.polygon([(x + unit * dx, y + unit * dy) for dx, dy in shape], fill=colour)


def _city(size: Size, chance: Chance) -> Image.Image:
    width, height = size
    colours = chance.palette(NIGHTS)
    ground = round(height * 0.78)
    image = _gradient(size, (colours.top, colours.middle, colours.horizon, colours.horizon))
    moon = (chance.between(0.15, 0.85) * width, chance.between(0.14, 0.3) * height)
    _glow(image, moon, min(size) * 0.3, _mix(colours.middle, colours.sun, 0.6))
    _disc(image, moon, min(size) * 0.04, colours.sun)
    _glow(image, (width / 2, ground), width * 0.5, colours.horizon)
    draw = ImageDraw.Draw(image)
    for layer in range(3):
        wall = _mix(_mix(colours.horizon, colours.middle, 0.7), colours.land, 0.3 + 0.34 * layer)
        _skyline(draw, chance, (width, height, ground), (wall, colours.horizon), layer)
    street = image.crop((0, 2 * ground - height, width, ground))
    wet = street.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(
        (width // 8, (height - ground) // 24)
    )
    wet = wet.filter(ImageFilter.GaussianBlur(1)).resize((width, height - ground))
    image.paste(Image.blend(wet, Image.new("RGB", wet.size, colours.land), 0.35), (0, ground))
    return image


def _skyline(
    draw: ImageDraw.ImageDraw,
    chance: Chance,
    frame: tuple[int, int, int],
    paint_with: tuple[Colour, Colour],
    layer: int,
) -> None:
    width, height, ground = frame
    wall, glow = paint_with
    unit = max(6, height // 90)
    x = -chance.between(0, width * 0.05)
    while x < width:
        wide = width * chance.between(0.035, 0.085)
        top = ground - height * chance.between(0.14, 0.56 - 0.11 * layer)
        draw.rectangle((x, top, x + wide, ground), fill=wall)
        if chance.between(0, 1) < 0.3:
            draw.line((x + wide / 2, top, x + wide / 2, top - unit * 5), fill=wall, width=unit // 3)
        lit = _mix(wall, (255, 214, 140), 0.35 + 0.25 * layer)
        cool = _mix(wall, glow, 0.6)
        y = top + unit
        while y < ground - unit:
            row = seeded.digest(x, y)
            for column in range(int(wide / (unit * 1.6)) - 1):
                drawn = row[column % 64]
                if drawn in "0123":
                    left = x + unit * (0.8 + 1.6 * column)
                    colour = cool if drawn == "0" else lit
                    draw.rectangle((left, y, left + unit * 0.8, y + unit * 0.9), fill=colour)
            y += unit * 1.9
        x += wide + width * chance.between(0, 0.012)


def _lights(size: Size, chance: Chance) -> Image.Image:
    width, height = size
    colours = chance.palette(NIGHTS)
    image = _gradient(size, (colours.top, colours.middle, colours.top))
    for _ in range(9):
        centre = (chance.between(0, 1) * width, chance.between(0.1, 0.9) * height)
        hue = _mix(colours.horizon, colours.middle, chance.between(0, 0.8))
        _glow(image, centre, min(size) * chance.between(0.25, 0.6), hue)
    draw = ImageDraw.Draw(image)
    for _ in range(220):
        spot = (chance.between(0, 1) * width, chance.between(0, 1) * height)
        _disc(image, spot, chance.between(1, 3.6), _mix(colours.middle, colours.sun, 0.8))
    planet = (chance.between(0.3, 0.7) * width, chance.between(0.38, 0.6) * height)
    radius = min(size) * chance.between(0.14, 0.2)
    _glow(image, planet, radius * 2.4, colours.horizon)
    for ring in range(40):
        shade = _mix(colours.sun, colours.horizon, ring / 40)
        shift = ring / 40 * radius * 0.35
        _disc(image, (planet[0] + shift * 0.4, planet[1] + shift * 0.4), radius - shift, shade)
    for turn in range(5):
        wide, flat = radius * (1.7 + turn * 0.09), radius * (0.42 + turn * 0.03)
        box = (planet[0] - wide, planet[1] - flat, planet[0] + wide, planet[1] + flat)
        draw.arc(box, -14, 194, fill=_mix(colours.sun, colours.middle, turn / 6), width=5)
    return image


_SCENES: dict[str, Callable[[Size, Chance], Image.Image]] = {
    "hills": _hills,
    "sea": _sea,
    "city": _city,
    "lights": _lights,
}
