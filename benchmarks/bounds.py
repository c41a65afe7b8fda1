"""How fast a batch could be at best, from the durations that the sandbox has drawn by its seed.

Three stages in a row (text, image, video), `limit` jobs at once in each, and nothing else: no
network, no landing, no orchestration.

`lower_bound`: no schedule at all is faster, not even one that knows every duration beforehand:

    max( max_i sum_s p[i,s],
         max_s ( sum of the c smallest heads + sum_i p[i,s] + sum of the c smallest tails ) / c )

with p[i,s] the seconds of brief i in stage s, head = what comes before s, tail = what comes after,
c = min(limit, briefs). (Santos, Hunsucker and Deal 1995, for flow shops with parallel machines: a
place of stage s is idle before its first job has come and after its last one, in its tail.)

`ideal_run`: what a perfect executor reaches that does not know the durations: whatever is ready
starts the instant a place is free, first come, first served. With ±30 % and four waves it is some
13 % longer than the lower bound, because the last wave ends raggedly and nobody can know which job
to start first. It is what our makespan is judged by.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from globalaiopc.catalogue import Catalogue
from sandbox import words
from sandbox.endpoints import ENDPOINTS
from sandbox.jobs import Book
from sandbox.settings import Settings

Seconds = tuple[float, ...]


def lower_bound(briefs: Sequence[Seconds], limit: int) -> float:
    """Seconds that no schedule can be shorter than; `briefs` are the seconds of each stage."""
    best = max(map(sum, briefs))
    places = min(limit, len(briefs))
    for stage in range(len(briefs[0])):
        heads = sorted(sum(brief[:stage]) for brief in briefs)[:places]
        tails = sorted(sum(brief[stage + 1 :]) for brief in briefs)[:places]
        work = sum(brief[stage] for brief in briefs)
        best = max(best, (sum(heads) + work + sum(tails)) / places)
    return best


def ideal_run(briefs: Sequence[Seconds], limit: int) -> float:
    """Seconds of a run without any overhead that starts what is ready in the order it comes."""
    ready = [(0.0, number) for number in range(len(briefs))]
    for stage in range(len(briefs[0])):
        free = [0.0] * limit
        done = []
        for since, number in sorted(ready):
            end = max(since, heapq.heappop(free)) + briefs[number][stage]
            heapq.heappush(free, end)
            done.append((end, number))
        ready = done
    return max(end for end, _ in ready)


def durations(
    topics: Sequence[str], settings: Settings, models: tuple[str, str, str]
) -> list[Seconds]:
    """What each brief will take in the sandbox; `models` of the text, the image and the video."""
    book = Book(settings)
    catalogue = Catalogue.load()
    text, image, video = models

    def media(kind: str, model: str, prompt: str) -> float:
        endpoint = catalogue.model(model).endpoint
        name = next(one.name for one in ENDPOINTS if one.row_name == endpoint)
        return book.duration(kind, settings.seed, name, model, prompt, 1)

    found: list[Seconds] = []
    for topic in topics:
        script = words.script(topic, settings.seed)
        found.append(
            (
                book.duration("text", settings.seed, "chat", text, topic, 1),
                media("image", image, script["image_prompt"]),
                media("video", video, script["video_prompt"]),
            )
        )
    return found
