"""How fast a batch could be at best, from the durations that the sandbox has drawn by its seed.

By the formulas that `report.json` uses as well (see `flows.bounds`), with as many places in each of
the three stages. Our makespan is judged by the ideal run, which knows no duration beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows import bounds
from globalaiopc.catalogue import Catalogue
from sandbox import words
from sandbox.endpoints import ENDPOINTS
from sandbox.jobs import Book
from sandbox.settings import Settings

Seconds = tuple[float, ...]


def lower_bound(briefs: Sequence[Seconds], limit: int) -> float:
    """Seconds that no schedule can be shorter than; `briefs` are the seconds of each stage."""
    return bounds.lower_bound(briefs, [limit] * len(briefs[0]))


def ideal_run(briefs: Sequence[Seconds], limit: int) -> float:
    """Seconds of a run without any overhead that starts what is ready in the order it comes."""
    return bounds.ideal_run(briefs, [limit] * len(briefs[0]))


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
