"""`report.json`'s `makespan`: where a run's time went.

The split follows one brief, the one that ended last: from the beginning of the run to its end each
moment belongs to one cause (see `flows.pieces`), so the parts add up to the makespan. That brief
may have waited for a place that others held: what they did meanwhile is in `stages`, summed over
all briefs.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict

from flows.pieces import Cause, Piece


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Split(_Kept):
    """Seconds by cause (see `flows.pieces`)."""

    queueing: float = 0.0
    generation: float = 0.0
    poll_lag: float = 0.0
    landing: float = 0.0
    orchestration: float = 0.0
    rate_limits: float = 0.0
    person: float = 0.0

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        found: Counter[Cause] = Counter()
        for piece in pieces:
            found[piece.cause] += piece.length
        return cls(**{cause: length / 1000 for cause, length in found.items()})

    @property
    def parts(self) -> dict[Cause, float]:
        """By cause, the largest first."""
        causes: tuple[Cause, ...] = get_args(Cause)
        found: dict[Cause, float] = {cause: getattr(self, cause) for cause in causes}
        return dict(sorted(found.items(), key=lambda part: -part[1]))


class Step(_Kept):
    """`start` in seconds since the run began."""

    stage: str
    cause: Cause
    start: float
    seconds: float


class StageTimes(_Kept):
    """One stage, or `landing` for the waiting for landings, summed over all briefs.

    `places`: how many at once in this run; None for no limit. `jobs`: how many briefs were there,
    `resumed` of them with a job that was bought before this run. `held`: how many waited for a
    place for more than 1 % of the makespan, the longest `longest_wait` seconds.
    """

    stage: str
    places: int | None
    jobs: int
    resumed: int = 0
    held: int = 0
    longest_wait: float = 0.0
    seconds: Split


class Makespan(_Kept):
    """`report.json`'s `makespan`: seconds of this run, and where they went.

    `bound`: no schedule of the same generations is faster, not even one that knows every duration
    beforehand; `ideal`: one without foresight and without any overhead (see `flows.bounds`);
    `efficiency` = bound / seconds, None where nothing was generated. `split` and `path` are of
    `last_brief`. `resumed` counts the jobs that were bought before this run.
    """

    seconds: float
    bound: float
    ideal: float
    efficiency: float | None
    split: Split
    last_brief: str
    path: tuple[Step, ...]
    stages: tuple[StageTimes, ...]
    resumed: int
    advice: str = ""
