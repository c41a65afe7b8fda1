"""One brief: script and image."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.briefs import Brief
from flows.ending import Outcome
from flows.parameters import BatchId, Bucket, Connection
from flows.run_names import name_of_brief
from flows.single import run_single


@flow(
    flow_run_name=name_of_brief,
    description="One brief becomes a script and an image in the bucket.",
)
async def text_to_image(
    brief: Annotated[Brief, Field(json_schema_extra={"title": "What to make"})],
    batch_id: BatchId = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Make one image.

    Args:
        brief: One thing to make. An id and a topic are enough; all else may be left as it is.
        batch_id: The batch it belongs to, and its folder in the bucket, such as `spring-launch`.
            The same brief in the same batch is continued, never paid for again. May hold `{date}`.
            Empty: named after this run.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, cost, error.

    """
    return await run_single(brief, batch_id, makes="image", connection=connection, bucket=bucket)
