"""Chance that repeats: every random choice is a hash of the seed and of what is being decided.

Drawing from one generator in order of arrival would make a run depend on how requests interleave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def digest(*parts: object) -> str:
    """64 hex digits that depend on nothing but `parts`."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def fraction(*parts: object) -> float:
    """A number in [0, 1)."""
    return int(digest(*parts)[:13], 16) / 16**13


def choose(options: Sequence[T], *parts: object) -> T:
    return options[int(fraction(*parts) * len(options))]
