"""What became of the batch, checked against the bucket, and the table that sums it up."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from rich.table import Table

from flows.report import BatchReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.report import ReportItem
    from sandbox.services import S3Access

REFUSED_ON_PURPOSE = "refused-on-purpose"
"""Tag of the brief that shows what a refusal by the provider looks like."""


def expectations(briefs: Path) -> dict[str, bool]:
    """The ids of a file of briefs, each with whether it can land."""
    with briefs.open(encoding="utf-8", newline="") as file:
        return {row["id"]: REFUSED_ON_PURPOSE not in row["tags"] for row in csv.DictReader(file)}


def fetch_report(access: S3Access, batch_id: str, copy: Path) -> BatchReport | None:
    """The batch's report, also copied to a file; None when the run left none."""
    try:
        answer = access.client().get_object(Bucket=access.bucket, Key=f"{batch_id}/report.json")
    except ClientError:
        return None
    body = answer["Body"].read()
    copy.write_bytes(body)
    return BatchReport.model_validate_json(body)


def complaints(report: BatchReport, expected: dict[str, bool], access: S3Access) -> list[str]:
    """Why this batch is not what it should be; empty when all that could land has landed."""
    items = {item.id: item for item in report.items}
    found = []
    for brief, can_land in expected.items():
        item = items.get(brief)
        if item is None:
            found.append(f"{brief} is not in the report.")
        elif can_land:
            found += _not_landed(item, access)
        elif item.state != "failed" or item.error is None or item.error.who_acts != "user":
            found.append(f"{brief} should have been refused, and is {item.state}.")
    return found


def _not_landed(item: ReportItem, access: S3Access) -> Iterator[str]:
    if item.state != "landed":
        why = f": {item.error.message}" if item.error else ""
        yield f"{item.id} is {item.state}{why}"
    client = access.client()
    sizes = {job.key: job.size for job in item.jobs}
    for what in ("image", "video", "poster"):
        key = getattr(item, what)
        if key is None:
            yield f"{item.id} has no {what}."
            continue
        try:
            size = client.head_object(Bucket=access.bucket, Key=key)["ContentLength"]
        except ClientError:
            yield f"{key} is not in the bucket."
            continue
        if size != sizes.get(key, size) or not size:
            yield f"{key} has {size} bytes in the bucket and {sizes.get(key)} in the report."


def table(report: BatchReport) -> Table:
    made = Table("brief", "state", "object", title=report.batch_id, title_justify="left")
    made.add_column("seconds", justify="right")
    made.add_column("cost", justify="right")
    for item in report.items:
        colour = "green" if item.state == "landed" else "red"
        told = item.video or item.image or (item.error.message if item.error else "")
        if item.error is not None:
            told = item.error.message
        made.add_row(
            item.id,
            f"[{colour}]{item.state}[/]",
            told,
            "" if item.seconds is None else f"{item.seconds:g}",
            "" if item.cost is None else f"{item.cost:,.2f}",
        )
    made.add_section()
    landed = f"{report.totals.landed} of {report.totals.briefs}"
    made.add_row("", landed, "", "", f"{report.totals.cost:,.2f}")
    return made
