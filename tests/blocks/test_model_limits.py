"""Fewer jobs at once of some models: said in the connection, checked where it is saved."""

import pytest
from prefect.blocks.system import Secret
from pydantic import ValidationError

from blocks import GlobalAIOPC
from tasks.studio import _limits

KEY = Secret(value="key-of-a-test")


def test_the_limits_of_models_hold_and_are_shared_like_the_others() -> None:
    block = GlobalAIOPC(api_key=KEY, video_in_flight=10, limits={"openAiSora2Pro": 4})
    for shares, most in ((1, 4), (2, 2), (8, 1)):
        limits = _limits(block, block.client())
        limits.share(shares)
        assert limits._places.size("model openAiSora2Pro") == most
    assert GlobalAIOPC(api_key=KEY).limits == {}


@pytest.mark.parametrize(
    ("limits", "told"),
    [({"openAiSora2Prp": 4}, "openAiSora2Pro"), ({"openAiSora2Pro": 0}, "1 or more")],
)
def test_a_model_that_is_not_there_or_may_make_nothing_is_refused(limits, told) -> None:
    with pytest.raises(ValidationError, match=told):
        GlobalAIOPC(api_key=KEY, limits=limits)
