"""One brief that starts from a picture or a video which exists already: script and video."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.briefs import Brief
from flows.ending import Outcome, stopped
from flows.errors import BadBriefs, BriefProblem
from flows.single import run_single


@flow(
    flow_run_name="{brief.id}",
    description="An image, or a video, that exists already becomes a video in the bucket.",
)
async def image_to_video(
    brief: Brief,
    batch_id: str | None = None,
    connection: str = "default",
    bucket: str = "default",
) -> State[Outcome]:
    """Make one video from the brief's start image or start video.

    Args:
        brief: What to make; its start image is needed, or its start video.
        batch_id: The batch it belongs to. The same brief under the same batch is continued, never
            paid for again. May hold {date}. Empty: named after this run.
        connection: Name of the GlobalAIOPC block.
        bucket: Name of the MediaBucket block.

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
