"""What each moment of a brief's run went to, from the spans that were noted.

    queueing        waiting for a place, at a stage or for a landing, that the limits did not give
    generation      a text model was writing; a create was on its way; the provider made the medium
    poll_lag        the medium was made, and no look had found it yet
    landing         into the bucket, proven whole
    rate_limits     waiting for a send after a 429, or while the cool-down held our next step back
    person          waiting for a person to decide
    orchestration   all else: our own steps, receipts, Prefect's, the pauses before retries

The provider does not say when a medium was made. It lies between the last look that found it not
done and the one that found it done: the middle is taken. A landing's seat is not noted either;
seats are given in the order in which landings begin, so when one was given follows from the others'
ends. Where two spans overlap, the one that began last counts. Times are whole milliseconds since
the run began, so that every sum is exact.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tasks.timeline import Span

Cause = Literal[
    "queueing", "generation", "poll_lag", "landing", "orchestration", "rate_limits", "person"
]

LANDING = "landing"
"""The stage that waiting for a landing is said to be at."""

WORKER = "worker"
"""The stage that a shard's waiting for a worker is said to be at, and gathering the shards."""

_HELD_BY_THE_GATE: frozenset[Cause] = frozenset({"orchestration", "poll_lag"})


@dataclass(frozen=True, slots=True)
class Piece:
    """From `start` to `end`, in milliseconds since the run began."""

    stage: str
    cause: Cause
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class Attribution:
    """The pieces of every brief of one run, which began at `began` of the timeline's clock.

    `closed`: from when to when the cool-down was closed. `landings`: how many there are at once.
    """

    def __init__(
        self,
        spans: Mapping[str, Sequence[Span]],
        *,
        began: float,
        closed: Sequence[tuple[float, float]] = (),
        landings: int,
    ) -> None:
        self._spans = spans
        self._began = began
        self._closed = [(self.at(start), self.at(end)) for start, end in closed]
        self._seats = _seats(spans.values(), landings)

    def at(self, moment: float) -> int:
        return round(1000 * (moment - self._began))

    def pieces(self, brief: str, ended: float) -> list[Piece]:
        """All that it did from the beginning of the run until `ended`, without a gap."""
        end = self.at(ended)
        spans = sorted(self._spans.get(brief, ()), key=lambda span: span.start)
        painted = [piece for span in spans for piece in self._read(span)]
        cuts = {0, end}
        for piece in painted:
            cuts |= {piece.start, piece.end}
        inside = sorted(cut for cut in cuts if 0 <= cut <= end)
        found = (self._piece(spans, painted, *ends) for ends in pairwise(inside))
        return list(_joined(part for piece in found for part in self._gated(piece)))

    def _piece(
        self, spans: Sequence[Span], painted: Sequence[Piece], start: int, end: int
    ) -> Piece:
        covering = next((one for one in reversed(painted) if one.start <= start < one.end), None)
        if covering is not None:
            return Piece(covering.stage, covering.cause, start, end)
        # A step of ours belongs to the stage of what comes next, or of what came last.
        before = (span.stage for span in reversed(spans))
        following = (span.stage for span in spans if self.at(span.start) >= start)
        return Piece(next(following, next(before, "")), "orchestration", start, end)

    def _gated(self, piece: Piece) -> Iterator[Piece]:
        """The piece, without what the closed cool-down had of it."""
        start = piece.start
        if piece.cause in _HELD_BY_THE_GATE:
            first = bisect_right(self._closed, (start, start))
            for since, until in self._closed[max(0, first - 1) :]:
                if since >= piece.end:
                    break
                if until > start:
                    held = max(since, start)
                    yield Piece(piece.stage, piece.cause, start, held)
                    start = min(until, piece.end)
                    yield Piece(piece.stage, "rate_limits", held, start)
        yield Piece(piece.stage, piece.cause, start, piece.end)

    def _read(self, span: Span) -> tuple[Piece, ...]:
        start, end = self.at(span.start), self.at(span.end)
        match span.kind:
            case "queue":
                return (Piece(span.stage, "queueing", start, end),)
            case "turn":
                return (Piece(span.stage, "rate_limits", start, end),)
            case "chat" | "send":
                return (Piece(span.stage, "generation", start, end),)
            case "person":
                return (Piece(span.stage, "person", start, end),)
            case "wait":
                running = span.start if span.running is None else span.running
                made = self.at((running + span.end) / 2)
                waiting = Piece(span.stage, "generation", start, made)
                return (waiting, Piece(span.stage, "poll_lag", made, end))
            case "land":
                seat = self.at(self._seats[id(span)])
                queueing = Piece(LANDING, "queueing", start, seat)
                return (queueing, Piece(span.stage, "landing", seat, end))


def _seats(spans: Iterable[Sequence[Span]], landings: int) -> dict[int, float]:
    """When each landing was given its seat."""
    free = [float("-inf")] * landings
    found = {}
    landing = (span for some in spans for span in some if span.kind == "land")
    for span in sorted(landing, key=lambda span: span.start):
        seat = heapq.heappop(free)
        found[id(span)] = min(max(span.start, seat), span.end)
        heapq.heappush(free, max(seat, span.end))  # over before the seat was free: it needed none
    return found


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    last: Piece | None = None
    for piece in pieces:
        if not piece.length:
            continue
        if last and (last.stage, last.cause) == (piece.stage, piece.cause):
            last = Piece(last.stage, last.cause, last.start, piece.end)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last
