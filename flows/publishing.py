"""A batch's outcome: report.json and manifest.jsonl in the bucket, a table in the UI."""

import re

from prefect.artifacts import acreate_table_artifact

from flows.report import BatchReport, manifest_line, sentence, table_rows
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
    await acreate_table_artifact(
        key=artifact_key(report.batch_id), table=table_rows(report), description=sentence(report)
    )


def artifact_key(batch_id: str) -> str:
    """Prefect's artifact keys hold only lower-case letters, digits and dashes."""
    return "batch-" + re.sub("[^a-z0-9]+", "-", batch_id.lower()).strip("-")
