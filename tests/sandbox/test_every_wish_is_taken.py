"""What the client lets through, the sandbox takes, which spells and limits things on its own."""

import json

import pytest
from hypothesis import event, given, settings

from globalaiopc import InvalidRequest, request_for
from globalaiopc.generation import Generation
from sandbox.asked import Asked
from sandbox.endpoints import ENDPOINTS
from sandbox.validation import Rejected, Rules, check
from tests.globalaiopc.wishes import (
    CATALOGUE,
    MEDIA_ROWS,
    UNDESCRIBED,
    framed_wish,
    full_wish,
    plain_wish,
    wishes,
)

BY_NAME = {endpoint.row_name: endpoint for endpoint in ENDPOINTS}
RULES = Rules(
    CATALOGUE, resolve=lambda reference: "https://media.example/asset.png", any_model=True
)


def asked_of_the_sandbox(wish: Generation) -> Asked | None:
    """What the sandbox understood; None for what is refused before the wire, by name."""
    try:
        request = request_for(wish, CATALOGUE)
    except InvalidRequest as refusal:
        return None if refusal.field else pytest.fail("refused, and no word named")
    body = json.loads(json.dumps(request.body()))
    try:
        return check(BY_NAME[request.endpoint], body, RULES)
    except Rejected as rejected:
        raise AssertionError((body, bytes(rejected.answer.body).decode())) from None


@settings(max_examples=500)
@given(wishes([*MEDIA_ROWS, *UNDESCRIBED]))
def test_a_wish_is_accepted_or_refused_before_the_wire(wish):
    asked = asked_of_the_sandbox(wish)
    event("accepted" if asked else "refused")
    if asked is not None:
        assert_understood(asked, wish)


def test_the_plainest_and_the_fullest_wish_of_every_model_are_accepted():
    for row in MEDIA_ROWS:
        for wish in (plain_wish(row), full_wish(row), framed_wish(row)):
            asked = asked_of_the_sandbox(wish)
            assert asked is not None, wish
            assert_understood(asked, wish)


def assert_understood(asked: Asked, wish: Generation) -> None:
    """The sandbox read in the body what the wish said, by tables of its own."""
    row = CATALOGUE.model(wish.model)
    assert asked.prompt == wish.prompt
    if row.makes == "video" and wish.seconds is not None and not row.lenient:
        assert asked.seconds == wish.seconds
    if wish.ratio is not None and not wish.size:
        assert asked.ratio == wish.ratio
    if wish.resolution is not None and not row.lenient:
        assert (asked.resolution or "").lower() == wish.resolution.lower()
    if wish.quality is not None:
        assert asked.quality == wish.quality
    if wish.sound is not None and not row.lenient:
        assert asked.sound == wish.sound
    if wish.seed is not None:
        assert asked.body["seed"] == wish.seed
    if wish.size and row.makes == "image":
        assert asked.size == tuple(map(int, wish.size.split("x")))
    frames = [wish.first_frame] if wish.first_frame else []
    frames += [wish.last_frame] if wish.last_frame else []
    roles = [medium.role for medium in asked.media]
    if row.endpoint != "sora":
        assert roles.count("first") + roles.count("last") == len(frames)
    assert len(asked.media) == len(list(wish.media()))
