"""When a batch will be done, by how long its models' jobs take: a guess with a range.

As `flows.bounds` does it for whole batches: no brief is faster than its own remaining stages, and
no stage than what comes first, its remaining work by its places, and what then follows. Landing is
not counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from flows.spending import paid_jobs
from flows.stages import stages_of
from flows.work import Work
from tasks import Studio

STAGES = ("script", "image", "video")
LEARNT = 8
"""Briefs that have ended: from then on single jobs' luck is what is left, and it evens out."""


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from now: probably not before `low`, perhaps `likely`, probably not after `high`."""

    low: float
    likely: float
    high: float

    def longer(self, other: "Eta") -> "Eta":
        return Eta(
            max(self.low, other.low), max(self.likely, other.likely), max(self.high, other.high)
        )

    def shorter(self, other: "Eta") -> "Eta":
        return Eta(
            min(self.low, other.low), min(self.likely, other.likely), min(self.high, other.high)
        )

    def then(self, other: "Eta") -> "Eta":
        return Eta(self.low + other.low, self.likely + other.likely, self.high + other.high)


NOTHING = Eta(0.0, 0.0, 0.0)


class Estimate:
    """The ETA of the briefs of one process. `models` of each brief: by stage, where it has one."""

    def __init__(self, studio: Studio, works: Iterable[Work]) -> None:
        self._studio = studio
        self.models = {work.brief.id: _models(studio, work) for work in works}

    def eta(self) -> Eta:
        """As of now."""
        places = [self._studio.limits.size(stage) for stage in STAGES]
        fresh = {model: self._job(model, 0.0) for model in self._all_models()}
        work: list[list[Eta]] = [[] for _ in STAGES]
        before: list[Eta | None] = [None for _ in STAGES]
        longest = NOTHING
        for brief, models in self.models.items():
            left = self._left(brief, models, fresh)
            way = NOTHING
            for stage, job in enumerate(left):
                if job is not None:
                    work[stage].append(job)
                    before[stage] = way.shorter(before[stage] or way)
                    way = way.then(job)
            longest = longest.longer(way)
        after = NOTHING
        for jobs, head, most in reversed([*zip(work, before, places, strict=True)]):
            here = self._sum(jobs, min(most or len(jobs), len(jobs)))
            longest = longest.longer((head or NOTHING).then(here).then(after))
            after = after.then(self._mean(jobs))
        return longest

    def begun(self) -> dict[str, Eta]:
        """Of each brief that something is being done for now; one that waits for a place has none.

        Of its own stages: what others hold up on the way is not foreseen.
        """
        fresh = {model: self._job(model, 0.0) for model in self._all_models()}
        found = {}
        for brief, models in self.models.items():
            where = self._studio.timeline.where(brief)
            if where is None or not where.still or where.kind in ("queue", "turn"):
                continue
            if brief not in self._studio.timeline.ended:
                left = self._left(brief, models, fresh)
                found[brief] = reduce(Eta.then, filter(None, left), NOTHING)
        return found

    def _all_models(self) -> set[str]:
        return {model for models in self.models.values() for model in models if model}

    def _left(
        self, brief: str, models: Sequence[str | None], fresh: dict[str, Eta]
    ) -> list[Eta | None]:
        """What each stage will still take; None for one that is over, or that it does not have."""
        timeline = self._studio.timeline
        if brief in timeline.ended:
            return [None] * len(STAGES)
        where = timeline.where(brief)
        at = STAGES.index(where.stage) if where and where.stage in STAGES else 0
        left: list[Eta | None] = [
            fresh[model] if model and stage >= at else None for stage, model in enumerate(models)
        ]
        model = models[at]
        if where and where.kind == "land":
            left[at] = None
        elif where and model and where.kind not in ("queue", "turn"):
            left[at] = self._job(model, timeline.clock.now() - where.since)
        return left

    def _job(self, model: str, since: float) -> Eta:
        found = self._studio.times.remaining(model, since)
        return Eta(found.low, found.likely, found.high)

    def _sum(self, jobs: Sequence[Eta], places: int) -> Eta:
        """All jobs one after the other, on so many places."""
        if not jobs:
            return NOTHING
        likely = sum(job.likely for job in jobs)
        low, high = sum(job.low for job in jobs), sum(job.high for job in jobs)
        if len(self._studio.timeline.ended) >= LEARNT:
            low = likely - sum((job.likely - job.low) ** 2 for job in jobs) ** 0.5
            high = likely + sum((job.high - job.likely) ** 2 for job in jobs) ** 0.5
        return Eta(low / places, likely / places, high / places)

    @staticmethod
    def _mean(jobs: Sequence[Eta]) -> Eta:
        if not jobs:
            return NOTHING
        return Eta(
            sum(job.low for job in jobs) / len(jobs),
            sum(job.likely for job in jobs) / len(jobs),
            sum(job.high for job in jobs) / len(jobs),
        )


def _models(studio: Studio, work: Work) -> tuple[str | None, ...]:
    """The first model of each stage."""
    stages = stages_of(work.brief, "video", studio.client.catalogue)
    found = {one.job.stage: one.model for one in paid_jobs(work, stages)}
    if work.brief.topic:
        found["script"] = work.brief.text_model
    return tuple(found.get(stage) for stage in STAGES)
