"""Of every wish there is a request that says all of it, or a refusal that names the word."""

import json

import pytest
from hypothesis import given, settings

from globalaiopc import InvalidRequest, MediaRequest, ModelRow
from globalaiopc.dialects import request_for
from globalaiopc.generation import Generation
from globalaiopc.limits import check
from globalaiopc.requests import MEDIA_REQUESTS
from globalaiopc.rows import WORDS
from tests.globalaiopc.wishes import (
    CATALOGUE,
    MEDIA_ROWS,
    UNDESCRIBED,
    framed_wish,
    full_wish,
    plain_wish,
    wishes,
)

FIELDS = {*WORDS, "prompt", "model"}


@settings(max_examples=600)
@given(wishes([*MEDIA_ROWS, *UNDESCRIBED]))
def test_a_wish_is_said_whole_or_refused_by_name(wish):
    row = CATALOGUE.model(wish.model)
    outcome = _outcome(wish)
    if isinstance(outcome, InvalidRequest):
        assert outcome.field in FIELDS
        assert outcome.message
        assert "Signature" not in str(outcome)
        return
    request = outcome
    assert request.endpoint == row.endpoint
    json.dumps(request.body(), allow_nan=False).encode()
    assert said(row, request.wish(row)) == said(row, wish) | added(row, wish)
    check(row, request.wish(row))
    assert request_for(request.wish(row).model_copy(update={"model": wish.model}), CATALOGUE)


def _outcome(wish: Generation) -> MediaRequest | InvalidRequest:
    try:
        return request_for(wish, CATALOGUE)
    except InvalidRequest as refusal:
        return refusal


def said(row: ModelRow, wish: Generation) -> dict[str, object]:
    """The words in one form: what the model's name says is not said, nor a ratio beside pixels."""
    words = wish.words()
    if words.get("ratio") in row.pixel_sizes:
        words["size"] = row.pixel_sizes[words.pop("ratio")]
    if "resolution" in words:
        words["resolution"] = row.spelt_resolution(words["resolution"])
    return {word: v for word, v in words.items() if row.spelling.get(word) != ""} | {
        "prompt": wish.prompt
    }


def added(row: ModelRow, wish: Generation) -> dict[str, object]:
    """What is sent although nobody said it: documented as needed, or as not to be relied on."""
    words = wish.words()
    more: dict[str, object] = {}
    for word in MEDIA_REQUESTS[row.endpoint].always:
        default = getattr(row, f"default_{word}")
        if word not in words and default is not None:
            more[word] = default
    if row.endpoint == "gpt_image_2" and "ratio" in words and "resolution" not in words:
        more["resolution"] = "1k"
    return more


@pytest.mark.parametrize("row", MEDIA_ROWS, ids=CATALOGUE.id_of)
def test_what_a_row_allows_is_said(row):
    """Or the property above would hold for a model that refuses everything."""
    for wish in (plain_wish(row), full_wish(row), framed_wish(row)):
        request = request_for(wish, CATALOGUE)
        assert said(row, request.wish(row)) == said(row, wish) | added(row, wish)


def test_a_text_model_is_refused_by_name():
    with pytest.raises(InvalidRequest) as caught:
        request_for(Generation(model="gpt-5.4", prompt="p"), CATALOGUE)
    assert caught.value.field == "model"


def test_the_table_has_every_endpoint_that_makes_media():
    makes_media = {row.endpoint for row in CATALOGUE if row.makes != "text"}
    assert set(MEDIA_REQUESTS) == makes_media
    for name, kind in MEDIA_REQUESTS.items():
        endpoint = CATALOGUE.endpoints[name]
        assert (kind.endpoint, kind.path, kind.api) == (name, endpoint.path, endpoint.api)
