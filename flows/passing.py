"""How many briefs are through each stage of a batch, for one bar each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.eta import STAGES
from tasks.timeline import Timeline, Where

LANDING = "landing"


@dataclass(frozen=True, slots=True)
class Passing:
    """One stage. `briefs` have it; `through` have left it well, `here` are in it, `over` failed."""

    stage: str
    briefs: int
    through: int
    here: int
    over: int


def passing(models: Mapping[str, Sequence[str | None]], timeline: Timeline) -> tuple[Passing, ...]:
    """The stages `script`, `image`, `video` and `landing`, without those that no brief has.

    `models` by brief, as `flows.eta.Estimate` has them: None for a stage that a brief skips. A
    brief that failed is over in the stage where it did, and never comes to those behind it.
    """
    names = (*STAGES, LANDING)
    counts = {name: [0, 0, 0, 0] for name in names}
    for brief, its_models in models.items():
        end = timeline.ended.get(brief)
        landed = end is not None and end.state == "landed"
        at = len(names) if landed else _at(timeline.where(brief))
        has = [model is not None for model in its_models] + [True]
        for place, name in enumerate(names):
            if not has[place]:
                continue
            count = counts[name]
            count[0] += 1
            count[1] += place < at
            here = place == at and timeline.where(brief) is not None
            count[2] += here and end is None
            count[3] += here and end is not None
    return tuple(Passing(name, *counts[name]) for name in names if counts[name][0])


def _at(where: Where | None) -> int:
    """The place of a brief's stage; the landing of a picture that goes on is still its stage."""
    if where is None or where.stage not in STAGES:
        return 0
    place = STAGES.index(where.stage)
    return place + 1 if where.kind == "land" and where.stage == STAGES[-1] else place
