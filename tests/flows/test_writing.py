"""The script stage: what is said when the text model does not answer."""

from typing import Any, cast

import pytest

from flows import writing
from flows.briefs import Brief
from flows.errors import ScriptUnanswered
from flows.work import Work
from globalaiopc import ChatMessage, OutcomeUnknown
from tasks import Studio


async def test_a_lost_answer_is_not_said_to_wait_for_a_person(monkeypatch: Any) -> None:
    async def lost(*_: object, **__: object) -> None:
        raise OutcomeUnknown("The connection broke.", charged="yes")

    monkeypatch.setattr(writing, "chat_completions", lost)
    work = Work("b", Brief(id="a", topic="a lighthouse"))
    with pytest.raises(ScriptUnanswered, match="The connection broke") as caught:
        await writing._chat(cast(Studio, None), work, (ChatMessage(role="user", content="?"),))
    assert caught.value.charged == "yes"
    assert "Run the batch again" in caught.value.advice
    assert "a person" not in caught.value.advice
