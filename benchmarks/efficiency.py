"""A batch against the fastest run there could be, and against three other ways to do the same.

All of them on the same stand-in API, with the same prompts and so the same seconds for each job,
and looking at a job as often as is advised. Of the sequential loop a few briefs are run, and its
time for all is worked out from those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import works
from benchmarks.arms.program import Batches, Made, Places, Rivals, Told
from benchmarks.bounds import durations, ideal_run, lower_bound
from benchmarks.parts import Parts, Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say
from sandbox.settings import Settings

NAME = "efficiency"
MODELS = (works.TEXT_MODEL, works.IMAGE_MODEL, works.VIDEO_MODEL)


@dataclass(frozen=True)
class Size:
    """`looped` briefs are run by the sequential loop."""

    briefs: int
    limit: int
    times: Times
    looped: int


FULL = Size(briefs=200, limit=50, times=Times(1, 4, 20), looped=3)
QUICK = Size(briefs=24, limit=6, times=Times(0.2, 0.8, 4), looped=1)


def measure(*, quick: bool) -> tuple[Result, ...]:
    size = QUICK if quick else FULL
    scale = works.time_scale(works.VIDEO_MODEL, size.times.video)
    names = works.topics(size.briefs)
    with parts(size.times, time_scale=scale) as running:
        ideal, lowest = _bounds(size, names)
        say(f"{size.briefs} briefs; an ideal run takes {ideal:.1f} s")
        # The stand-in draws its picture and its film when it is first asked for them.
        _rival(running, "script", _asked(size, names[:1], scale))
        script = _rival(running, "script", _asked(size, names, scale))
        running.run("set_up", Places(limit=size.limit), Places)
        ours = _ours(running, size)
        prefect = _rival(running, "plain_prefect", _asked(size, names, scale))
        loop = _rival(running, "requests_loop", _asked(size, names[: size.looped], scale))
    looped = loop.seconds / size.looped * size.briefs
    of = f"makespan of {size.briefs} briefs"
    mine = _seconds(ours.seconds)
    return (
        Result.equal(NAME, "landed", Amount(ours.landed), Amount(size.briefs), other_name="briefs"),
        Result.at_least(NAME, of, mine, _seconds(ideal), other_name="ideal run", least=0.95),
        Result.shown(NAME, of, mine, _seconds(lowest), other_name="lower bound, clairvoyant"),
        Result.at_least(
            NAME, of, mine, _seconds(script.seconds), other_name="httpx + boto3 script", least=0.97
        ),
        Result.shown(
            NAME, of, mine, _seconds(prefect.seconds), other_name="sync Prefect tasks, .map"
        ),
        Result.shown(
            NAME,
            of,
            mine,
            _seconds(looped),
            other_name=f"requests loop (from {size.looped} briefs)",
        ),
    )


def _bounds(size: Size, names: Sequence[str]) -> tuple[float, float]:
    times = size.times
    settings = Settings(
        text_seconds=times.text,
        image_seconds=times.image,
        video_seconds=times.video,
        spread=times.spread,
    )
    each = durations(names, settings, MODELS)
    return ideal_run(each, size.limit), lower_bound(each, size.limit)


def _asked(size: Size, names: Sequence[str], scale: float) -> Rivals:
    return Rivals(
        topics=tuple(names),
        limit=size.limit,
        text_model=works.TEXT_MODEL,
        image_model=works.IMAGE_MODEL,
        video_model=works.VIDEO_MODEL,
        width=works.SIZE[0],
        height=works.SIZE[1],
        video_seconds=works.VIDEO_SECONDS,
        image_every=works.advised(works.IMAGE_MODEL) * scale,
        video_every=works.advised(works.VIDEO_MODEL) * scale,
    )


def _rival(running: Parts, arm: str, asked: Rivals) -> Told:
    running.forget()
    told = running.run(arm, asked, Told)
    _check_same_work(running.account(), asked.topics)
    say(f"{arm}: {told.seconds:.1f} s for {told.landed}")
    return told


def _ours(running: Parts, size: Size) -> Made:
    running.forget()
    path = running.lines("briefs", works.whole(size.briefs))
    made = running.run("ours", Batches(batches=((str(path), "all"),)), Made)
    _check_same_work(running.account(), works.topics(size.briefs))
    say(f"ours: {made.seconds:.1f} s for {made.landed}")
    return made


def _check_same_work(account: Mapping[str, Any], names: Sequence[str]) -> None:
    """Other prompts would have other durations, and other work would not be a comparison."""
    wanted = sorted(names)
    asked = sorted(text["prompt"] for text in account["texts"])
    kinds = [job["kind"] for job in account["jobs"] if job["state"] == "completed"]
    if asked != wanted or any(kinds.count(kind) != len(names) for kind in ("image", "video")):
        raise RuntimeError(
            f"Not the same work: {len(asked)} texts, {kinds.count('image')} images and "
            f"{kinds.count('video')} videos were made of {len(names)} briefs."
        )


def _seconds(number: float) -> Amount:
    return Amount(number, "s")
