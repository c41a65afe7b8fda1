"""One brief: script, image and video."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.briefs import Brief
from flows.ending import Outcome
from flows.single import run_single


@flow(
    flow_run_name="{brief.id}",
    description="One brief becomes a script, an image and a video in the bucket.",
)
async def text_to_video(
    brief: Brief,
    batch_id: str | None = None,
    connection: str = "default",
    bucket: str = "default",
) -> State[Outcome]:
    """Make one video: text, then image, then video.

    Args:
        brief: What to make.
        batch_id: The batch it belongs to. The same brief under the same batch is continued, never
            paid for again. May hold {date}. Empty: named after this run.
        connection: Name of the GlobalAIOPC block.
        bucket: Name of the MediaBucket block.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, cost, error.

    """
    return await run_single(brief, batch_id, makes="video", connection=connection, bucket=bucket)
