"""What a job costs: the provider has no price list, so these are plausible sums in its units.

Per image, per second, per job or per token, as section by section of the provider's pages say;
the ratios between resolutions, and those with a reference video, are an integrator's.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sandbox import sizes
from sandbox.asked import Asked

Price = Callable[[Asked], Decimal]

_CENT = Decimal("0.01")
_TOKEN = Decimal("0.00001")
_QUALITIES = {"low": 1, "medium": 3, "high": 6}
_PER_SECOND = {"480p": "0.30", "540p": "0.40", "720p": "0.58", "768p": "0.58", "1080p": "0.60",
               "1440p": "0.70", "2k": "0.70", "4k": "0.70"}  # fmt: skip
_PER_SECOND_WITH_VIDEO = {"480p": "0.65", "720p": "1.27", "1080p": "1.30", "2k": "1.33",
                          "4k": "1.35"}  # fmt: skip
_CENTER_PER_JOB = ("minimax-h3", "klingo3", "videos_stable")


def price_of(endpoint: str, asked: Asked) -> Decimal:
    """`endpoint` is its name in the catalogue."""
    return _PRICES[endpoint](asked)


def tokens_of(asked: Asked) -> int:
    """What the families that bill by token count: pixels and seconds."""
    width, height = asked.size
    return round(asked.seconds * width * height * 24 / 1024)


def _per_job(amount: str) -> Price:
    return lambda asked: Decimal(amount)


def _banana(asked: Asked) -> Decimal:
    return Decimal("0.12") * sizes.image_factor(asked.resolution)


def _gpt_image_2(asked: Asked) -> Decimal:
    if asked.model.endswith("-r"):
        return Decimal("0.10") * sizes.image_factor(asked.resolution)
    return Decimal("0.05") * _QUALITIES.get(asked.quality or "low", 1)


def _sora(asked: Asked) -> Decimal:
    return _seconds(asked, "0.30" if asked.model.endswith("Pro") else "0.10")


def _seconds(asked: Asked, each: str) -> Decimal:
    return (Decimal(each) * Decimal(str(asked.seconds))).quantize(_CENT)


def _by_resolution(asked: Asked) -> Decimal:
    table = _PER_SECOND_WITH_VIDEO if asked.count("video") else _PER_SECOND
    resolution = sizes.resolution_of(asked.resolution, asked.model)
    dear = table.get(resolution, table["720p"])
    return _seconds(asked, dear)


def _tokens(asked: Asked) -> Decimal:
    return (tokens_of(asked) * _TOKEN).quantize(_CENT)


def _grok(asked: Asked) -> Decimal:
    by_call = asked.model.endswith(("_pro", "_stable"))
    return Decimal("1.20") if by_call else _seconds(asked, "0.15")


def _letters(asked: Asked) -> Decimal:
    return max(_CENT, (Decimal("0.0002") * len(asked.prompt)).quantize(_CENT))


def _center(asked: Asked) -> Decimal:
    if asked.makes == "image":
        return Decimal("0.20") * sizes.image_factor(asked.resolution)
    if asked.model.lower().startswith(_CENTER_PER_JOB):
        return Decimal("0.90")
    return _by_resolution(asked)


_PRICES: dict[str, Price] = {
    "nano_banana": _banana,
    "gpt_image_2": _gpt_image_2,
    "sora": _sora,
    "veo": _per_job("2.40"),
    "seedance_1_5": _by_resolution,
    "seedance_2_0": _tokens,
    "seedance_x1": _by_resolution,
    "seedance_special": _by_resolution,
    "seedance_discount": _by_resolution,
    "vidu": _tokens,
    "grok": _grok,
    "starvideos": _per_job("0.80"),
    "videos": _per_job("0.60"),
    "sd2_manxue": _by_resolution,
    "luxvid": lambda asked: _seconds(asked, "0.20"),
    "omni_flash": _per_job("1.00"),
    "happyhorse_t2v": _by_resolution,
    "happyhorse_i2v": _by_resolution,
    "happyhorse_r2v": _by_resolution,
    "happyhorse_edit": _per_job("3.00"),
    "digital_human": _per_job("1.50"),
    "voice_clone": _per_job("0.50"),
    "speech": _letters,
    "model_center": _center,
}
