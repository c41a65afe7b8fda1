"""The catalogue's models as a person chooses among them: the name, and in words what one does.

A choice in Prefect's run form is sent as it is shown, so the words come back with the name. What
stands behind the dash is only for the eye: `name_of` drops it again.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from flows.cells import spell
from globalaiopc.catalogue import Catalogue
from globalaiopc.rows import ModelRow

Makes = Literal["text", "image", "video"]

DASH = " — "
_MOST = 4
_SUPPLIES = {
    "-official": "official supply",
    "-hc": "premium accounts",
    "-fd": "mixed supply",
    "-low": "cheapest supply",
}
_BILLED = {
    "token": "billed by token",
    "image": "billed by picture",
    "second": "billed by second",
    "job": "one price each",
    "unknown": "",
}
"""No prices are published; what a job costs here is told by a plan."""

_CATALOGUE = Catalogue.load()


def choices(makes: Makes) -> tuple[str, ...]:
    """Every model that has a name of its own, as `name — what it does`.

    Left out are second offers of a model at another endpoint (`messages/gpt-5.4`).
    """
    rows = ((_CATALOGUE.id_of(row), row) for row in _CATALOGUE if row.makes == makes)
    return tuple(f"{name}{DASH}{told(row)}" for name, row in rows if "/" not in name)


def choice_of(name: str) -> str:
    """As `choices` shows the model of this name."""
    row = _CATALOGUE.get(name)
    return f"{name}{DASH}{told(row)}" if row is not None else name


def name_of(choice: object) -> object:
    """The model's name in a choice; anything else as it is."""
    return choice.partition(DASH)[0].strip() if isinstance(choice, str) else choice


def told(row: ModelRow) -> str:
    """What a model takes and how it is billed, in a few words."""
    parts = (*_what(row), f"within {spell(row.typical_seconds[1])}", _BILLED[row.unit])
    return " · ".join(part for part in parts if part)


def _what(row: ModelRow) -> Iterator[str]:
    if row.makes == "text":
        supply = next((said for end, said in _SUPPLIES.items() if row.name.endswith(end)), "")
        yield supply or "standard supply"
        return
    if row.seconds:
        yield f"{_seconds(row.seconds)} s"
    if row.first_frame == "needed":
        yield "from a picture"
    elif needed := [medium for medium, least in row.references_needed.items() if least]:
        yield f"from reference {' and '.join(needed)}"
    elif row.needs_media:
        yield "from a picture or reference"
    yield from _listed(row.ratios, "ratios")
    yield from _listed(row.resolutions, "resolutions")


def _seconds(numbers: Sequence[int]) -> str:
    first, last = numbers[0], numbers[-1]
    if len(numbers) > _MOST and tuple(numbers) == tuple(range(first, last + 1)):
        return f"{first} to {last}"
    return ", ".join(map(str, numbers))


def _listed(values: Sequence[str], what: str) -> Iterator[str]:
    if values:
        yield ", ".join(values) if len(values) <= _MOST else f"{len(values)} {what}"
