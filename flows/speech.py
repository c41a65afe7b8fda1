"""One spoken brief: the words, the voice, the speech."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.ending import Outcome
from flows.speaking import run_spoken
from flows.spoken import SpokenBrief


@flow(
    flow_run_name="{brief.id}",
    description="A topic or a text is spoken, in a voice that is cloned from a sample.",
)
async def speech(
    brief: SpokenBrief,
    batch_id: str | None = None,
    connection: str = "default",
    bucket: str = "default",
) -> State[Outcome]:
    """Make one speech.

    Args:
        brief: What to say, and in whose voice.
        batch_id: The batch it belongs to. The same brief under the same batch is continued, never
            paid for again. May hold {date}. Empty: named after this run.
        connection: Name of the GlobalAIOPC block.
        bucket: Name of the MediaBucket block.

    Returns:
        The brief's item of the report: id, state, keys in the bucket, the voice's id, cost, error.

    """
    return await run_spoken(brief, batch_id, makes="speech", connection=connection, bucket=bucket)
