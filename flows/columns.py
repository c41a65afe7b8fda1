"""Which field of a brief a column of a file, or a key of an object, stands for."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from flows.briefs import FIELDS, unsendable
from flows.errors import BadBriefs, BriefProblem, shown

_CLOSE = 0.8
_SHORTEST_TYPO = 4  # below this, "idx" and "pid" would count as misspelt "id"
_ALSO_SAID = {
    "prompt": "topic",
    "subject": "topic",
    "motion_prompt": "video_prompt",
    "model": "video_model",
    "aspect": "ratio",
    "aspect_ratio": "ratio",
    "duration": "seconds",
    "length": "seconds",
    "first_frame": "image",
    "image_url": "image",
    "last_frame": "last_image",
    "video_url": "video",
    "image_urls": "reference_images",
    "references": "reference_images",
}
_CONTENT = ("topic", "image_prompt", "video_prompt")


class Columns:
    """Names of columns to fields of briefs.

    A field's own name counts in any case and with spaces or dashes ("Image Prompt"); `mapping`
    gives other columns a field, such as {"Prompt": "topic"}. A column that is neither is left
    alone, unless it reads like a misspelt field: dropping "secnods" would buy something else than
    what was asked for, so that is refused.
    """

    def __init__(self, mapping: Mapping[str, str] | None) -> None:
        self._mapping = {_plain(column): field for column, field in (mapping or {}).items()}
        self._mapped = {_plain(column): column for column in (mapping or {})}
        wrong = [
            BriefProblem(
                field=field,
                message=f"The column mapping names {shown(field)}, which is no field of a brief.",
                allowed=", ".join(FIELDS),
            )
            for field in (mapping or {}).values()
            if field not in FIELDS
        ]
        if wrong:
            raise BadBriefs(wrong)

    def field_of(self, column: str) -> str | None:
        plain = _plain(column)
        return self._mapping.get(plain, plain if plain in FIELDS else None)

    def check_names(self, names: Sequence[str]) -> Iterator[BriefProblem]:
        """What is wrong with the names alone: misspelt ones, and two for one field."""
        taken: dict[str, str] = {}
        for name in names:
            field = self.field_of(name)
            if why := unsendable(name):
                yield BriefProblem(message=f"The column name {shown(name)} is not text. {why}")
            elif field is None:
                if meant := _meant(_plain(name)):
                    message = (
                        f"Column {shown(name)} is not read. If it is {meant}, rename it or map it "
                        f'with {{{shown(name)}: "{meant}"}}; if not, give it another name.'
                    )
                    yield BriefProblem(field=meant, message=message)
            elif field in taken:
                message = f"Columns {shown(taken[field])} and {shown(name)} both stand for {field}."
                yield BriefProblem(field=field, message=message)
            else:
                taken[field] = name

    def check_header(self, header: Sequence[str]) -> Iterator[BriefProblem]:
        """As `check_names`, and for a file with a header also what is not there."""
        yield from self.check_names(header)
        there = {_plain(name) for name in header}
        has = "The file has: " + ", ".join(shown(name, 30) for name in header[:20]) + "."
        for plain, column in self._mapped.items():
            if plain not in there:
                message = f"The mapping names the column {shown(column)}, which is missing. {has}"
                yield BriefProblem(field=self._mapping[plain], message=message)
        fields = {self.field_of(name) for name in header}
        if not fields.intersection(_CONTENT):
            message = (
                f"There is no column for topic, nor for the prompts. {has} A column of another "
                'name is read with a mapping such as {"Prompt": "topic"}.'
            )
            yield BriefProblem(field="topic", message=message)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().lower())


def _meant(plain: str) -> str | None:
    if plain in _ALSO_SAID:
        return _ALSO_SAID[plain]
    if len(plain) < _SHORTEST_TYPO:
        return None
    return next(iter(difflib.get_close_matches(plain, FIELDS, n=1, cutoff=_CLOSE)), None)
