"""A batch: many briefs, each on its way from script to image to video at its own pace."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from flows.briefs import Brief
from flows.ending import Outcome, end_of_batch, stopped
from flows.errors import BadBriefs
from flows.following import followed
from flows.gathered import batch_makespan
from flows.manifest import load_briefs
from flows.planning import planned_batch
from flows.progress import Progress
from flows.publishing import publish, publish_shard
from flows.pulse import beating
from flows.quiet import quiet_steps
from flows.refusing import show_problems
from flows.report import BatchReport, ReportItem
from flows.run_names import this_batch
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


@flow(description="A list of briefs becomes scripts, images and videos in the bucket.")
async def content_batch(
    briefs: list[Brief] | str,
    batch_id: str | None = None,
    *,
    columns: dict[str, str] | None = None,
    limit: int | None = None,
    timezone: str | None = None,
    budget: float | None = None,
    prices: str | None = None,
    plan: bool = False,
    shards: int = 1,
    shard_size: int | None = None,
    shard: str | None = None,
    connection: str = "default",
    bucket: str = "default",
) -> State[Outcome]:
    """Make every brief of a list; a brief that fails stops no other.

    Args:
        briefs: The briefs themselves, or where a CSV, TSV, JSONL or Parquet file of them lies: a
            path on the worker, or s3://bucket/key.
        batch_id: Name of the batch. The same name is the same work: running it again continues
            it and pays for nothing twice. May hold {date}, {datetime} or strftime fields, filled
            from the scheduled time. Empty: named after this run.
        columns: For a file: which of its columns is which field, such as {"Prompt": "topic"}.
        limit: For a file: only its first so many briefs.
        timezone: Time zone of {date}, such as Europe/Berlin. Empty: UTC.
        budget: The most that this batch may cost, over all its runs, in the currency of the price
            file. Each brief's image and video are paid for only if both fit; every image and video
            model must have a price. Empty: what was given before for this batch, else no limit.
        prices: Where a price file (TOML) lies: a path on the worker, or s3://bucket/key.
            See examples/prices.toml. Empty: what such jobs cost earlier, as a guess.
        plan: Only say what a run would reuse, continue, make and refuse, and what it would cost.
            Spends nothing.
        shards: How many runs of this deployment make the batch together, on as many workers as
            are free; this run makes one of them and gathers one report. Each takes its share of
            the connection's limits; the budget is kept by all together.
        shard_size: Instead of shards: the most briefs in each, so a longer list makes more runs.
        shard: Leave empty. A batch fills it in for the runs that it starts.
        connection: Name of the GlobalAIOPC block.
        bucket: Name of the MediaBucket block.

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
            if plan:
                return await planned_batch(studio, works, budget, prices)
            studio.purse = await open_purse(studio, works, budget, prices)
            make: Make = partial(_made, studio)
            count = shard_count(shards, shard_size, len(works))
            studio.limits.share(part.of if part else count)
            if count > 1:
                blocks = {"connection": connection, "bucket": bucket}
                runs = await shard_runs(studio, name, budget, prices, blocks)
                make = partial(Conductor(studio, runs, make).conduct, count=count)
            async with beating(studio, name, part):
                label = f"{name}-{part}" if part else name
                progress = Progress(studio, works, label, shared=count > 1)
                with quiet_steps():
                    report = await _run(studio, works, make, progress, count)
            await (publish_shard(studio, report, part) if part else publish(studio, report))
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
