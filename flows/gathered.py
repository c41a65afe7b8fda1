"""The makespan of a batch that several runs made, from what each of them reports of its shards.

The runs share the connection's limits out between them, so no schedule of the whole is faster than
that of the slowest shard: the largest of the runs' bounds is the batch's. The way through the batch
is that of the run that ended last: waiting for its worker, its own way, and the gathering.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from pydantic import ValidationError

from flows.advice import advise
from flows.makespan import Makespan, Split, StageTimes, Step
from flows.pieces import WORKER
from flows.report import BatchReport
from flows.shards import Shard
from flows.timing import makespan
from ledger import ObjectStore
from tasks import Studio


@dataclass(frozen=True, slots=True)
class Part:
    """What one run did of the batch, and from when to when."""

    started: datetime
    ended: datetime
    makespan: Makespan

    @classmethod
    def of(cls, report: BatchReport) -> "Part | None":
        """None of a run that made nothing."""
        found = report.makespan
        return cls(report.started, report.ended, found) if found else None


async def batch_makespan(
    studio: Studio, batch_id: str, shards: int, began: float, started: datetime
) -> Makespan | None:
    """Of the batch that this run has had made: `began` by the client's clock, `started` by all's.

    None when nobody made anything.
    """
    ended = started + timedelta(seconds=studio.client.clock.now() - began)
    parts = await shard_parts(studio.store, batch_id, shards, started)
    ends = studio.timeline.ended.values()
    until = max((end.at for end in ends), default=began)
    if mine := makespan(studio, began, until):
        parts.append(Part(started, started + timedelta(seconds=until - began), mine))
    return gathered(parts, started, ended)


async def shard_parts(
    store: ObjectStore, batch_id: str, shards: int, since: datetime
) -> list[Part]:
    """Of the shards' reports that were written since then: an earlier run's are not this run's."""
    found: list[Part] = []
    for number in range(1, shards + 1):
        folder = Shard(number, shards).folder(batch_id)
        stored = await store.get(f"{folder}/report.json")
        if stored is None:
            continue
        try:
            part = Part.of(BatchReport.model_validate_json(stored.body))
        except ValidationError:  # by another version of this program
            continue
        if part and part.ended >= since:
            found.append(part)
    return found


def gathered(parts: Iterable[Part], started: datetime, ended: datetime) -> Makespan | None:
    """Of the batch that began and ended then; None when nobody made anything."""
    parts = sorted(parts, key=lambda part: part.ended)
    if not parts:
        return None
    last = parts[-1]
    lead = max(0.0, (last.started - started).total_seconds())
    seconds = max(last.makespan.seconds + lead, (ended - started).total_seconds())
    rest = seconds - lead - last.makespan.seconds
    bound = max(part.makespan.bound for part in parts)
    found = Makespan(
        seconds=seconds,
        bound=bound,
        ideal=max(part.makespan.ideal for part in parts),
        efficiency=round(bound / seconds, 4) if bound and seconds else None,
        split=_longer(last.makespan.split, lead, rest),
        last_brief=last.makespan.last_brief,
        path=_path(last.makespan, lead, rest),
        stages=_stages([part.makespan for part in parts]),
        resumed=sum(part.makespan.resumed for part in parts),
    )
    return found.model_copy(update={"advice": advise(found)})


def _longer(split: Split, lead: float, rest: float) -> Split:
    return split.model_copy(
        update={
            "queueing": split.queueing + lead,
            "orchestration": split.orchestration + rest,
        }
    )


def _path(last: Makespan, lead: float, rest: float) -> tuple[Step, ...]:
    moved = [step.model_copy(update={"start": step.start + lead}) for step in last.path]
    waiting = Step(stage=WORKER, cause="queueing", start=0.0, seconds=lead)
    gathering = Step(stage=WORKER, cause="orchestration", start=lead + last.seconds, seconds=rest)
    return tuple(step for step in (waiting, *moved, gathering) if step.seconds > 0)


def _stages(parts: Sequence[Makespan]) -> tuple[StageTimes, ...]:
    """Each stage over all runs, in the order in which a brief comes through them."""
    names = list(dict.fromkeys(times.stage for part in parts for times in part.stages))
    every = sorted(
        (times for part in parts for times in part.stages),
        key=lambda times: names.index(times.stage),
    )
    return tuple(_sum([*some]) for _, some in groupby(every, key=lambda times: times.stage))


def _sum(times: Sequence[StageTimes]) -> StageTimes:
    places = [one.places for one in times if one.places is not None]
    return StageTimes(
        stage=times[0].stage,
        places=sum(places) if len(places) == len(times) else None,
        jobs=sum(one.jobs for one in times),
        resumed=sum(one.resumed for one in times),
        held=sum(one.held for one in times),
        longest_wait=max(one.longest_wait for one in times),
        seconds=Split(
            **{
                cause: sum(getattr(one.seconds, cause) for one in times)
                for cause in Split.model_fields
            }
        ),
    )
