"""A batch's outcome: report.json and manifest.jsonl in the bucket, tables and pages in the UI."""

from collections.abc import Iterable

from prefect.logging import get_run_logger

from flows.announcing import announce_end
from flows.artifacts import show_page, show_table
from flows.gallery_data import Gallery
from flows.gallery_writing import write_index
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
    await _write_gallery(studio, report)
    await show_table("batch", report.batch_id, table_rows(report), description(report))
    if report.makespan:
        page = makespan_page(report.makespan, report.batch_id)
        await show_page("makespan", report.batch_id, page)
    announce_end(report)


async def _write_gallery(studio: Studio, report: BatchReport) -> None:
    """Write `index.html`; a page that cannot be written stops no batch from ending."""
    try:
        uri = studio.store.uri(f"{report.batch_id}/")
        await write_index(studio.store, Gallery.of(report, uri))
    except Exception as error:  # also a defect of the page: the report is what counts
        get_run_logger().warning(
            "The gallery was not written (%s). Write it with the flow gallery, batch_id %s.",
            type(error).__name__,
            report.batch_id,
        )


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
            while len(filling) >= PART_BYTES:
                if not upload.begun:
                    await upload.begin(key, NDJSON, {})
                with memoryview(filling) as view:
                    part = bytes(view[:PART_BYTES])
                del filling[:PART_BYTES]
                await upload.add(part)
        if not upload.begun:
            await store.put(key, bytes(filling), content_type=NDJSON)
            return
        if filling:
            await upload.add(bytes(filling))
        await upload.publish()
