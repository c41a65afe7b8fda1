"""From the spans of a run to its makespan: the bound, the split, the stages, the advice."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from flows.advice import advise
from flows.bounds import ideal_run, lower_bound
from flows.makespan import Makespan, Split, StageTimes, Step
from flows.pieces import LANDING, Attribution, Piece
from tasks import Studio

STAGES = ("script", "image", "video")
APPROVAL = "approval"
SHOWN_STEPS = 40
HELD = 0.01
"""Of the makespan: a brief that waited less for a place was not held back."""


def makespan(studio: Studio, began: float, until: float | None = None) -> Makespan | None:
    """Of what this run made itself, from when to when (now) by the client's clock.

    A run that was suspended for a person began when it asked: what it did before that belongs to
    its process before.

    None when it made nothing.
    """
    timeline = studio.timeline
    if not timeline.ended:
        return None
    until = timeline.clock.now() if until is None else until
    attribution = Attribution(
        timeline.spans,
        began=began - timeline.asked_before,
        closed=studio.client.cooldown.closed,
        landings=studio.room.landings,
    )
    last = max(timeline.ended, key=lambda brief: timeline.ended[brief].at)
    pieces = {
        brief: attribution.pieces(brief, until if brief == last else end.at)
        for brief, end in timeline.ended.items()
    }
    places = {stage: studio.limits.size(stage) for stage in STAGES}
    return assembled(
        pieces,
        last=last,
        places={**places, LANDING: studio.room.landings},
        resumed=timeline.resumed,
    )


def assembled(
    pieces: Mapping[str, Sequence[Piece]],
    *,
    last: str,
    places: Mapping[str, int | None],
    resumed: Iterable[tuple[str, str]],
) -> Makespan:
    """`pieces` of every brief, `last` the one that ended last, `resumed` (brief, stage)."""
    path = pieces[last]
    seconds = sum(piece.length for piece in path) / 1000
    bought_before = Counter(stage for _, stage in resumed)
    generations = [[_generated(one, stage) for stage in STAGES] for one in pieces.values()]
    limits = [places[stage] or len(pieces) for stage in STAGES]
    bound = lower_bound(generations, limits)
    found = Makespan(
        seconds=seconds,
        bound=round(bound, 3),
        ideal=round(ideal_run(generations, limits), 3),
        efficiency=round(bound / seconds, 4) if bound and seconds else None,
        split=Split.of(path),
        last_brief=last,
        path=tuple(_step(piece) for piece in _longest(path)),
        stages=tuple(
            times
            for stage in (*STAGES, APPROVAL, LANDING)
            if (times := _stage(stage, pieces, seconds, places.get(stage), bought_before[stage]))
        ),
        resumed=bought_before.total(),
    )
    return found.model_copy(update={"advice": advise(found)})


def _generated(pieces: Iterable[Piece], stage: str) -> float:
    here = (one.length for one in pieces if one.stage == stage and one.cause == "generation")
    return sum(here) / 1000


def _longest(path: Sequence[Piece]) -> list[Piece]:
    """The longest steps of a path that many retries have made long, in their order."""
    kept = sorted(path, key=lambda piece: -piece.length)[:SHOWN_STEPS]
    return sorted(kept, key=lambda piece: piece.start)


def _step(piece: Piece) -> Step:
    return Step(
        stage=piece.stage,
        cause=piece.cause,
        start=piece.start / 1000,
        seconds=piece.length / 1000,
    )


def _stage(
    stage: str,
    pieces: Mapping[str, Sequence[Piece]],
    seconds: float,
    places: int | None,
    resumed: int,
) -> StageTimes | None:
    here = [[one for one in some if one.stage == stage] for some in pieces.values()]
    here = [some for some in here if some]
    if not here:
        return None
    waits = [sum(one.length for one in some if one.cause == "queueing") / 1000 for some in here]
    return StageTimes(
        stage=stage,
        places=places,
        jobs=len(here),
        resumed=resumed,
        held=sum(wait > HELD * seconds for wait in waits),
        longest_wait=max(waits),
        seconds=Split.of(one for some in here for one in some),
    )
