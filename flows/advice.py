"""One sentence on what would make a run shorter, by what took most of it."""

from flows.cells import spell
from flows.makespan import Makespan, StageTimes
from flows.pieces import LANDING, WORKER, Cause

_SETTING = {
    "script": ("text", "text_in_flight"),
    "image": ("image", "image_in_flight"),
    "video": ("video", "video_in_flight"),
    LANDING: ("landing", "landings"),
}
_WELL = 0.95

_SAYS: dict[Cause, str] = {
    "poll_lag": (
        "Noticing that jobs were done took {share}: they are looked at as often as the provider "
        "allows, and closer to their end the more of a model's jobs were seen."
    ),
    "landing": (
        "Landing took {share}: look at how fast this machine reaches the provider's media and the "
        "bucket."
    ),
    "rate_limits": (
        "The provider's 429s held the batch back for {time} ({share}): lower image_in_flight and "
        "video_in_flight, or ask the provider for more."
    ),
    "person": "Waiting for a person took {time} ({share}).",
    "orchestration": (
        "Our own steps and the pauses before retries took {share}: look at how fast the bucket and "
        "the Prefect server answer, and at the warnings in the log."
    ),
}


def advise(report: Makespan) -> str:
    """What took most of the last brief's way, and what to do about it."""
    cause, seconds = next(iter(report.split.parts.items()))
    if not report.bound:
        return _nothing_generated(report)
    share = f"{100 * seconds / report.seconds:.0f} %"
    if cause == "queueing":
        return _queueing(report)
    if cause == "generation":
        return _generation(report, share)
    return _SAYS[cause].format(share=share, time=spell(seconds))


def _nothing_generated(report: Makespan) -> str:
    if report.resumed:
        jobs = "job was" if report.resumed == 1 else "jobs were"
        return f"Nothing was generated in this run: {report.resumed} {jobs} bought before it."
    return "Nothing was generated in this run."


def _queueing(report: Makespan) -> str:
    waits = dict.fromkeys((WORKER, *(one.stage for one in report.stages)), 0.0)
    for step in report.path:
        if step.cause == "queueing":
            waits[step.stage] = waits.get(step.stage, 0.0) + step.seconds
    stage = max(waits, key=lambda one: waits[one])
    if stage == WORKER:
        return (
            f"The shard that ended last waited {spell(waits[stage])} for a worker: start more "
            "workers on the pool, or make fewer shards."
        )
    times = next((one for one in report.stages if one.stage == stage), None)
    name, setting = _SETTING.get(stage, (stage, "the limits"))
    limit = f"limit of {times.places}" if times and times.places else "limit"
    held = times.held if times else 0
    briefs = "1 brief" if held == 1 else f"{held} briefs"
    return (
        f"The {name} {limit} held {briefs} back, the last one for {spell(waits[stage])}: raise "
        f"{setting} as far as the {'memory' if stage == LANDING else 'account'} allows."
    )


def _generation(report: Makespan, share: str) -> str:
    slowest = max(report.stages, key=_generating)
    each = spell(_generating(slowest))
    said = f"Generating took {share} ({slowest.stage}: {each} a job on average)"
    if report.efficiency is not None and report.efficiency >= _WELL:
        return f"{said}, and no order of the same jobs is faster: only faster models would be."
    rest: Cause = next(
        (cause for cause in report.split.parts if cause != "generation"), "orchestration"
    )
    lost = spell(report.split.parts[rest])
    return f"{said}: faster models would shorten it most; then {_NAMES[rest]} ({lost})."


def _generating(times: StageTimes) -> float:
    return times.seconds.generation / times.jobs


_NAMES: dict[Cause, str] = {
    "queueing": "waiting for places",
    "generation": "generating",
    "poll_lag": "noticing that jobs are done",
    "landing": "landing",
    "orchestration": "our own steps",
    "rate_limits": "the provider's 429s",
    "person": "waiting for a person",
}
