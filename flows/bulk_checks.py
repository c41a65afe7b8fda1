"""The checks of a single brief for a million of them: what does not differ is looked at once.

Most rows of a long list ask the same models for the same; only their texts differ. So what the
models have against a brief is asked of its shape: the brief with every text shrunk to one letter,
as long as no model in the catalogue could mind the length of the one it stands for. Shapes that
were seen are remembered, a few thousand of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from flows.briefs import FIELDS, LIST_FIELDS, MEDIA_FIELDS, Brief, Makes
from flows.checks import model_problems, own_problems, placed
from flows.errors import BriefProblem
from globalaiopc.catalogue import Catalogue, ModelRow

_SHAPES = 4_000
_SEED = 7
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

_PROMPTS = ("image_prompt", "video_prompt")
_MODELS = ("image_model", "image_fallbacks", "video_model", "video_fallbacks")

# What of a field counts: whether it is there, how many there are, or all of it.
_IF_THERE = ("topic", *_PROMPTS, *(name for name in MEDIA_FIELDS if name not in LIST_FIELDS))
_HOW_MANY = tuple(name for name in MEDIA_FIELDS if name in LIST_FIELDS)
_WORDS = tuple(name for name in LIST_FIELDS if name not in (*MEDIA_FIELDS, "tags"))
_NOT_AT_ALL = ("id", "tags", "take")
_WHOLE = tuple(
    name for name in FIELDS if name not in (*_IF_THERE, *_HOW_MANY, *_WORDS, *_NOT_AT_ALL, "seed")
)
_if_there, _how_many = attrgetter(*_IF_THERE), attrgetter(*_HOW_MANY)
_words, _whole = attrgetter(*_WORDS), attrgetter(*_WHOLE)


class _Shape(NamedTuple):
    there: tuple[bool, ...]
    counts: tuple[int, ...]
    words: tuple[tuple[str, ...], ...]
    whole: tuple[object, ...]
    seed: int | None
    ratio_said: bool

    def brief(self) -> Brief:
        """Made of nothing but the shape, so that what is said of it holds for all of the shape."""
        values: dict[str, Any] = {"id": "x"}
        values |= {name: "x" for name, there in zip(_IF_THERE, self.there, strict=True) if there}
        values |= {name: ["x"] * n for name, n in zip(_HOW_MANY, self.counts, strict=True)}
        values |= {name: list(one) for name, one in zip(_WORDS, self.words, strict=True)}
        values |= dict(zip(_WHOLE, self.whole, strict=True)) | {"seed": self.seed}
        return Brief.model_construct({"ratio"} if self.ratio_said else set(), **values)


@dataclass(frozen=True)
class _Room:
    """The longest text that several models all take."""

    characters: int
    chinese: int
    words: int

    @classmethod
    def of(cls, rows: Iterable[ModelRow]) -> "_Room":
        known = list(rows)
        return cls(
            _least(row.prompt_limit for row in known),
            _least(row.prompt_limit_chinese for row in known),
            _least(row.prompt_limit_words for row in known),
        )

    def holds(self, text: str | None) -> bool:
        if not text:
            return True
        size = len(text)
        if size > self.characters:
            return False
        if size > self.chinese and len(_CHINESE.findall(text)) > self.chinese:
            return False
        return size <= self.words or len(text.split()) <= self.words


def _least(limits: Iterable[int | None]) -> int:
    # A limit of 0 is a model that takes no prompt: it minds a letter as much as a novel.
    return min((limit for limit in limits if limit), default=1_000_000)


class BulkChecks:
    """`validate_brief`, for many briefs and one catalogue: the same answers."""

    def __init__(self, catalogue: Catalogue, makes: Makes = "video") -> None:
        self._catalogue = catalogue
        self._makes = makes
        self._anywhere = _Room.of(catalogue)
        seeds = [row.seeds for row in catalogue if row.seeds]
        self._seeds = range(
            max((first for first, _ in seeds), default=0),
            min((last for _, last in seeds), default=0) + 1,
        )
        self._shapes: dict[_Shape, list[BriefProblem]] = {}

    def problems(
        self, brief: Brief, *, row: int | None = None, line: int | None = None
    ) -> list[BriefProblem]:
        """Everything that is wrong with a brief; see `flows.checks.validate_brief`."""
        found = own_problems(brief)
        known = self._known(brief)
        if known is None:
            known = model_problems(brief, self._catalogue, self._makes)
        return placed([*found, *known], brief, row, line) if found or known else []

    def _known(self, brief: Brief) -> list[BriefProblem] | None:
        """What is said of the brief's shape; None when the brief has to be looked at itself."""
        found = self._of_shape(brief)
        prompts = [getattr(brief, field) for field in _PROMPTS]
        if all(map(self._anywhere.holds, prompts)):
            return found
        if found:  # what is said of it may name models that can, and a long prompt they could not
            return None
        named = [name for field in _MODELS for name in _names(getattr(brief, field))]
        room = _Room.of(row for name in named if (row := self._catalogue.get(name)))
        return found if all(map(room.holds, prompts)) else None

    def _of_shape(self, brief: Brief) -> list[BriefProblem]:
        seed = brief.seed
        # Asked of anything but a number, a range goes through all of its own.
        same = isinstance(seed, int) and seed in self._seeds
        shape = _Shape(
            there=tuple(map(bool, _if_there(brief))),
            counts=tuple(map(len, _how_many(brief))),
            words=tuple(map(tuple, _words(brief))),
            whole=_whole(brief),
            seed=_SEED if same else seed,
            ratio_said="ratio" in brief.model_fields_set,
        )
        found = self._shapes.get(shape)
        if found is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            found = model_problems(shape.brief(), self._catalogue, self._makes)
            self._shapes[shape] = found
        return found


def _names(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
