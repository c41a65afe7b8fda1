"""A batch's outcome: report.json and manifest.jsonl in the bucket, a table in the UI."""

from flows.artifacts import show_table
from flows.report import BatchReport, description, manifest_line, table_rows
from tasks import Studio


async def publish(studio: Studio, report: BatchReport) -> None:
    """Write what became of the batch for programs (the bucket) and for people (the UI)."""
    lines = "".join(manifest_line(item) for item in report.items)
    folder = report.batch_id
    await studio.store.put(
        f"{folder}/manifest.jsonl", lines.encode(), content_type="application/x-ndjson"
    )
    await studio.store.put(
        f"{folder}/report.json", report.to_bytes(), content_type="application/json"
    )
    await show_table("batch", folder, table_rows(report), description(report))
