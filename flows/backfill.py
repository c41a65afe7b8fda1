"""The batches of days that are over: the missing ones are made, and others continued."""

from datetime import UTC, date, datetime
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.artifacts import show_table
from flows.backfill_report import BackfillReport, sentence, table_rows
from flows.backfilling import Filler, Recipe, deployed
from flows.briefs import Brief
from flows.cells import escaped
from flows.ending import Outcome, stopped
from flows.errors import NothingLanded
from flows.form import EmptyBox, Titled
from flows.names import zone_of
from flows.occasions import (
    Occasion,
    check_range,
    of_days,
    of_schedule,
    zone_of_schedule,
)
from flows.parameters import (
    BatchId,
    Bucket,
    Budget,
    ColumnNames,
    Connection,
    Limit,
    Prices,
    TimeZone,
)
from globalaiopc import GlobalAIOPCError, InvalidRequest
from tasks import open_studio

MOST_AT_ONCE = 20

Briefs = (
    Annotated[str, Titled("Paste a table, or name a file")]
    | Annotated[list[Brief], Titled("Fill in one by one")]
)
Text = Annotated[str | None, EmptyBox()]


@flow(
    flow_run_name="backfill-{first}-{last}",
    description="The batches of a range of days: missing ones are made, others continued.",
)
async def backfill(
    first: Annotated[date, Field(json_schema_extra={"title": "First day"})],
    last: Annotated[date, Field(json_schema_extra={"title": "Last day"})],
    briefs: Annotated[
        Briefs | None, EmptyBox(), Field(json_schema_extra={"title": "What to make"})
    ] = None,
    batch_id: BatchId = None,
    *,
    plan: Annotated[bool, Field(json_schema_extra={"title": "Only plan, spend nothing"})] = False,
    deployment: Annotated[Text, Field(json_schema_extra={"title": "Runs of"})] = None,
    schedule: Annotated[Text, Field(json_schema_extra={"title": "As its schedule"})] = None,
    at_once: Annotated[int, Field(json_schema_extra={"title": "Batches at once"})] = 1,
    budget: Budget = None,
    limit: Limit = None,
    columns: ColumnNames = None,
    timezone: TimeZone = None,
    prices: Prices = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Make the batches of a range of days; a batch that is there already costs nothing.

    Args:
        first: The first day.
        last: The last day, today at the latest.
        briefs: As of `content_batch`: a pasted table, a file, or a list. The same for each day.
            Empty: those of the deployment.
        batch_id: What the batches are called. With a date in it, such as `daily-{date}` or
            `week-{%G-%V}`; days that share a name are one batch. Empty: as the schedule says.
        plan: Only say of each day whether its batch is finished, begun or missing, and what a run
            would cost.
        deployment: Make each batch as a run of this deployment, such as
            `content-batch/every-day`, on its workers and with its parameters where none are
            given here. Empty: this run makes them, one after another.
        schedule: The deployment's schedule whose times and parameters to take, such as `daily`.
        at_once: With a deployment, how many of its runs there are at the same time. Each may use
            all that the connection allows.
        budget: The most that each batch may cost.
        limit: Of a table or file, only its first so many briefs.
        columns: Of a table or file, which of its columns is which field.
        timezone: Time zone of the days, such as `Europe/Berlin`. Empty: UTC, or the schedule's.
        prices: Where a price file (TOML) lies: a path on the worker, or `s3://bucket/key`.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        A row for each batch. The state is Completed when all of all batches landed, PartlyLanded
        when some did, NothingLanded (failed) when none did, AwaitingApproval when nothing is
        missing but a person's word; with `plan`, Planned.

    """
    given: dict[str, object] = {
        "briefs": briefs,
        "batch_id": batch_id,
        "budget": budget,
        "limit": limit,
        "columns": columns,
        "timezone": timezone,
        "prices": prices,
        "connection": None if connection == "default" else connection,
        "bucket": None if bucket == "default" else bucket,
    }
    try:
        recipe, occasions = await _prepared(first, last, given, deployment, schedule)
        _check_at_once(at_once, deployment)
        async with open_studio(recipe.block("connection"), recipe.block("bucket")) as studio:
            filler = Filler(recipe, studio.store, plan=plan, at_once=at_once)
            rows = await filler.fill(occasions)
    except GlobalAIOPCError as error:
        return stopped(error)
    report = BackfillReport(first=first, last=last, plan=plan, batches=rows)
    name = f"{recipe.pattern}-{first}-{last}"
    await show_table("backfill", name, table_rows(report), escaped(sentence(report)))
    return _end(report)


async def _prepared(
    first: date,
    last: date,
    given: dict[str, object],
    deployment: str | None,
    slug: str | None,
) -> tuple[Recipe, tuple[Occasion, ...]]:
    """What to make and when, checked before anything is begun. Raises `InvalidRequest`."""
    if slug and not deployment:
        raise InvalidRequest(
            "A schedule belongs to a deployment.",
            field="schedule",
            advice="Name its deployment as well, such as content-batch/every-day.",
        )
    told, schedule = await deployed(deployment, slug) if deployment else ({}, None)
    parameters = told | {name: value for name, value in given.items() if value is not None}
    timezone = str(parameters.pop("timezone", None) or "") or None
    pattern = str(parameters.pop("batch_id", None) or "")
    parameters.pop("plan", None)
    for name, value in (("batch_id", pattern), ("briefs", parameters.get("briefs"))):
        if not value:
            raise InvalidRequest(
                f"There is no {name}, neither here nor in a deployment.", field=name
            )
    now = datetime.now(UTC)
    if schedule is None:
        check_range(first, last, now.astimezone(zone_of(timezone or "UTC")).date())
        occasions = of_days(first, last, pattern, timezone)
    else:
        times = schedule.schedule
        check_range(first, last, now.astimezone(zone_of_schedule(times)).date())
        occasions = await of_schedule((first, last), times, pattern, timezone, now)
    return Recipe(pattern, timezone, parameters, deployment), occasions


def _check_at_once(at_once: int, deployment: str | None) -> None:
    most = MOST_AT_ONCE if deployment else 1
    if not 1 <= at_once <= most:
        raise InvalidRequest(
            f"{at_once} batches cannot be made at once.",
            field="at_once",
            allowed=f"1 to {most}",
            advice="" if deployment else "Name a deployment to make more than one at once.",
        )


def _end(report: BackfillReport) -> State[Outcome]:
    message, rows = sentence(report), report.batches
    data: Outcome = report.model_dump(mode="json")
    refused = next((row for row in rows if row.state in ("Refused", "NotReady")), None)
    if refused is not None:
        said = f"{refused.batch_id}: {refused.message}"
        return Failed(name=refused.state, message=said, data=NothingLanded(said, report=data))
    if report.plan:
        return Completed(name="Planned", message=message, data=data)
    if all(row.state == "Completed" for row in rows):
        return Completed(message=message, data=data)
    if all(row.waits or row.state == "Completed" for row in rows):
        return Completed(name="AwaitingApproval", message=message, data=data)
    if any(row.landed for row in rows):
        return Completed(name="PartlyLanded", message=message, data=data)
    error = NothingLanded(message, report=data)
    return Failed(name="NothingLanded", message=message, data=error)
