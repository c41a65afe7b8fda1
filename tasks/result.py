"""The result endpoint as a Prefect task."""

from globalaiopc import ApiVersion, TaskView
from tasks.declare import api_task
from tasks.studio import Studio


@api_task(
    name="result",
    run_name="look at {task_id}",
    description="GET /v1/result/{id}: one look at a job, free of charge.",
)
async def result(studio: Studio, task_id: str, api: ApiVersion = "v1") -> TaskView:
    """Look once at any media job by the provider's id."""
    return await studio.client.result(task_id, api=api)
