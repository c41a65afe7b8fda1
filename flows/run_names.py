"""What the present flow run gives a batch its name from."""

from datetime import UTC, datetime

from prefect.runtime import flow_run

from flows.names import batch_id_for


def this_batch(template: str | None, timezone: str | None = None) -> str:
    """The batch id of this run: `template` filled from the scheduled time, or the run's own name.

    The run's name alone can come again some day, and then two batches would be one: a part of its
    id is added. A retry of the run has the same name and id, and so continues the batch.
    """
    scheduled = flow_run.get_scheduled_start_time() or datetime.now(UTC)
    fallback = f"{flow_run.get_name()}-{str(flow_run.get_id())[:8]}"
    return batch_id_for(template, scheduled=scheduled, fallback=fallback, timezone=timezone)
