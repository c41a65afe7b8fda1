"""How fast a batch could be at best, given how long each of its generations takes.

Stages in a row, so many places in each, and nothing else: no network, no landing, no orchestration.

`lower_bound`: no schedule at all is faster, not even one that knows every duration beforehand:

    max( max_i sum_s p[i,s],
         max_s ( sum of the c smallest heads + sum_i p[i,s] + sum of the c smallest tails ) / c )

with p[i,s] the seconds of brief i in stage s, head = what comes before s, tail = what comes after,
c = min(places, briefs), of the briefs that have anything to do there. (Santos, Hunsucker and Deal
1995, for flow shops with parallel machines: a place of stage s is idle before its first job has
come and after its last one, in its tail.)

`ideal_run`: what a perfect executor reaches that does not know the durations: whatever is ready
starts the instant a place is free, first come, first served. With ±30 % and four waves it is some
13 % longer than the lower bound, because the last wave ends raggedly and nobody can know which job
to start first.
"""

import heapq
from collections.abc import Sequence

Seconds = Sequence[float]


def lower_bound(briefs: Sequence[Seconds], places: Sequence[int]) -> float:
    """Seconds that no schedule can be shorter than; `briefs` are the seconds of each stage."""
    best = max(map(sum, briefs), default=0.0)
    for stage, most in enumerate(places):
        here = [brief for brief in briefs if brief[stage] > 0]
        if not here:
            continue
        used = min(most, len(here))
        heads = sorted(sum(brief[:stage]) for brief in here)[:used]
        tails = sorted(sum(brief[stage + 1 :]) for brief in here)[:used]
        work = sum(brief[stage] for brief in here)
        best = max(best, (sum(heads) + work + sum(tails)) / used)
    return best


def ideal_run(briefs: Sequence[Seconds], places: Sequence[int]) -> float:
    """Seconds of a run without any overhead that starts what is ready in the order it comes."""
    ready = [(0.0, number) for number in range(len(briefs))]
    for stage, most in enumerate(places):
        free = [0.0] * most
        done = []
        for since, number in sorted(ready):
            seconds = briefs[number][stage]
            end = since
            if seconds > 0:
                end = max(since, heapq.heappop(free)) + seconds
                heapq.heappush(free, end)
            done.append((end, number))
        ready = done
    return max((end for end, _ in ready), default=0.0)
