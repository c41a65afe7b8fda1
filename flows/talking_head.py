"""One spoken brief: the words, the voice, the speech, and a person who says it."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.ending import Outcome
from flows.speaking import run_spoken
from flows.spoken import SpokenBrief


@flow(
    flow_run_name="{brief.id}",
    description="A person in a video says a topic or a text, in a cloned voice.",
)
async def talking_head(
    brief: SpokenBrief,
    batch_id: str | None = None,
    connection: str = "default",
    bucket: str = "default",
) -> State[Outcome]:
    """Make one video of a person who speaks.

    Args:
        brief: What to say, in whose voice, and the video of the person who says it.
        batch_id: The batch it belongs to. The same brief under the same batch is continued, never
            paid for again. May hold {date}. Empty: named after this run.
        connection: Name of the GlobalAIOPC block.
        bucket: Name of the MediaBucket block.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, the voice's id, cost, error.

    """
    return await run_spoken(brief, batch_id, makes="video", connection=connection, bucket=bucket)
