"""A batch's folder on this machine: its gallery, and media by the stand-in's own painters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from flows.gallery_data import Gallery, gallery_page
from flows.report import Job, ReportItem, Totals
from globalaiopc.errors import ErrorInfo
from sandbox import films, pictures, sounds
from tasks.landing.poster import poster_of

BATCH = "spring-launch"
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
IMAGE_MODEL, VIDEO_MODEL = "nano-banana-2", "openAiSora2Plus"

SUBJECTS = (
    (
        "lighthouse-lamp",
        "A brass table lamp shaped like a lighthouse, its beam in the mist",
        "16:9",
    ),
    ("trail-shoe", "A trail running shoe lands in a shallow mountain stream", "9:16"),
    ("espresso-pour", "Two streams of coffee fall into a glass cup, warm side light", "9:16"),
    ("longjing-tea", "一杯西湖龙井新茶，茶叶在玻璃杯中缓缓舒展，窗外是晨雾中的茶山", "16:9"),
    ("city-bike", "A folding bike unfolds by itself on a rainy street at dusk", "16:9"),
    ("harbour-boat", "A small sailing boat leaves the harbour before sunrise", "1:1"),
)
PIXELS = {"16:9": (640, 360), "9:16": (360, 640), "1:1": (480, 480)}


def item(number: int = 0, *, name: str = "", batch: str = BATCH) -> ReportItem:
    """A brief that landed, like the `number`th of a batch."""
    subject, topic, ratio = SUBJECTS[number % len(SUBJECTS)]
    name = name or (subject if number < len(SUBJECTS) else f"{subject}-{number:04}")
    folder = f"{batch}/{name}"
    asked = START + timedelta(seconds=7 * number)
    seconds = (4.0, 8.0, 12.0)[number % 3]
    jobs = (
        _job("image", IMAGE_MODEL, folder, f"{topic}, seen from afar, soft light", asked, "0.12"),
        _job("video", VIDEO_MODEL, folder, f"{topic}: slow push in", asked, f"0.{number % 3 + 4}"),
    )
    width, height = PIXELS[ratio]
    return ReportItem(
        id=name,
        state="landed",
        **{part: f"{folder}/{file}" for part, file in FILES.items()},
        cost=sum((job.cost or Decimal(0) for job in jobs), Decimal(0)),
        seconds=seconds,
        jobs=tuple(job.model_copy(update={"width": width, "height": height}) for job in jobs),
        brief={
            "id": name, "topic": topic, "ratio": ratio, "seconds": int(seconds), "take": 1,
            "image_model": IMAGE_MODEL, "video_model": VIDEO_MODEL, "text_model": "gpt-5.4",
            "tags": ["launch", ("home", "sport", "tea")[number % 3]],
        },
    )  # fmt: skip


FILES = {
    "script": "script.json", "image": "image.png", "video": "video.mp4", "poster": "poster.jpg"
}  # fmt: skip


def troubled(
    name: str, state: str = "failed", message: str = "The provider refused the content."
) -> ReportItem:
    """A brief of which nothing landed."""
    error = ErrorInfo(
        code="job_moderated" if state == "failed" else "outcome_unknown",
        message=message,
        charged="unknown" if state == "unknown" else "no",
        retry_is_free=False,
        who_acts="user",
        advice="Change the prompt or the picture, then run again.",
        task_id="image_77",
    )
    job = Job(stage="image", model=IMAGE_MODEL, prompt="A celebrity", task_id="image_77")
    return ReportItem.model_validate(
        {
            "id": name, "state": state, "error": error, "jobs": (job,),
            "brief": {"id": name, "topic": "A celebrity praises a drink", "tags": ["drink"]},
        }
    )  # fmt: skip


def spoken(name: str = "welcome-words") -> ReportItem:
    """A brief that was only spoken."""
    key = f"{BATCH}/{name}/speech.mp3"
    words = "Good morning! Let me show you around."
    job = Job(stage="speech", model="soundCloningAudio", prompt=words, key=key, seconds=2.0)
    brief = {"id": name, "text": words, "language": "English"}
    return ReportItem(
        id=name, state="landed", speech=key, seconds=2.0, jobs=(job,), brief=brief, cost=Decimal(1)
    )


def gallery(items: Iterable[ReportItem], batch: str = BATCH) -> Gallery:
    kept = tuple(items)
    ended = START + timedelta(minutes=4)
    return Gallery(
        batch_id=batch,
        uri=f"s3://media/{batch}/",
        written=ended,
        items=kept,
        totals=Totals.of(kept),
        started=START,
        ended=ended,
    )


def written(gallery: Gallery, home: Path) -> Path:
    """The page in a folder of its own, without its media."""
    folder = home / gallery.batch_id
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_bytes(gallery_page(gallery))
    return page


def with_media(gallery: Gallery, home: Path) -> Path:
    """The page with what it shows, small and short."""
    page = written(gallery, home)
    for one in gallery.items:
        folder = page.parent / one.id
        folder.mkdir(exist_ok=True)
        if one.speech:
            (folder / "speech.mp3").write_bytes(sounds.mp3(sounds.voice(one.id, 2.0)))
        if one.video:
            _film(one, folder)
    return page


def _film(one: ReportItem, folder: Path) -> None:
    topic, size = str((one.brief or {})["topic"]), (one.jobs[0].width, one.jobs[0].height)
    assert size[0]
    assert size[1]
    pixels = (size[0], size[1])
    (folder / "image.png").write_bytes(pictures.png(topic, one.id, pixels, one.id))
    film = films.Film(topic, one.id, pixels, 1.0, one.id, folder / "image.png")
    films.write(film, folder / "video.mp4")
    (folder / "poster.jpg").write_bytes(poster_of((folder / "video.mp4").read_bytes()))
    (folder / "script.json").write_text("{}")


def _job(stage: str, model: str, folder: str, prompt: str, asked: datetime, cost: str) -> Job:
    done = asked + timedelta(seconds=9 if stage == "image" else 64)
    key = f"{folder}/{FILES[stage]}"
    job = Job(stage=stage, model=model, prompt=prompt, key=key, cost=Decimal(cost))
    digest = hashlib.sha256(key.encode()).hexdigest()
    return job.model_copy(
        update={
            "task_id": f"{stage}_{digest[:24]}", "sha256": digest, "size": 480_000, "seed": 7,
            "submitted": asked, "completed": done, "landed": done + timedelta(seconds=1),
        }
    )  # fmt: skip
