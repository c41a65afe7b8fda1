"""How long jobs took, kept beside the ledger in `times-seen.json`: what waiting is learnt from.

Like the prices seen, a memory and not an account: a file that is lost costs some looks, no money.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from globalaiopc.durations import Durations
from ledger.learnt import bring_up_to_date
from ledger.store import ObjectStore, Stored

log = logging.getLogger("ledger")

TIMES_KEY = "times-seen.json"
MODELS = 500
"""Models that are remembered at most: those that were seen last."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that was still running `running` seconds after it was accepted, and done at `done`."""

    model: str
    running: float
    done: float


class SeenTimes(BaseModel):
    """The whole of `times-seen.json`: the times of each model, those seen last at the end."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    models: Mapping[str, Durations] = Field(default_factory=dict)

    def of(self, model: str) -> Durations:
        return self.models.get(model) or Durations()

    def plus(self, ended: Iterable[Ended]) -> Self:
        models = dict(self.models)
        for one in ended:
            known = models.pop(one.model, None) or Durations()
            models[one.model] = known.plus(one.running, one.done)
        kept = dict(list(models.items())[-MODELS:])
        return self.model_copy(update={"models": kept})

    def to_json(self) -> bytes:
        return self.model_dump_json().encode()


async def load_times(store: ObjectStore) -> SeenTimes:
    """The times seen so far under this prefix. A file that cannot be read teaches nothing.

    Raises `StoreError`.
    """
    seen = _parsed(await store.get(TIMES_KEY))
    if seen is None:
        log.warning("%s cannot be read; nothing is learnt from it.", store.uri(TIMES_KEY))
    return seen or SeenTimes()


async def add_times(store: ObjectStore, ended: Iterable[Ended]) -> bool:
    """Add to the file what was seen since. False: it was left as it is. Raises `StoreError`."""
    new = tuple(ended)

    def changed(stored: Stored | None) -> bytes | None:
        seen = _parsed(stored)
        return None if seen is None else seen.plus(new).to_json()

    return await bring_up_to_date(store, TIMES_KEY, changed)


def _parsed(stored: Stored | None) -> SeenTimes | None:
    if stored is None:
        return SeenTimes()
    try:
        return SeenTimes.model_validate_json(stored.body)
    except ValidationError:
        return None
