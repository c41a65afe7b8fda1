"""The page of a run that made one brief: what it looks like, where it lies, or what went wrong."""

import asyncio
from collections.abc import Iterator

from prefect.logging import get_run_logger

from flows.artifacts import show_page
from flows.cells import cell, escaped, money
from flows.failures import cards, page, trouble_of, usual_costs
from flows.report import BatchReport, ReportItem
from flows.thumbnails import thumbnail
from ledger import ObjectStore
from tasks import Studio

_SIDE = 480
_TAKES = 16


async def show_brief(studio: Studio, batch_id: str, item: ReportItem) -> None:
    """Put the page into the UI as `brief-{batch}-{brief}`. Raises nothing: the brief is over."""
    try:
        key = item.poster or item.image
        picture = await thumbnail(studio.store, key, _SIDE) if key else ""
        text = brief_page(studio.store, batch_id, item, picture)
        await show_page("brief", f"{batch_id}-{item.id}", text)
    except Exception as error:  # what was made lies in the bucket, whether or not it can be shown
        get_run_logger().warning("%s: no page was shown (%s)", item.id, type(error).__name__)


async def show_takes(studio: Studio, report: BatchReport, brief: str) -> None:
    """Put the takes beside each other, as `pictures-{batch}-{brief}`. Raises nothing."""
    try:
        shown = report.items[:_TAKES]
        found = await asyncio.gather(*(_picture(studio.store, item) for item in shown))
        rows = [
            f"| **{item.take}** | {picture} | {item.state} |"
            for item, picture in zip(shown, found, strict=True)
        ]
        head = f"# The pictures of {escaped(brief)}\n\n| take | | |\n| --- | --- | --- |"
        await show_page("pictures", f"{report.batch_id}-{brief}", "\n".join([head, *rows]))
    except Exception as error:
        get_run_logger().warning("%s: no pictures were shown (%s)", brief, type(error).__name__)


async def _picture(store: ObjectStore, item: ReportItem) -> str:
    picture = await thumbnail(store, item.image) if item.image else ""
    return f"![take {item.take}]({picture})" if picture else ""


def brief_page(store: ObjectStore, batch_id: str, item: ReportItem, picture: str) -> str:
    """Markdown; `picture` is a `data:` address, or empty."""
    trouble = trouble_of(item)
    found = cards({item.id: trouble}, usual_costs([item])) if trouble else ()
    parts = [
        f"# {escaped(item.id)}, of batch {escaped(batch_id)}",
        f"**{item.state.capitalize()}**" + ("" if item.cost is None else f", {money(item.cost)}."),
        page(found),
        f"![{item.id}]({picture})" if picture else "",
        _places(store, item),
        to_open(store, batch_id) if item.made else "",
    ]
    return "\n\n".join(part for part in parts if part)


def to_open(store: ObjectStore, batch_id: str) -> str:
    """How a person gets from Prefect, where no link is ever given, to the media."""
    return (
        "No link to the media is given here: one that opens without access to the bucket is a "
        f"secret. With access: `aws s3 cp --recursive {store.uri(batch_id)}/ .`. For others: "
        f"`python -m flows gallery {batch_id} --share 24` makes a page of the batch whose links "
        "end after 24 hours."
    )


def _places(store: ObjectStore, item: ReportItem) -> str:
    rows = "\n".join(f"| {what} | `{cell(store.uri(key), 300)}` |" for what, key in _objects(item))
    return f"| | where it lies |\n| --- | --- |\n{rows}" if rows else ""


def _objects(item: ReportItem) -> Iterator[tuple[str, str]]:
    for what in ("video", "image", "speech", "poster", "script"):
        if key := getattr(item, what):
            yield what, key
