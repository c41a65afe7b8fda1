"""A batch: many briefs, each on its way from script to image to video at its own pace."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from pydantic import Field

from flows.announcing import announced
from flows.approval.opening import Approval, end_at_gate
from flows.briefs import Brief
from flows.ending import Outcome, end_of_batch, stopped
from flows.errors import BadBriefs
from flows.following import followed
from flows.form import Titled
from flows.gathered import batch_makespan
from flows.in_turn import in_turn
from flows.manifest import load_briefs
from flows.parameters import (
    ApprovalReply,
    ApproveWhat,
    BatchId,
    Bucket,
    Budget,
    ColumnNames,
    Connection,
    Limit,
    PartOfBatch,
    PicturesToASheet,
    Prices,
    ShardSize,
    TimeZone,
)
from flows.planning import planned_batch
from flows.progress import Progress
from flows.publishing import publish, publish_shard
from flows.pulse import beating
from flows.quiet import quiet_steps
from flows.refusing import show_problems
from flows.report import BatchReport, ReportItem
from flows.run_names import name_of_batch, this_batch
from flows.running import run_brief
from flows.shard_runs import shard_runs, this_deployment
from flows.sharding import Conductor, Make
from flows.shards import Shard, check_shards, shard_count
from flows.spending import budget_facts, open_purse
from flows.timing import makespan
from flows.work import Work
from globalaiopc import GlobalAIOPCError
from tasks import Studio, open_studio
from tasks.urgency import NEW, urgencies


@flow(
    flow_run_name=name_of_batch,
    description="A list of briefs becomes scripts, images and videos in the bucket.",
)
async def content_batch(
    briefs: Annotated[
        Annotated[str, Titled("A table or a file")] | Annotated[list[Brief], Titled("One by one")],
        Field(json_schema_extra={"title": "What to make"}),
    ],
    batch_id: BatchId = None,
    *,
    plan: Annotated[bool, Field(json_schema_extra={"title": "Only plan, spend nothing"})] = False,
    budget: Budget = None,
    approve: ApproveWhat = None,
    limit: Limit = None,
    columns: ColumnNames = None,
    timezone: TimeZone = None,
    prices: Prices = None,
    approval: ApprovalReply = None,
    wave: PicturesToASheet = 50,
    shards: Annotated[int, Field(json_schema_extra={"title": "Workers"})] = 1,
    shard_size: ShardSize = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
    shard: PartOfBatch = None,
) -> State[Outcome]:
    """Make every brief of a list; a brief that fails stops no other.

    Args:
        briefs: Paste a table as you copied it from a spreadsheet: its first row names the columns
            (`topic` is enough; `id`, `ratio`, `seconds`, `video_model` and all other fields may
            be there too). Or name a CSV, TSV, JSONL or Parquet file: a path on the worker, such
            as `examples/briefs.csv`, or `s3://bucket/key`. Or fill in each brief in a form.
        batch_id: Also its folder in the bucket, such as `spring-launch`. The same name is the same
            work: running it again continues it and pays for nothing twice. May hold `{date}`,
            `{datetime}` or strftime fields, filled from the scheduled time. Empty: named after
            this run.
        plan: Only say what a run would reuse, continue, make and refuse, and what it would cost.
        budget: The most that this batch may cost, over all its runs, in the currency of the price
            file. Each brief's image and video are paid for only if both fit; every image and video
            model must have a price. Empty: what was given before for this batch, else no limit.
        approve: `images` makes the pictures first and shows them on a sheet: no video is paid for
            that nobody approves. The run waits without a worker; press Resume to answer. Empty: as
            this batch was run before, else without.
        limit: Of a table or file, only its first so many briefs. 3 is a good first try.
        columns: Of a table or file, which of its columns is which field, such as
            `{"Prompt": "topic"}`. Empty: each column is named as its field is.
        timezone: Time zone of `{date}`, such as `Europe/Berlin`. Empty: UTC.
        prices: Where a price file (TOML) lies: a path on the worker, such as
            `examples/prices.toml`, or `s3://bucket/key`. Empty: what such jobs cost earlier, as a
            guess.
        approval: Leave empty to be asked. Else the answer to the sheets: `all`, `none`, `1,4,7-9`,
            `best 20 under 50`, or lines such as `again 3: a red bicycle at dusk`.
        wave: How many pictures a sheet has. While the videos of one sheet are made, so are the
            pictures of the next.
        shards: Leave at 1 below a few hundred briefs. How many runs of this deployment make the
            batch together, on as many workers as are free; this run makes one part of it and
            gathers one report. Each takes its share of the connection's limits; the budget is
            kept by all together.
        shard_size: Instead of a number of runs: the most briefs in each, so that a longer list
            makes more runs.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.
        shard: Leave empty. A batch fills it in for the runs that it starts.

    Returns:
        The report: batch_id, totals, and an item for each brief. It also lies in the bucket as
        report.json, beside manifest.jsonl. The state is Completed when all landed, PartlyLanded
        when some did, NothingLanded (failed) when none did. With `plan`, the plan instead, which
        also lies in the bucket as plan.json; the state is Planned.

    """
    try:
        part = Shard.parse(shard) if shard else None
        check_shards(shards, shard_size, part, deployed=plan or this_deployment() is not None)
        async with open_studio(connection, bucket) as studio:
            name = this_batch(batch_id, timezone)
            found = await _read(studio, name, briefs, columns, limit)
            works = [Work(name, brief) for brief in found]
            asked = Approval(approve, approval, wave)
            if plan:
                planned = await planned_batch(studio, works, budget, prices)
                return await asked.planned(studio, works, planned)
            count = shard_count(shards, shard_size, len(works))
            studio.limits.share(part.of if part else count)
            async with nullcontext() if part else in_turn(studio, name):
                alone = count == 1 and part is None
                gate = await asked.gate(studio, works, prices, alone=alone)
                studio.purse = await open_purse(studio, works, budget, prices)
                make: Make = gate.make if gate else partial(_made, studio)
                if count > 1:
                    blocks = {"connection": connection, "bucket": bucket}
                    runs = await shard_runs(studio, name, budget, prices, blocks)
                    make = partial(Conductor(studio, runs, make).conduct, count=count)
                async with beating(studio, name, part), announced(studio, works, part):
                    label = f"{name}-{part}" if part else name
                    progress = Progress(studio, works, label, shared=count > 1)
                    with quiet_steps():
                        report = await _run(studio, works, make, progress, count)
                await (publish_shard(studio, report, part) if part else publish(studio, report))
                if gate is not None:
                    return await end_at_gate(gate, report)
    except GlobalAIOPCError as error:
        return stopped(error)
    return end_of_batch(report)


async def _read(
    studio: Studio,
    batch_id: str,
    briefs: Sequence[Brief] | str,
    columns: dict[str, str] | None,
    limit: int | None,
) -> Sequence[Brief]:
    try:
        return await asyncio.to_thread(
            load_briefs,
            briefs,
            catalogue=studio.client.catalogue,
            columns=columns,
            limit=limit,
            open_s3=studio.open_s3,
        )
    except BadBriefs as error:
        await show_problems(batch_id, error)
        raise


async def _run(
    studio: Studio, works: Sequence[Work], make: Make, progress: Progress, shards: int
) -> BatchReport:
    started, began = datetime.now(UTC), studio.client.clock.now()
    batch_id = works[0].batch_id
    get_run_logger().info("Batch %s: %d briefs", batch_id, len(works))
    async with followed(progress):
        items = await make(works)
        await studio.purse.remember(studio.store)
        await studio.purse.refresh()
        ended, took = datetime.now(UTC), makespan(studio, began)
        if shards > 1:
            took = await batch_makespan(studio, batch_id, shards, began, started)
        progress.told(items)
    return BatchReport.of(
        batch_id,
        items,
        started=started,
        ended=ended,
        flow_run=str(flow_run.get_id()),
        budget=budget_facts(studio.purse.account, items),
        makespan=took,
    )


async def _made(studio: Studio, works: Sequence[Work]) -> Sequence[ReportItem]:
    """Every brief at once, begun with what expires first; the items stay in the briefs' order."""
    if not works:
        return ()
    names = {work.brief.id for work in works}
    urgent = await urgencies(studio, works[0].batch_id, names)
    turns = sorted(works, key=lambda work: urgent.get(work.brief.id, NEW))
    items = await asyncio.gather(*(run_brief(studio, work, "video") for work in turns))
    by_id = {item.id: item for item in items}
    return [by_id[work.brief.id] for work in works]
