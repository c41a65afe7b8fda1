"""A batch's gallery, written anew from what lies in the bucket, and a page of it to share."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from flows.ending import Outcome, stopped
from flows.form import EmptyBox
from flows.gallery_writing import Written, write_gallery
from flows.parameters import Bucket
from flows.run_names import name_of_batch, this_batch
from globalaiopc import GlobalAIOPCError
from tasks.studio import open_store


@flow(
    flow_run_name=name_of_batch,
    description="Writes the gallery of a batch anew, and a page of it that others can open.",
)
async def gallery(
    batch_id: Annotated[
        str,
        Field(examples=["spring-launch"], json_schema_extra={"title": "Name of the batch"}),
    ],
    share: Annotated[
        float | None,
        EmptyBox(),
        Field(examples=[24], json_schema_extra={"title": "Share for so many hours"}),
    ] = None,
    *,
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Write a batch's index.html from what lies in the bucket. Spends nothing.

    A batch writes its gallery itself when it ends; this one is for what has changed since (rescued
    jobs, single briefs), for a batch that was killed, and for sharing.

    Args:
        batch_id: The batch, such as `spring-launch`. May hold {date}, filled from the scheduled
            time.
        share: For how many hours others may open a second page with all its media, without access
            to the bucket; at most 168. Its link is written beside it in the bucket, and shown
            nowhere else. Empty: no such page.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        Where the pages lie; never the link.

    """
    try:
        written = await write_gallery(await open_store(bucket), this_batch(batch_id), share)
    except GlobalAIOPCError as error:
        return stopped(error)
    return Completed(message=_sentence(written), data=_outcome(written))


def _sentence(written: Written) -> str:
    items = "1 item" if written.items == 1 else f"{written.items:,} items"
    said = f"The gallery of {items} lies at {written.index_uri}."
    if shared := written.shared:
        said += (
            f" A page to share opens until {shared.told_until} for whoever has its "
            f"link, which only the bucket tells: aws s3 cp {shared.link_uri} -"
        )
    return said


def _outcome(written: Written) -> Outcome:
    outcome: Outcome = {"index": written.index_uri, "items": written.items}
    if shared := written.shared:
        outcome |= {
            "shared": shared.page_uri,
            "link_file": shared.link_uri,
            "until": shared.until.isoformat(),
        }
    return outcome
