"""The makespan of a run as a page for people: the advice, the split, the stages, the last brief."""

from flows.cells import spell
from flows.makespan import Makespan, Split

_NAMES = {
    "queueing": "queueing (limits)",
    "generation": "generation",
    "poll_lag": "poll lag",
    "landing": "landing",
    "orchestration": "orchestration",
    "rate_limits": "rate limits",
    "person": "waiting for a person",
}
_SHORTEST = 0.001


def makespan_page(report: Makespan, batch_id: str) -> str:
    """Markdown, as long for a million briefs as for one."""
    return "\n\n".join(
        [
            f"# Makespan of batch {batch_id}: {spell(report.seconds)}",
            report.advice,
            _bounds(report),
            f"Where the time of `{report.last_brief}` went, the brief that ended last:",
            _split(report),
            "What all briefs spent together at each stage:",
            _stages(report),
            f"The way of `{report.last_brief}`:",
            _path(report),
        ]
    )


def _bounds(report: Makespan) -> str:
    before = f" {report.resumed} jobs were bought before this run." if report.resumed else ""
    if report.efficiency is None:
        return f"Nothing was generated.{before}"
    return (
        f"No schedule of the same generations takes less than {spell(report.bound)}: "
        f"{100 * report.efficiency:.0f} % of the makespan. One without overhead, but also without "
        f"foresight, takes {spell(report.ideal)}.{before}"
    )


def _split(report: Makespan) -> str:
    rows = [
        f"| {_NAMES[cause]} | {spell(seconds)} | {100 * seconds / report.seconds:.1f} % |"
        for cause, seconds in report.split.parts.items()
    ]
    total = f"| all | {spell(report.seconds)} | 100 % |"
    return "\n".join(["| | time | share |", "| --- | --- | --- |", *rows, total])


def _stages(report: Makespan) -> str:
    causes = [cause for cause in Split.model_fields if _any(report, cause)]
    head = ["stage", "places", "briefs", "bought before", "held back", "longest wait"]
    names = [*head, *(_NAMES[cause] for cause in causes)]
    rows = [
        [
            one.stage,
            str(one.places or "no limit"),
            str(one.jobs),
            str(one.resumed),
            str(one.held),
            spell(one.longest_wait),
            *(spell(getattr(one.seconds, cause)) for cause in causes),
        ]
        for one in report.stages
    ]
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _any(report: Makespan, cause: str) -> bool:
    return any(getattr(one.seconds, cause) >= _SHORTEST for one in report.stages)


def _path(report: Makespan) -> str:
    rows = [
        f"| {step.start:.2f} | {step.stage} | {_NAMES[step.cause]} | {spell(step.seconds)} |"
        for step in report.path
    ]
    head = ["| from, s | stage | | time |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows])
