"""The image endpoints as Prefect tasks."""

from tasks.declare import api_task
from tasks.orders import Bought, Order
from tasks.paid import buy
from tasks.studio import Studio


@api_task(
    name="nano_banana",
    run_name="{order.label}",
    description="POST /v1/banana/images, then wait for the image. Pays at most once.",
    tags=["image", "paid"],
)
async def nano_banana(studio: Studio, order: Order) -> Bought:
    """Buy one image of the nano-banana family, or continue the job that was bought already."""
    return await buy(studio, order)
