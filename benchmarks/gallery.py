"""The gallery of a thousand items: how big its page is, and how soon a browser shows it from disk.

No medium is there, so what is measured is the page alone. "Shown" is when the first cards stand and
the browser has painted; the rest of them follow while nobody waits.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from benchmarks import works
from benchmarks.machine import MB
from benchmarks.results import Amount, Result
from benchmarks.say import say
from flows.gallery_data import Gallery, gallery_page
from flows.report import Job, ReportItem, Totals

NAME = "gallery"
ITEMS = 1_000
MOST_BYTES = 3.0
MOST_SECONDS = 2.0
ROUNDS = 7

_START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
_PROMPT = (
    "Lighthouse number {} on a basalt cliff at dawn, seen from the water, soft mist over the "
    "swell, gulls in a wide arc above the lamp, warm light from the left, long lens, muted teal "
    "and amber, fine grain. The beam turns once while the camera rises slowly past the rocks "
    "and settles level with the gallery rail, where wet paint reflects the first sun and a flag "
    "lifts in the wind; foam runs back over black stone below. One continuous shot, calm, "
    "without people or text."
)
_SHOWN = """() => Math.max(
  performance.getEntriesByName("gallery-shown")[0].startTime,
  performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity)"""
_ALL = "count => document.querySelectorAll('.card').length === count && performance.now()"


def measure(*, quick: bool) -> tuple[Result, ...]:
    began = time.perf_counter()
    page = gallery_page(batch(ITEMS))
    say(f"written in {time.perf_counter() - began:.2f} s")
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "index.html"
        path.write_bytes(page)
        shown, whole = opened(path, rounds=3 if quick else ROUNDS)
    label = f"{ITEMS:,} items"
    return (
        Result.at_most(
            NAME, f"{label}: page", Amount(len(page) / MB, "MB"), Amount(MOST_BYTES, "MB")
        ),
        Result.at_most(
            NAME, f"{label}: shown, median", Amount(shown, "s"), Amount(MOST_SECONDS, "s")
        ),
        Result.shown(
            NAME,
            f"{label}: every card there, median",
            Amount(whole, "s"),
            Amount(shown, "s"),
            other_name="shown",
        ),
    )


def batch(count: int) -> Gallery:
    """A batch that landed, with two prompts of about 480 characters to an item."""
    items = tuple(_item(number) for number in range(count))
    return Gallery(
        batch_id=f"gallery-of-{count}",
        uri=f"s3://media/gallery-of-{count}/",
        written=_START,
        items=items,
        totals=Totals.of(items),
        started=_START,
        ended=_START + timedelta(hours=1),
    )


def opened(path: Path, *, rounds: int) -> tuple[float, float]:
    """Seconds until the page is shown, and until all its cards are there: medians."""
    # A development package: whoever only reads the other figures does not need it.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    shown: list[float] = []
    whole: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(rounds):
            tab = browser.new_page()
            tab.goto(path.as_uri())
            whole.append(tab.wait_for_function(_ALL, arg=ITEMS).json_value() / 1000)
            shown.append(tab.evaluate(_SHOWN) / 1000)
            tab.close()
        browser.close()
    return statistics.median(shown), statistics.median(whole)


def _item(number: int) -> ReportItem:
    name = f"lighthouse-{number:05}"
    folder = f"gallery-of-{ITEMS}/{name}"
    jobs = (
        _job("image", works.IMAGE_MODEL, f"{folder}/image.png", number),
        _job("video", works.VIDEO_MODEL, f"{folder}/video.mp4", number),
    )
    return ReportItem(
        id=name,
        state="landed",
        script=f"{folder}/script.json",
        image=jobs[0].key,
        video=jobs[1].key,
        poster=f"{folder}/poster.jpg",
        cost=Decimal("0.52"),
        seconds=4.0,
        jobs=jobs,
        brief={
            "id": name,
            "topic": f"Lighthouse number {number} on a cliff at dawn",
            "ratio": ("16:9", "9:16")[number % 2],
            "seconds": works.VIDEO_SECONDS,
            "image_model": works.IMAGE_MODEL,
            "video_model": works.VIDEO_MODEL,
            "text_model": works.TEXT_MODEL,
            "tags": ["coast", f"series-{number % 20}"],
            "take": 1,
        },
    )


def _job(stage: str, model: str, key: str, number: int) -> Job:
    asked = _START + timedelta(seconds=number)
    digest = hashlib.sha256(key.encode()).hexdigest()
    width, height = works.SIZE
    return Job(
        stage=stage,
        model=model,
        prompt=_PROMPT.format(number),
        task_id=f"{stage}_{digest[:24]}",
        key=key,
        sha256=digest,
        size=1_500_000 + number,
        cost=Decimal("0.26"),
        submitted=asked,
        completed=asked + timedelta(seconds=40),
        landed=asked + timedelta(seconds=42),
        endpoint=model,
        content_type="image/png" if stage == "image" else "video/mp4",
        width=width,
        height=height,
    )
