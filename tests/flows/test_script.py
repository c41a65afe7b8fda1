"""The script: what is asked of the chat model, and every answer it may give."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.briefs import Brief
from flows.errors import ScriptInvalid, ScriptUnreadable
from flows.script import (
    Script,
    StoredScript,
    parse_script,
    repair_messages,
    script_messages,
    script_of,
)
from flows.stages import picture_of
from globalaiopc.replies import ChatReply

WHOLE = '{"image_prompt": "a lighthouse", "video_prompt": "gulls circle"}'
EXPECTED = Script(image_prompt="a lighthouse", video_prompt="gulls circle")


def brief(**fields: Any) -> Brief:
    return Brief(**{"id": "a", "topic": "灯塔", **fields})


def test_the_question_names_what_the_answer_needs():
    system, user = script_messages(brief(ratio="9:16", seconds=8), "made")
    assert (system.role, user.role) == ("system", "user")
    assert "image_prompt" in system.content
    assert "video_prompt" in system.content
    assert "language of the topic" in system.content
    assert [part in user.content for part in ("灯塔", "9:16", "8 seconds")] == [True] * 3
    assert "4 seconds" in script_messages(brief(), "made", seconds=4)[1].content


def test_what_the_brief_decided_is_told():
    said = script_messages(brief(image_prompt="red door"), "made")[1].content
    assert "The picture is decided" in said
    assert "red door" in said
    given = brief(image="https://h/a.png?sig=1", video_prompt="it opens")
    said = script_messages(given, "given")[1].content
    assert "picture exists" in said
    assert "it opens" in said
    assert "sig" not in said
    assert "sees no picture" in script_messages(brief(), "none")[1].content


@pytest.mark.parametrize(
    "answer",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"Sure! Here you are:\n```\n{WHOLE}\n```\nEnjoy {{it}}.",
        f"Thinking about {{light}} first. {WHOLE}",
        '{"imagePrompt": " a lighthouse ", "motionPrompt": "gulls circle", "notes": [1]}',
        '{"Image Prompt": "a lighthouse", "motion_prompt": "gulls circle"}',
        f'{{"script": {WHOLE}}}',
        f"[{WHOLE}]",
    ],
)
def test_answers_that_are_understood(answer: str):
    assert parse_script(answer) == EXPECTED


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("I cannot help with that.", "no JSON object"),
        ('{"image_prompt": "a"', "no JSON object"),
        ('{"image_prompt": "a"}', "video_prompt is missing"),
        ('{"image_prompt": " ", "video_prompt": "b"}', "image_prompt is empty"),
        ('{"image_prompt": ["a"], "video_prompt": "b"}', "image_prompt is not a text"),
        ('{"image_prompt": null, "video_prompt": "b"}', "image_prompt is missing"),
        (json.dumps({"image_prompt": "x" * 5001, "video_prompt": "b"}), "5,001"),
        ('{"image_prompt": "\\ud800", "video_prompt": "b"}', "U+D800"),
        (json.dumps({"image_prompt": "a", "video_prompt": "https://h/a?sig=1"}), "a URL with"),
        ("{" * 100_000, "no JSON object"),
        ('{"a":' * 5_000, "no JSON object"),
    ],
)
def test_answers_that_need_repair(answer: str, says: str):
    with pytest.raises(ScriptInvalid, match="no usable script") as caught:
        parse_script(answer)
    assert says in caught.value.problem
    assert (caught.value.charged, caught.value.retry_is_free) == ("yes", False)


@given(st.text(max_size=200) | st.text('{}[]":,a \\', max_size=80))
def test_any_answer_is_a_script_or_invalid(answer: str):
    try:
        script = parse_script(answer)
    except ScriptInvalid:
        return
    assert script.image_prompt
    assert script.video_prompt


def test_the_repair_shows_the_answer_and_the_problem():
    assistant, user = repair_messages("x" * 100_000, "video_prompt is missing.")
    assert assistant.role == "assistant"
    assert len(assistant.content) == 4_000
    assert "video_prompt is missing." in user.content
    assert repair_messages("", "It is empty.")[0].content


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        ({}, None),
        ({"image_prompt": "p"}, None),
        ({"image": "k.png"}, None),
        ({"image_prompt": "p", "video_prompt": "m"}, Script(image_prompt="p", video_prompt="m")),
        ({"topic": None, "image_prompt": "p"}, Script(image_prompt="p")),
        ({"image": "k.png", "video_prompt": "m"}, Script(video_prompt="m")),
    ],
)
def test_a_brief_with_its_own_prompts_needs_no_model(fields: dict[str, Any], own: Script | None):
    given = brief(**fields)
    assert script_of(given, picture_of(given, None)) == own


def test_without_a_picture_only_the_video_needs_a_prompt():
    assert script_of(brief(), "none") is None
    assert script_of(brief(video_prompt="m"), "none") == Script(video_prompt="m")


def test_the_stored_script_keeps_the_briefs_own_prompt_and_comes_back():
    reply = ChatReply(id="chat-1", model="gpt-5.4-x", text="", input_tokens=90, output_tokens=40)
    stored = StoredScript.of(brief(image_prompt="my own"), EXPECTED, reply, "gpt-5.4")
    assert stored.script == Script(image_prompt="my own", video_prompt="gulls circle")
    assert (stored.model, stored.reply_id, stored.input_tokens) == ("gpt-5.4-x", "chat-1", 90)
    assert StoredScript.from_bytes(stored.to_bytes()) == stored
    assert "灯塔" in stored.to_bytes().decode()


def test_a_script_of_version_1_stays_readable():
    golden = (
        b'{"schema_version": 1, "brief_id": "a", "later_field": true, '
        b'"script": {"image_prompt": "p", "video_prompt": "m"}}'
    )
    assert StoredScript.from_bytes(golden).script == Script(image_prompt="p", video_prompt="m")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b'{"brief_id": "a"}', "script"),
        (b'{"schema_version": 2, "brief_id": "a", "script": {}}', "schema_version"),
    ],
)
def test_a_script_that_cannot_be_read(body: bytes, says: str):
    with pytest.raises(ScriptUnreadable, match=says) as caught:
        StoredScript.from_bytes(body)
    assert caught.value.charged == "no"
