"""`gallery`: written from here, since a link to share is shown to this terminal and nobody else."""

from pydantic import JsonValue

from flows.cli.answers import Answer
from flows.cli.exits import Exit
from flows.cli.runs import open_store
from flows.cli.screen import Screen
from flows.gallery_writing import check_hours, write_gallery


async def gallery(screen: Screen, batch_id: str, *, share: float | None, bucket: str) -> Answer:
    """Raises `InvalidRequest` for hours that no link lives, and as `write_gallery`."""
    check_hours(share)
    store = await open_store(screen, bucket)
    screen.busy("Writing the gallery")
    written = await write_gallery(store, batch_id, share)
    items = "1 item" if written.items == 1 else f"{written.items:,} items"
    message = f"The gallery of {items} lies at {written.index_uri}."
    result: dict[str, JsonValue] = {"batch_id": batch_id, "index": written.index_uri}
    result["items"] = written.items
    if written.shared is None:
        return Answer(Exit.DONE, "Written", message, result=result)
    shared = written.shared
    return Answer(
        Exit.DONE,
        "Written",
        f"{message} Whoever has this link can open a page of it until {shared.told_until}:",
        result={**result, "link": shared.link, "until": shared.until.isoformat()},
        shown=(shared.link,),
    )
