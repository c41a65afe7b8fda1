"""One spoken brief: the words, the voice, the speech, and a person who says it."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.ending import Outcome
from flows.parameters import BatchId, Bucket, Connection
from flows.run_names import name_of_brief
from flows.speaking import run_spoken
from flows.spoken import SpokenBrief


@flow(
    flow_run_name=name_of_brief,
    description="A person in a video says a topic or a text, in a cloned voice.",
)
async def talking_head(
    brief: Annotated[SpokenBrief, Field(json_schema_extra={"title": "What to make"})],
    batch_id: BatchId = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Make one video of a person who speaks.

    Args:
        brief: What to say, in whose voice, and the video of the person who says it.
        batch_id: The batch it belongs to, and its folder in the bucket, such as `spring-launch`.
            The same brief in the same batch is continued, never paid for again. May hold `{date}`.
            Empty: named after this run.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, the voice's id, cost, error.

    """
    return await run_spoken(brief, batch_id, makes="video", connection=connection, bucket=bucket)
