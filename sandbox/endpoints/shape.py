"""What a row of the table of endpoints may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue

from sandbox.asked import Kind

Check = Callable[[JsonValue], str | None]
"""What is wrong with a value ("must be ..."), or None."""


@dataclass(frozen=True)
class Slot:
    """The spellings of one thing.

    Of several spellings one may be used (`either`), or the later ones are older names of the first
    and may stand beside it as long as they say the same (`renamed`).
    """

    names: tuple[str, ...] = ()
    renamed: bool = False

    def __bool__(self) -> bool:
        return bool(self.names)


NONE = Slot()


def either(*names: str) -> Slot:
    return Slot(names)


def renamed(today: str, *old: str) -> Slot:
    return Slot((today, *old), renamed=True)


@dataclass(frozen=True)
class Spelling:
    """How an endpoint's requests are spelt. What is left out is not a field of this endpoint."""

    prompt: str = "prompt"
    ratio: Slot = NONE
    pixels: Slot = NONE
    seconds: Slot = NONE
    resolution: Slot = NONE
    quality: Slot = NONE
    first: Slot = NONE
    last: Slot = NONE
    images: Slot = NONE
    videos: Slot = NONE
    audios: Slot = NONE
    sound: Slot = NONE
    frame_list: str = ""
    """An older field with the first frame, or the first and the last; what follows is ignored."""
    content: bool = False
    """Prompt and media are parts of `content[]`, with roles."""
    seconds_as_text: frozenset[str] = frozenset()
    """The names in `seconds` whose value is a string such as "10"; the others take integers."""
    seconds_either_way: bool = False

    @property
    def old_names(self) -> frozenset[str]:
        slots = (self.first, self.last, self.images, self.videos, self.audios)
        return frozenset(name for slot in slots if slot.renamed for name in slot.names[1:])


@dataclass(frozen=True)
class Limits:
    """What a reference medium must be, which is seen only once it is fetched. Seconds and pixels.

    `total` is of all media of the kind together. `shape` is the least and most width per height.
    """

    seconds: tuple[float, float] | None = None
    total: float | None = None
    side: tuple[int, int] | None = None
    shape: tuple[float, float] | None = None
    least_fps: float | None = None


@dataclass(frozen=True)
class Endpoint:
    """One paid media endpoint. `name` is its name in rules of chaos and in the account."""

    name: str
    path: str
    kind: Kind | None
    """None: it depends on the model."""
    id_prefix: str
    created_object: str
    result_object: str
    url_fields: tuple[str, ...]
    spelling: Spelling = Spelling()
    api: Literal["v1", "v2"] = "v1"
    catalogue_name: str = ""
    id_form: Literal["24", "32", "uuid"] = "uuid"
    exact_reference: bool = False
    """A reference image must have exactly the pixel size of the output."""
    any_case: bool = False
    """The resolution may be written in any case."""
    default_model: str = ""
    required: tuple[str, ...] = ()
    extras: Mapping[str, Check] = field(default_factory=dict)
    """Optional fields of this endpoint alone. Fields that nobody names pass unseen."""
    refused: tuple[str, ...] = ()
    """Fields that it says it does not support."""
    auto_seconds: bool = False
    """`duration` -1 lets the model choose."""
    needs_media: bool = False
    follows_video: bool = False
    """With a reference video, length and shape are the video's, whatever was asked."""
    asset_schemes: tuple[str, ...] = ()
    video_suffix: str = ""
    """Ends the model's name exactly when reference videos are sent."""
    limits: Mapping[Kind, Limits] = field(default_factory=dict)
    old_prefix: str = ""
    """Set where an older page answers `data.projectId`: to older field names and `old_models`."""
    old_models: frozenset[str] = frozenset()
    answers_as: Mapping[str, str] = field(default_factory=dict)
    """The model's name in answers, where it is not the one that was asked for."""
    tokens: Literal["", "number", "text"] = ""
    narrow: bool = False
    """Films come out a little narrower than asked: 1256x720 for 720p, as seen live."""
    sound_type: Literal["wav", "mp3"] = "mp3"

    @property
    def row_name(self) -> str:
        """Its name in the catalogue."""
        return self.catalogue_name or self.name

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.name, self.row_name))


_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def one_of(*values: str | int) -> Check:
    listed = ", ".join(map(str, values))

    def check(value: JsonValue) -> str | None:
        # True == 1, and is none of them.
        known = value in values and not isinstance(value, bool)
        return None if known else f"must be one of {listed}"

    return check


def between(low: float, high: float, *, whole: bool = False, above: bool = False) -> Check:
    """`above`: low itself is not allowed. A whole number may also be written as text."""

    def check(value: JsonValue) -> str | None:
        number = value
        if whole and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            number = int(value)
        right = int if whole else (int, float)
        if isinstance(number, bool) or not isinstance(number, right):
            return f"must be {'an integer' if whole else 'a number'}"
        inside = low < number <= high if above else low <= number <= high
        return None if inside else f"must be between {low:g} and {high:g}"

    return check


def switch(*, text: bool = False) -> Check:
    """A boolean; with `text` also "true" and "false"."""
    return lambda value: (
        None
        if isinstance(value, bool) or (text and value in ("true", "false"))
        else "must be true or false"
    )


def web_url(*, chinese: bool = True) -> Check:
    def check(value: JsonValue) -> str | None:
        if not isinstance(value, str) or not value.startswith(("http://", "https://")):
            return "must be a public http(s) URL"
        return None if chinese or not _CHINESE.search(value) else "must hold no Chinese characters"

    return check


def chinese_in(text: str) -> int:
    return len(_CHINESE.findall(text))
