"""The video endpoints as Prefect tasks."""

from tasks.declare import api_task
from tasks.orders import Bought, Order
from tasks.paid import buy
from tasks.studio import Studio


@api_task(
    name="sora",
    run_name="{order.label}",
    description="POST /v1/sora/videos, then wait for the video. Pays at most once.",
    tags=["video", "paid"],
)
async def sora(studio: Studio, order: Order) -> Bought:
    """Buy one Sora video, or continue the job that was bought already."""
    return await buy(studio, order)
