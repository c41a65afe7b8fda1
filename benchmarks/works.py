"""The briefs that the figures give to everybody, and what a stand-in's seconds stand for."""

from __future__ import annotations

from flows.briefs import Brief
from globalaiopc.catalogue import Catalogue

TEXT_MODEL = "gpt-5.4"
IMAGE_MODEL = "nano-banana-2"
VIDEO_MODEL = "openAiSora2Plus"
VIDEO_SECONDS = 4
SIZE = (1280, 720)
ALONE = "happyhorse-1.0-t2v"
"""A video model that starts from no picture: a brief of it is one job."""


def topics(count: int) -> tuple[str, ...]:
    return tuple(f"Lighthouse number {number} on a cliff at dawn" for number in range(count))


def whole(count: int) -> list[Brief]:
    """Briefs of all three stages."""
    models = {"text_model": TEXT_MODEL, "image_model": IMAGE_MODEL, "video_model": VIDEO_MODEL}
    return [
        Brief.model_validate(
            {"id": f"b{number:05}", "topic": topic, "seconds": VIDEO_SECONDS, **models}
        )
        for number, topic in enumerate(topics(count))
    ]


def videos(count: int, what: str = "Waves") -> list[Brief]:
    """Briefs of one video job each."""
    return [
        Brief.model_validate(
            {
                "id": f"v{number:05}",
                "video_prompt": f"{what} below lighthouse number {number}",
                "video_model": ALONE,
                "seconds": 3,
            }
        )
        for number in range(count)
    ]


def time_scale(model: str, seconds: float) -> float:
    """What a stand-in's `seconds` are of the middle of the model's own typical times.

    Every advised wait is multiplied by it, so that as many looks fall into a generation as would
    with the real one.
    """
    low, high = Catalogue.load().model(model).typical_seconds
    return seconds / ((low + high) / 2)


def advised(model: str) -> float:
    """Seconds between two looks, at least: what the API advises, unscaled."""
    return float(Catalogue.load().model(model).poll_every[0])
