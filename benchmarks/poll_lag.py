"""How late a finished job is noticed, and what noticing it costs, against a fixed interval.

Ours makes a batch of the same model first, as whoever runs this every night has: what there is to
learn about its times can be learnt from it. The rival looks every so many seconds as is advised at
the shortest, which is also the most requests that ours may make. `completed` and `noticed` are the
stand-in's: when it was done, and when somebody first saw that it was.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks import works
from benchmarks.arms.fixed_polls import Jobs
from benchmarks.arms.program import Batches, Made, Places, Told
from benchmarks.parts import Times, parts
from benchmarks.results import Amount, Result
from benchmarks.say import say

NAME = "poll-lag"
MOST_SHARE = 0.08
SPREAD = 0.3
TYPICAL = 210.0
"""Seconds: the middle of the 2 to 5 minutes that are documented for VEO and Seedance. What the
model here takes is not documented; a look every 30 s is advised for all of them."""


@dataclass(frozen=True)
class Size:
    """`seconds` of a generation; `learnt` jobs go before those that are measured."""

    jobs: int
    learnt: int
    seconds: float


FULL = Size(jobs=300, learnt=100, seconds=60)
QUICK = Size(jobs=60, learnt=30, seconds=8)


@dataclass(frozen=True)
class Noticing:
    """Medians over the jobs: the lag as a share of the job's own time; looks on average."""

    lag_share: float
    looks: float

    @classmethod
    def of(cls, account: Mapping[str, Any], prompt: str) -> Noticing:
        """Of the jobs whose prompt begins so."""
        jobs = [job for job in account["jobs"] if job["prompt"].startswith(prompt)]
        shares = [
            (job["noticed"] - job["completed"]) / (job["completed"] - job["created"])
            for job in jobs
        ]
        looks = statistics.fmean(job["result_polls"] for job in jobs)
        return cls(lag_share=statistics.median(shares), looks=looks)


def measure(*, quick: bool) -> tuple[Result, ...]:
    ours, fixed = _noticed(QUICK if quick else FULL)
    say(f"noticed after {ours.lag_share:.1%}, at fixed intervals after {fixed.lag_share:.1%}")
    rival = f"a look every {works.advised(works.ALONE):g} s (scaled)"
    return (
        Result.at_most(
            NAME,
            "lag until noticed, median, of the generation's time",
            _percent(ours.lag_share),
            _percent(MOST_SHARE),
        ),
        Result.shown(
            NAME,
            "lag until noticed, median, of the generation's time",
            _percent(ours.lag_share),
            _percent(fixed.lag_share),
            other_name=rival,
        ),
        Result.at_most(
            NAME,
            "looks for each job",
            Amount(ours.looks),
            Amount(fixed.looks),
            other_name=rival,
        ),
    )


def _noticed(size: Size) -> tuple[Noticing, Noticing]:
    """Ours, and the rival's, of the same jobs."""
    scale = size.seconds / TYPICAL
    every = works.advised(works.ALONE) * scale
    briefs = works.videos(size.jobs)
    with parts(Times(video=size.seconds, spread=SPREAD), time_scale=scale) as running:
        running.run("set_up", Places(limit=size.jobs), Places)
        first = running.lines("learnt", works.videos(size.learnt, "Clouds"))
        then = running.lines("measured", briefs)
        batches = ((str(first), "learnt"), (str(then), "measured"))
        running.run("ours", Batches(batches=batches), Made)
        ours = Noticing.of(running.account(), "Waves")
        running.forget()
        prompts = tuple(brief.video_prompt or "" for brief in briefs)
        running.run("fixed_polls", Jobs(model=works.ALONE, prompts=prompts, every=every), Told)
        return ours, Noticing.of(running.account(), "Waves")


def _percent(share: float) -> Amount:
    return Amount(100 * share, "%")
