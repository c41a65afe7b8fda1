"""What the tests of speech and talking heads share: voice samples, people, and looks at both."""

import io
from typing import Any

import av

from sandbox import sounds
from tests.landing.makers import mp4
from tests.pipeline import Pipeline

PATHS = {
    "voice": "/v1/soundCloning/clones",
    "speech": "/v1/soundCloning/audios",
    "video": "/v1/digitalHuman/videos",
    "text": "/v1/chat/completions",
}
SAMPLE = "voices/anna.wav"
PERSON = "people/anna.mp4"


def put_media(pipeline: Pipeline) -> None:
    """A voice sample of 20 seconds and a video of somebody, in the bucket."""
    pipeline.put(SAMPLE, sample(20))
    pipeline.put(PERSON, mp4(seconds=2))


def sample(seconds: float) -> bytes:
    return sounds.wav(sounds.voice("anna", seconds))


def posts(pipeline: Pipeline) -> dict[str, int]:
    """Every create that reached the wire so far, by stage."""
    seen = pipeline.account()["posts"]
    return {stage: seen.get(path, 0) for stage, path in PATHS.items()}


def heard(data: bytes) -> float:
    """The length of a file's sound in seconds, after decoding all of it."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.audio[0]
        return sum(frame.samples / frame.sample_rate for frame in container.decode(stream))


def frames(data: bytes) -> int:
    with av.open(io.BytesIO(data), "r") as container:
        return sum(1 for _ in container.decode(video=0))


def receipt(pipeline: Pipeline, folder: str, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = pipeline.json(f"{folder}/receipts/{stage}.json")
    return found
