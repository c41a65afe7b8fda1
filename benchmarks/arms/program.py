"""How a contender is started and what all of them are asked and tell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

A = TypeVar("A", bound=BaseModel)


class Told(BaseModel):
    """What every contender tells. Seconds are of the work alone, after all imports."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    landed: int


class Rivals(BaseModel):
    """What a rival of the batch is asked: the same work in its own way.

    `limit` jobs at once in each stage; `image_every` and `video_every` are the seconds between two
    looks, the shortest that is advised.
    """

    model_config = ConfigDict(frozen=True)

    topics: tuple[str, ...]
    limit: int
    text_model: str
    image_model: str
    video_model: str
    width: int
    height: int
    video_seconds: int
    image_every: float
    video_every: float


class Batches(BaseModel):
    """Files of briefs, to be made one after the other under these batch ids.

    What is told is about the last batch.
    """

    model_config = ConfigDict(frozen=True)

    batches: tuple[tuple[str, str], ...]


class Made(BaseModel):
    """How a batch went. `began` and `ended` are wall time; `samples` and lags are `Meter`'s."""

    model_config = ConfigDict(frozen=True)

    seconds: float
    began: float
    ended: float
    landed: int
    cpu_seconds: float
    peak_bytes: int
    lag_p99: float
    samples: tuple[tuple[float, float], ...]


class Places(BaseModel):
    """So many jobs at once in each stage, for ours."""

    model_config = ConfigDict(frozen=True)

    limit: int


SYSTEM = (
    "You write prompts for an image model and for a video model. Answer with one JSON object: "
    '{"image_prompt": "...", "video_prompt": "..."}'
)


def program(asked: type[A], work: Callable[[A], BaseModel]) -> None:
    """The body of a contender's `__main__`."""
    order, answer = sys.argv[1:]
    told = work(asked.model_validate_json(Path(order).read_bytes()))
    Path(answer).write_text(told.model_dump_json())


def chat_body(asked: Rivals, topic: str) -> dict[str, JsonValue]:
    system: JsonValue = {"role": "system", "content": SYSTEM}
    user: JsonValue = {"role": "user", "content": f"Topic: {topic}"}
    return {
        "model": asked.text_model,
        "messages": [system, user],
        "response_format": {"type": "json_object"},
    }


def image_body(asked: Rivals, prompt: str) -> dict[str, JsonValue]:
    return {"model": asked.image_model, "prompt": prompt, "size": "16:9"}


def video_body(asked: Rivals, prompt: str, picture: str) -> dict[str, JsonValue]:
    return {
        "model": asked.video_model,
        "prompt": prompt,
        "size": f"{asked.width}x{asked.height}",
        "seconds": asked.video_seconds,
        "input_reference": [picture],
    }


def addresses() -> tuple[str, str]:
    """The chat address and the media base, from the environment that users set."""
    text = os.environ["GLOBALAIOPC_TEXT_BASE_URL"]
    return f"{text}/v1/chat/completions", os.environ["GLOBALAIOPC_MEDIA_BASE_URL"]


def headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ['GLOBALAIOPC_API_KEY']}"}


def bucket() -> tuple[str, str]:
    """The bucket, and the prefix of this run."""
    return os.environ["MEDIA_BUCKET"], os.environ["MEDIA_PREFIX"]
