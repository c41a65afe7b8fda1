"""What is with the provider goes first, the oldest of it before the rest."""

from tasks import Order, Studio
from tasks.paid import buy
from tasks.urgency import NEW, urgencies
from tests.ledger.doubles import Wall
from tests.tasks.doubles import Bucket, Provider, fox, png, studio_for


def of(brief: str) -> Order:
    order = fox()
    return Order(
        key=order.key.model_copy(update={"brief_id": brief}),
        request=order.request,
        asked=order.asked,
    )


async def landed(studio: Studio, bucket: Bucket, brief: str) -> None:
    bought = await buy(studio, of(brief))
    medium = await bucket.upload(f"b/{brief}/image.png", png("blue"), task_id=bought.task_id)
    await studio.ledger.landed(bought.held, medium)


async def test_the_order_in_which_a_batch_goes_on() -> None:
    bucket, wall = Bucket(), Wall()
    studio = studio_for(Provider(), bucket, wall)
    await landed(studio, bucket, "half")
    await buy(studio, of("older"))
    wall.pass_seconds(3600)
    await buy(studio, of("younger"))
    bucket.objects["b/broken/receipts/image.json"] = b"<html>"
    await buy(studio, of("another-shards"))
    briefs = ["new", "half", "younger", "broken", "older"]
    urgent = await urgencies(studio, "b", briefs)
    assert "another-shards" not in urgent
    assert sorted(briefs, key=lambda brief: urgent.get(brief, NEW)) == [
        *("older", "younger"),
        "half",
        *("new", "broken"),
    ]


async def test_a_batch_without_receipts_costs_no_read() -> None:
    bucket = Bucket()
    assert await urgencies(studio_for(Provider(), bucket), "b", ["new"]) == {}
    assert bucket.calls == []
