"""The script stage: what is said when the text model does not answer."""

from typing import Any

import pytest

from flows import asking, texts
from flows.briefs import Brief
from flows.errors import ScriptUnanswered
from flows.work import Work
from globalaiopc import ChatMessage, OutcomeUnknown
from tests.tasks.doubles import Bucket, Provider, studio_for


async def test_a_lost_answer_is_not_said_to_wait_for_a_person(monkeypatch: Any) -> None:
    async def lost(*_: object, **__: object) -> None:
        raise OutcomeUnknown("The connection broke.", charged="yes")

    monkeypatch.setattr(texts, "TEXT_TASKS", {"chat_completions": lost})
    studio = studio_for(Provider(), Bucket())
    work = Work("b", Brief(id="a", topic="a lighthouse"))
    lease: Any = None
    with pytest.raises(ScriptUnanswered, match="The connection broke") as caught:
        await asking.chat(studio, work, "gpt-5.4", (ChatMessage(role="user", content="?"),), lease)
    assert caught.value.charged == "yes"
    assert "Run the batch again" in caught.value.advice
    assert "a person" not in caught.value.advice
