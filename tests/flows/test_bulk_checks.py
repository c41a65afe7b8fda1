"""Checking many briefs says of each what checking it alone says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.briefs import Brief
from flows.bulk_checks import BulkChecks
from flows.checks import validate_brief
from globalaiopc.catalogue import Catalogue

CATALOGUE = Catalogue.load()
NAMES = sorted({CATALOGUE.id_of(row) for row in CATALOGUE if row.makes in ("image", "video")})

models = st.sampled_from([*NAMES, "sora/new-one", "nano-bananna-2", "no such model"])
texts = st.one_of(
    st.none(),
    st.sampled_from(["", "a tower", "one two " * 501, "x" * 1501, "x" * 2001, "x" * 5001]),
    st.sampled_from(
        ["灯" * 269, "灯" * 270, "灯塔" * 251, "灯" * 2501, "\ud800", "Bearer " + "a1" * 9]
    ),
)
addresses = st.sampled_from(["https://h.example/a.png", "key/a.png", "/no/such", "ftp:x", ""])


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "topic": texts,
    "image_prompt": texts,
    "video_prompt": texts,
    "image": maybe(addresses),
    "last_image": maybe(addresses),
    "video": maybe(addresses),
    "reference_images": st.lists(addresses, max_size=11),
    "reference_videos": st.lists(addresses, max_size=4),
    "reference_audios": st.lists(addresses, max_size=4),
    "asset_review": st.booleans(),
    "image_model": models,
    "image_fallbacks": st.lists(models, max_size=2),
    "video_model": models,
    "video_fallbacks": st.lists(models, max_size=2),
    "text_model": st.sampled_from(["gpt-5.4", "gpt-5.44", "nano-banana-2"]),
    "ratio": st.sampled_from(["16:9", "9:16", "1:1", "7:5"]),
    "seconds": maybe(st.sampled_from([0, 3, 4, 5, 8, 999])),
    "resolution": maybe(st.sampled_from(["720p", "1K", "2k", "nope"])),
    "size": maybe(st.sampled_from(["1280x720", "1x1", "1024x1024", "999999x1"])),
    "quality": maybe(st.sampled_from(["low", "high", "odd"])),
    "sound": maybe(st.booleans()),
    "seed": maybe(st.sampled_from([-2, -1, 0, 7, 2147483647, 2147483648])),
    "tags": st.lists(st.sampled_from(["a", "\x07"]), max_size=2),
    "take": st.integers(1, 3),
}
IDS = st.sampled_from(["a", "a b", "report.json", ".a", "x" * 129])
briefs = st.fixed_dictionaries({"id": IDS}, optional=FIELDS).map(
    lambda fields: Brief.model_construct(set(fields), **fields)
)


@settings(max_examples=60)
@given(many=st.lists(briefs, min_size=1, max_size=2))
def test_many_at_once_are_judged_as_each_alone(many: list[Brief]):
    for makes in ("video", "image"):
        bulk = BulkChecks(CATALOGUE, makes)  # type: ignore[arg-type]
        for row, brief in enumerate([*many, *many], start=1):
            alone = validate_brief(brief, CATALOGUE, makes=makes, row=row)  # type: ignore[arg-type]
            assert bulk.problems(brief, row=row) == alone


def test_rows_that_differ_in_their_texts_alone_are_looked_at_once():
    bulk = BulkChecks(CATALOGUE)
    for number in range(50):
        brief = Brief(id=f"b{number}", topic=f"Tower {number}", seed=number, tags=[f"t{number}"])
        bulk.problems(brief)
    assert len(bulk._shapes) == 1


def test_shapes_without_end_take_no_more_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flows.bulk_checks._SHAPES", 20)
    bulk = BulkChecks(CATALOGUE)
    for number in range(50):
        bulk.problems(Brief(id="b", topic="Tower", text_model=f"gpt-{number}"))
    assert len(bulk._shapes) <= 20
