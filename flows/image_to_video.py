"""One brief that starts from a picture or a video which exists already: script and video."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.briefs import Brief
from flows.ending import Outcome, stopped
from flows.errors import BadBriefs, BriefProblem
from flows.parameters import BatchId, Bucket, Connection
from flows.run_names import name_of_brief
from flows.single import run_single


@flow(
    flow_run_name=name_of_brief,
    description="An image, or a video, that exists already becomes a video in the bucket.",
)
async def image_to_video(
    brief: Annotated[Brief, Field(json_schema_extra={"title": "What to make"})],
    batch_id: BatchId = None,
    connection: Connection = "default",
    bucket: Bucket = "default",
) -> State[Outcome]:
    """Make one video from the brief's start image or start video.

    Args:
        brief: What to make; its start image is needed, or its start video.
        batch_id: The batch it belongs to, and its folder in the bucket, such as `spring-launch`.
            The same brief in the same batch is continued, never paid for again. May hold `{date}`.
            Empty: named after this run.
        connection: Leave as it is. The block with the key and the addresses of the API.
        bucket: Leave as it is. The block that says where in S3 everything is kept.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, cost, error.

    """
    if not (brief.image or brief.video):
        problem = BriefProblem(
            id=brief.id,
            field="image",
            message="There is no start image, nor a start video.",
            allowed="https://…, s3://bucket/key, or a key in the bucket",
        )
        return stopped(BadBriefs([problem]))
    return await run_single(brief, batch_id, makes="video", connection=connection, bucket=bucket)
