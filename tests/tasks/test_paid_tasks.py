"""Each media endpoint has one task, which buys at that endpoint only."""

import pytest

import tasks
from globalaiopc import InvalidRequest
from globalaiopc.requests import MEDIA_REQUESTS
from ledger import JobKey
from tasks import PAID, Order
from tasks.asked import VideoAsked
from tasks.ordering import dry_request
from tasks.orders import MAKES
from tests.tasks.doubles import CATALOGUE, Bucket, Provider, fox, studio_for


def test_every_media_endpoint_has_its_task():
    media = {name for name, row in CATALOGUE.endpoints.items() if row.makes != "text"}
    assert set(PAID) == set(MEDIA_REQUESTS) == media


@pytest.mark.parametrize("endpoint", PAID)
def test_a_task_is_named_described_and_exported_as_its_endpoint(endpoint):
    task, row = PAID[endpoint], CATALOGUE.endpoints[endpoint]
    assert getattr(tasks, endpoint) is task
    assert (task.name, task.fn.__name__) == (endpoint, endpoint)
    assert task.description.startswith(f"POST {row.path}, then wait for the ")
    assert task.description.endswith(" Pays at most once.")
    assert not task.tags, "for tags Prefect would ask its server before it starts"
    assert task.persist_result is False
    assert task.retry_condition_fn is not None


def test_prefect_tells_the_tasks_apart():
    assert len({task.task_key for task in PAID.values()}) == len(PAID)


async def test_a_task_does_not_buy_at_another_endpoint():
    bucket, provider = Bucket(), Provider()
    studio = studio_for(provider, bucket)
    with pytest.raises(InvalidRequest, match="made by nano_banana, not by vidu"):
        await PAID["vidu"].fn(studio, fox())
    assert (provider.posts, bucket.objects) == (0, {})
    assert (await PAID["nano_banana"].fn(studio, fox())).task_id == "t-1"


@pytest.mark.parametrize(
    ("model", "endpoint", "api"),
    [("videos_stable", "videos", "v1"), ("model_center/videos_stable", "model_center", "v2")],
)
async def test_the_receipt_keeps_the_name_that_the_user_gave(model, endpoint, api):
    asked = VideoAsked(model=model, prompt="a fox", seconds=4, ratio="16:9")
    key = JobKey(batch_id="b", brief_id="fox", stage="video")
    order = Order(key=key, request=dry_request(asked, CATALOGUE), asked=asked.to_asked())
    assert order.label == f"fox · video · {model}"
    studio = studio_for(Provider())
    held = (await PAID[endpoint].fn(studio, order)).held
    assert (held.receipt.model, held.receipt.endpoint, held.receipt.api) == (model, endpoint, api)
    assert order.request.model == "videos_stable"


@pytest.mark.parametrize("stage", MAKES)
async def test_every_paid_stage_has_places(stage):
    async with studio_for(Provider()).limits.place(stage):
        pass
