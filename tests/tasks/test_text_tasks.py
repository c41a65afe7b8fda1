"""One Prefect task for each text endpoint."""

import httpx
import pytest

from globalaiopc import Catalogue, InvalidRequest, NotSent
from globalaiopc.requests import TEXT_REQUESTS
from ledger import Lease, Mine
from tasks import TEXT_TASKS
from tests.globalaiopc.text_dialects import DIALECTS, TEXT
from tests.ledger.doubles import Wall
from tests.tasks.doubles import KEY, studio_for


def test_every_text_endpoint_of_the_catalogue_has_its_task():
    made = {row.endpoint for row in Catalogue.load() if row.makes == "text"}
    assert set(TEXT_TASKS) == set(TEXT_REQUESTS) == made
    for name, task in TEXT_TASKS.items():
        assert (task.name, task.fn.__name__) == (name, name)
        assert not task.tags
        assert TEXT_REQUESTS[name].path in task.description
    assert len({task.task_key for task in TEXT_TASKS.values()}) == len(TEXT_TASKS)


@pytest.mark.parametrize("name", TEXT_TASKS)
async def test_a_task_asks_once_at_its_endpoint(name):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=DIALECTS[name].whole)

    studio = studio_for(answer)
    reply = await TEXT_TASKS[name].fn(studio, DIALECTS[name].request)
    assert reply.text == TEXT
    assert [path.partition("/v1/")[2] for path in asked] == [DIALECTS[name].path[4:]]

    other = next(one for one in TEXT_TASKS if one != name)
    with pytest.raises(InvalidRequest, match=f"not for {name}"):
        await TEXT_TASKS[name].fn(studio, DIALECTS[other].request)
    assert len(asked) == 1


async def test_nothing_is_asked_without_its_lease():
    asked = []
    wall = Wall()
    studio = studio_for(asked.append, wall=wall)
    outcome = await studio.ledger.claim(
        KEY, endpoint="e", model="m", api="v1", key_hash="k", asked={"model": "m"}
    )
    assert isinstance(outcome, Mine)
    lease = Lease(studio.ledger, outcome.held, studio.client.clock.sleep)
    wall.pass_seconds(160)
    for name, task in TEXT_TASKS.items():
        with pytest.raises(NotSent, match="ran out"):
            await task.fn(studio, DIALECTS[name].request, lease=lease)
    assert asked == []
