"""One Prefect task for each text endpoint."""

import httpx
import pytest

from globalaiopc import Catalogue, InvalidRequest
from globalaiopc.requests import TEXT_REQUESTS
from tasks import TEXT_TASKS
from tests.globalaiopc.text_dialects import DIALECTS, TEXT
from tests.tasks.doubles import studio_for


def test_every_text_endpoint_of_the_catalogue_has_its_task():
    made = {row.endpoint for row in Catalogue.load() if row.makes == "text"}
    assert set(TEXT_TASKS) == set(TEXT_REQUESTS) == made
    for name, task in TEXT_TASKS.items():
        assert (task.name, task.fn.__name__) == (name, name)
        assert task.tags == {"globalaiopc", "text", "paid"}
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
