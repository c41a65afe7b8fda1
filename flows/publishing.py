"""A batch's outcome: report.json and manifest.jsonl in the bucket, tables and pages in the UI."""

from collections.abc import Iterable

from flows.artifacts import show_page, show_table
from flows.makespan_page import makespan_page
from flows.pulse import Pulse
from flows.report import BatchReport, description, manifest_line, table_rows
from flows.shards import Shard
from ledger import ObjectStore
from tasks import Studio
from tasks.landing.upload import Upload

NDJSON = "application/x-ndjson"
PART_BYTES = 8 * 1024 * 1024


async def publish(studio: Studio, report: BatchReport) -> None:
    """Write what became of the batch for programs (the bucket) and for people (the UI)."""
    await _write(studio, report, report.batch_id)
    await show_table("batch", report.batch_id, table_rows(report), description(report))
    if report.makespan:
        page = makespan_page(report.makespan, report.batch_id)
        await show_page("makespan", report.batch_id, page)


async def publish_shard(studio: Studio, report: BatchReport, shard: Shard) -> None:
    """Leave it for the run of the batch, which puts the shards' reports together."""
    folder = shard.folder(report.batch_id)
    await _write(studio, report, folder)
    left = report.totals.briefs - report.totals.landed
    await Pulse(done=True, left=left).write(studio.store, folder, str(report.flow_run))


async def _write(studio: Studio, report: BatchReport, folder: str) -> None:
    lines = (manifest_line(item).encode() for item in report.items)
    await _write_lines(studio.store, f"{folder}/manifest.jsonl", lines)
    await studio.store.put(
        f"{folder}/report.json", report.to_bytes(), content_type="application/json"
    )


async def _write_lines(store: ObjectStore, key: str, lines: Iterable[bytes]) -> None:
    """A manifest may be of any length: one part of it is in memory, whatever that is."""
    filling = bytearray()
    async with Upload(store, parts_in_flight=1) as upload:
        for line in lines:
            filling += line
            if len(filling) >= PART_BYTES:
                if not upload.begun:
                    await upload.begin(key, NDJSON, {})
                await upload.add(bytes(filling))
                filling.clear()
        if not upload.begun:
            await store.put(key, bytes(filling), content_type=NDJSON)
            return
        if filling:
            await upload.add(bytes(filling))
        await upload.publish()
