"""Shards where there can be none: refused before anything is opened, asked for or written."""

import pytest

from flows.briefs import Brief
from flows.content_batch import content_batch
from tests.pipeline import Pipeline, run

pytestmark = pytest.mark.stack

BRIEFS = [Brief(id="fox", topic="A fox"), Brief(id="kite", topic="A kite")]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"shards": 2}, "start workers"),
        ({"shards": 0}, "cannot be made in 0 shards"),
        ({"shard": "3-of-2"}, "Leave shard empty"),
    ],
)
def test_it_is_refused_and_nothing_is_spent(
    pipeline: Pipeline, asked: dict[str, object], said: str
) -> None:
    ended = run(content_batch, briefs=BRIEFS, batch_id="refused", **asked)
    assert (ended.name, ended.type) == ("Refused", "FAILED")
    assert said in ended.message
    assert set(pipeline.posts().values()) == {0}
    assert pipeline.objects("refused") == set()


def test_a_plan_needs_no_workers(pipeline: Pipeline) -> None:
    ended = run(content_batch, briefs=BRIEFS, batch_id="planned", shards=2, plan=True)
    assert ended.name == "Planned"
    assert set(pipeline.posts().values()) == {0}
