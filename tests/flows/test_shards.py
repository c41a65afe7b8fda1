"""How a batch is cut, and what cannot be cut."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.briefs import Brief
from flows.manifest import load_briefs
from flows.report import Job, ReportItem, manifest_line
from flows.shards import Shard, check_shards, lines, shard_count, split
from flows.watching import shard_items
from globalaiopc import Catalogue, InvalidRequest
from tests.ledger.doubles import MemoryStore

IDS = st.lists(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1, unique=True)


def briefs_of(ids: list[str]) -> list[Brief]:
    return [Brief(id=one, topic=f"About {one}") for one in ids]


@given(IDS, st.integers(1, 12), st.randoms())
def test_every_brief_is_in_one_shard_whatever_the_order_of_the_list(ids, count, chance):
    cut = split(briefs_of(ids), count)
    assert sorted(brief.id for part in cut.values() for brief in part) == sorted(ids)
    sizes = [len(part) for part in cut.values()]
    assert len(sizes) == min(count, len(ids))
    assert max(sizes) - min(sizes) <= 1
    for part in cut.values():
        assert [brief.id for brief in part] == sorted((one.id for one in part), key=ids.index)
    shuffled = list(ids)
    chance.shuffle(shuffled)
    again = split(briefs_of(shuffled), count)
    assert {shard: {b.id for b in part} for shard, part in again.items()} == {
        shard: {b.id for b in part} for shard, part in cut.items()
    }


def test_neighbours_are_dealt_out():
    cut = split(briefs_of([f"b{number:03}" for number in range(400)]), 8)
    firsts = [sum(brief.id < "b200" for brief in part) for part in cut.values()]
    assert all(10 < first < 40 for first in firsts), firsts


def test_a_shard_is_read_as_the_briefs_that_were_written():
    briefs = (
        Brief(id="plain", topic="A fox"),
        Brief(
            id="rich",
            image_prompt="Zwei\nZeilen „so“ 茶",
            video_prompt="It runs",
            tags=["a", "b"],
            take=2,
            ratio="9:16",
        ),
    )
    body = lines(briefs)
    read = load_briefs(
        "s3://bucket/b/shards/1-of-2.jsonl",
        catalogue=Catalogue.load(),
        open_s3=lambda _: BytesIO(body),
    )
    assert tuple(read) == briefs


async def test_what_a_shard_made_comes_back_whole():
    item = ReportItem.model_validate(
        {
            "id": "fox",
            "state": "failed",
            "cost": "0.1",
            "error": {
                "code": "job_failed",
                "message": "No.",
                "charged": "unknown",
                "retry_is_free": False,
                "who_acts": "user",
                "advice": "Ask anew.",
            },
            "jobs": [{"stage": "image", "model": "m", "prompt": "A fox\nat dawn", "cost": "0.1"}],
        }
    )
    store = MemoryStore()
    store.objects["b/shards/1-of-2/manifest.jsonl"] = (manifest_line(item) * 2).encode()
    (one, two) = await shard_items(store, "b/shards/1-of-2")
    assert one == two == item
    assert isinstance(one.jobs[0], Job)
    assert one.jobs[0].prompt == "A fox\nat dawn"
    assert await shard_items(store, "b/shards/2-of-2") == ()
    store.objects["b/shards/2-of-2/manifest.jsonl"] = b'{"id": "fox", "state": "new word"}\n'
    assert await shard_items(store, "b/shards/2-of-2") == ()


def test_a_shard_has_a_name():
    assert Shard.parse(" 2-of-8 ") == Shard(2, 8)
    assert str(Shard(2, 8)) == "2-of-8"
    for wrong in ("2/8", "9-of-8", "0-of-8", "2-of-8x", "../2-of-8", "2-of-1000"):
        with pytest.raises(InvalidRequest, match="names no shard") as refused:
            Shard.parse(wrong)
        assert refused.value.field == "shard"


@pytest.mark.parametrize("shards", [0, -1, 201])
def test_a_number_that_cannot_be_is_refused(shards: int):
    with pytest.raises(InvalidRequest, match=f"cannot be made in {shards} shards") as refused:
        check_shards(shards, None, None, deployed=True)
    assert refused.value.allowed == "1 to 200"


@pytest.mark.parametrize(("shards", "size"), [(1, 0), (1, -3), (2, 50)])
def test_a_size_that_cannot_be_is_refused(shards: int, size: int):
    with pytest.raises(InvalidRequest, match="briefs each") as refused:
        check_shards(shards, size, None, deployed=True)
    assert refused.value.field == "shard_size"


@pytest.mark.parametrize(
    ("shards", "size", "briefs", "count"),
    [(1, None, 9, 1), (4, None, 9, 4), (4, None, 3, 3), (1, 4, 9, 3), (1, 9, 9, 1), (1, 50, 9, 1)],
)
def test_by_number_or_by_size(shards: int, size: int | None, briefs: int, count: int):
    check_shards(shards, size, None, deployed=True)
    assert shard_count(shards, size, briefs) == count


def test_a_size_that_makes_too_many_shards_says_which_does_not():
    with pytest.raises(InvalidRequest, match="1000 shards") as refused:
        shard_count(1, 1, 1000)
    assert refused.value.allowed == "at least 5"
    assert shard_count(1, 5, 1000) == 200


def test_a_shard_is_not_cut_again():
    with pytest.raises(InvalidRequest, match="is not cut"):
        check_shards(2, None, Shard(1, 2), deployed=True)
    check_shards(1, None, Shard(1, 2), deployed=True)


def test_without_a_deployment_the_way_there_is_named():
    check_shards(1, None, None, deployed=False)
    check_shards(2, None, None, deployed=True)
    with pytest.raises(InvalidRequest, match="nothing was sent") as refused:
        check_shards(2, None, None, deployed=False)
    with pytest.raises(InvalidRequest, match="nothing was sent"):
        check_shards(1, 50, None, deployed=False)
    assert "prefect worker start" in refused.value.advice
