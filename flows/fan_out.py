"""Several takes of one picture; those that are chosen become videos."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from flows.artifacts import show_table
from flows.brief_page import show_takes
from flows.briefs import Brief, Makes
from flows.cells import cell, escaped, money
from flows.checks import refuse_typed, validate_brief
from flows.ending import Outcome, end_of_batch, stopped
from flows.errors import BadBriefs, BriefProblem
from flows.form import EmptyBox
from flows.parameters import BatchId, Bucket, Connection
from flows.report import BatchReport, ReportItem
from flows.run_names import name_of_brief, this_batch
from flows.running import run_brief
from flows.spending import all_jobs, batch_purse, budget_facts
from flows.stages import stages_of
from flows.work import Work
from globalaiopc import GlobalAIOPCError
from globalaiopc.catalogue import Catalogue
from tasks import Studio, open_studio

Chosen = Annotated[
    list[int] | None, EmptyBox(), Field(json_schema_extra={"title": "Chosen pictures"})
]


@flow(
    flow_run_name=name_of_brief,
    description="One brief becomes several takes of a picture; the chosen ones become videos.",
)
async def fan_out(
    brief: Annotated[Brief, Field(json_schema_extra={"title": "What to make"})],
    takes: Annotated[int, Field(json_schema_extra={"title": "How many pictures"})] = 4,
    chosen: Chosen = None,
    batch_id: BatchId = None,
    *,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Make several pictures of one brief, and videos of those that you choose.

    Run it once to see the pictures, and again under the same batch_id with `chosen`: that buys the
    videos and nothing else.

    Args:
        brief: One thing to make. An id and a topic are enough; all else may be left as it is.
        takes: How many pictures; each is paid for. They lie beside each other: image.png,
            image.take2.png and so on.
        chosen: The takes to make videos of, such as [2, 4]. Empty: none yet.
        batch_id: The batch it belongs to, and its folder in the bucket, such as `spring-launch`.
            The same brief in the same batch is continued, never paid for again. May hold `{date}`.
            Empty: named after this run.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        A report: batch_id, totals, and an item for each take.

    """
    picked = frozenset(chosen or [])
    try:
        async with open_studio(connection, bucket) as studio:
            if problems := _problems(brief, takes, picked, studio.client.catalogue):
                raise BadBriefs(problems)
            name = this_batch(batch_id)
            report = await _run(studio, name, brief, takes, picked)
            await show_takes(studio, report, brief.id)
    except GlobalAIOPCError as error:
        return stopped(error)
    told = _sentence(report, brief, picked)
    await show_table("takes", f"{report.batch_id}-{brief.id}", _rows(report.items), escaped(told))
    return end_of_batch(report, told)


def _problems(
    brief: Brief, takes: int, chosen: frozenset[int], catalogue: Catalogue
) -> Sequence[BriefProblem]:
    wrong = refuse_typed(brief)

    def refuse(field: str, message: str, allowed: str = "") -> None:
        wrong.append(BriefProblem(id=brief.id, field=field, message=message, allowed=allowed))

    if takes < 1:
        refuse("takes", f"There cannot be {takes} takes.", "1 or more")
    elif strange := sorted(one for one in chosen if not 1 <= one <= takes):
        told = ", ".join(str(one) for one in strange)
        refuse("chosen", f"There is no take {told} among {takes}.", f"1 to {takes}")
    if brief.take != 1:
        refuse("take", "The takes are counted here; ask for more of them by `takes`.", "1")
    if brief.image:
        refuse("image", "There are no takes of a picture that exists already.")
    makes: Makes = "video" if chosen else "image"
    wrong += validate_brief(brief, catalogue, makes=makes)
    if not wrong and stages_of(brief, makes, catalogue).picture != "made":
        refuse("video_model", f"{brief.video_model} is not shown a picture that could be chosen.")
    return wrong


async def _run(
    studio: Studio, batch_id: str, brief: Brief, takes: int, chosen: frozenset[int]
) -> BatchReport:
    started = datetime.now(UTC)
    works: list[tuple[Work, Makes]] = [
        (
            Work(batch_id, brief.model_copy(update={"take": take})),
            "video" if take in chosen else "image",
        )
        for take in range(1, takes + 1)
    ]
    jobs = [job for work, makes in works for job in all_jobs(studio, [work], makes)]
    studio.purse = await batch_purse(studio, batch_id, jobs)
    items = await asyncio.gather(*(run_brief(studio, work, makes) for work, makes in works))
    return BatchReport.of(
        batch_id,
        items,
        started=started,
        ended=datetime.now(UTC),
        flow_run=str(flow_run.get_id()),
        budget=budget_facts(studio.purse.account, items),
    )


def _sentence(report: BatchReport, brief: Brief, chosen: frozenset[int]) -> str:
    """What happened and what to do, in one line."""
    totals = report.totals
    said = [f"{totals.landed} of {totals.briefs} takes of {brief.id} landed, cost "]
    said[0] += f"{money(totals.cost)}."
    if totals.unknown:
        said.append("What became of some is unknown, and perhaps charged: see the rescue flow.")
    again = f"Run it again as batch {report.batch_id}"
    if totals.landed < totals.briefs:
        said.append(f"{again} to continue; what has landed is not paid again.")
    elif not chosen:
        said.append(f"{again} with the takes to make videos of under chosen, such as [1].")
    return " ".join(said)


def _rows(items: Iterable[ReportItem]) -> list[dict[str, str]]:
    return [
        {
            "take": str(item.take),
            "state": item.state,
            "image": cell(item.image or ""),
            "video": cell(item.video or ""),
            "cost": "" if item.cost is None else money(item.cost),
            "charged": item.error.charged if item.error else "",
            "what to do": cell(f"{item.error.message} {item.error.advice}") if item.error else "",
        }
        for item in items
    ]
