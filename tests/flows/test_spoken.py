"""Spoken briefs: what is checked before anything is spent, and how words are asked for and read."""

import json
from typing import Any

import pytest

from flows.errors import ScriptUnreadable, SpeechInvalid
from flows.spoken import SpokenBrief
from flows.spoken_checks import validate_spoken
from flows.words import StoredWords, parse_words, words_asked, words_messages
from globalaiopc.catalogue import Catalogue

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"emotion": "gleeful"}, "emotion", "happy"),
        ({"speed": 3}, "speed", "0.5"),
        ({"volume": 0}, "volume", "above 0"),
        ({"pitch": 13}, "pitch", "12"),
        ({"language": "Klingon"}, "language", "English"),
        ({"language": "Tamil"}, "language", "v2"),
        ({"sound_version": "v3"}, "sound_version", "v1, v2"),
        ({"text": "a" * 10_000}, "text", "9,999"),
        ({"text": None}, "topic", "Nothing is to be said"),
        ({"voice": None}, "voice_sample", "There is no voice"),
        ({"speech_model": "soundCloningClone"}, "speech_model", "soundCloningAudio"),
        ({"speech_model": "no-such"}, "speech_model", "no-such"),
        ({"voice": None, "voice_sample": "ftp://a/b.wav"}, "voice_sample", "https://"),
        ({"voice_sample": "a.wav"}, "voice", "not both"),
        ({"topic": "A topic"}, "text", "not both"),
        ({"seconds": 4}, "seconds", "speed"),
        ({"text": None, "topic": "a", "seconds": 0}, "seconds", "1 or more"),
        ({"text": None, "topic": "a" * 5_001}, "topic", "5,000"),
        ({"text": None, "topic": "a", "text_model": "sora-2"}, "text_model", "sora-2"),
        ({"text": None, "topic": "a", "text_fallbacks": ["vidu"]}, "text_fallbacks", "vidu"),
        ({"text": "Bearer abcdefgh12345678"}, "text", "Authorization"),
        ({"id": "a b"}, "id", "contains ' '"),
        ({"id": "report.json"}, "id", "own file"),
    ],
)
def test_each_wish_is_checked_by_its_field(fields: dict[str, Any], field: str, told: str) -> None:
    brief = SpokenBrief(**{"id": "wish", "text": "Hello.", "voice": "v", **fields})
    (problem,) = validate_spoken(brief, CATALOGUE, "speech")
    assert problem.field == field
    assert told in str(problem)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"person": None}, "person"),
        ({"person": "/no/such/person.mp4"}, "person"),
        ({"model_version": 3}, "model_version"),
        ({"video_model": "openAiSora2Plus"}, "video_model"),
    ],
)
def test_a_talking_head_has_more_to_check(fields: dict[str, Any], field: str) -> None:
    good = {"id": "wish", "text": "Hello.", "voice": "v", "person": "people/anna.mp4"}
    brief = SpokenBrief(**{**good, **fields})
    assert [one.field for one in validate_spoken(brief, CATALOGUE, "video")] == [field]
    if field == "video_model":  # a model that is not asked
        assert validate_spoken(brief, CATALOGUE, "speech") == []


def test_a_good_brief_has_no_problems() -> None:
    brief = SpokenBrief(
        id="all",
        topic="Lighthouses",
        seconds=30,
        voice_sample="s3://bucket/anna.mp3",
        person="https://example.org/anna.mp4?X-Amz-Signature=abc",
        language="Tamil",
        sound_version="v2",
        emotion="sad",
        speed=0.5,
        pitch=-12,
        volume=10,
        subtitles=True,
        model_version=2,
        side_face=True,
        tilted_face=True,
        text_fallbacks=["claude-haiku-4-5"],
    )
    assert validate_spoken(brief, CATALOGUE, "video") == []
    assert "X-Amz" not in repr(brief)


@pytest.mark.parametrize(
    "said",
    [
        '{"speech": " Hello. "}',
        '```json\n{"Speech": "Hello."}\n```',
        'Sure! {"result": {"speech": "Hello."}}',
        '{"text": "Hello."}',
    ],
)
def test_words_are_read_however_they_are_wrapped(said: str) -> None:
    assert parse_words(said) == "Hello."


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "empty"),
        ("Hello.", "no JSON"),
        ('{"speech": ["a"]}', "not a text"),
        ('{"speech": " "}', "speech is empty"),
        ('{"image_prompt": "a"}', "missing"),
        (json.dumps({"speech": "a" * 10_000}), "10,000 characters"),
        (json.dumps({"speech": "a\x00"}), "not text"),
    ],
)
def test_what_cannot_be_spoken_is_said(said: str, told: str) -> None:
    with pytest.raises(SpeechInvalid, match=told):
        parse_words(said)


def test_what_is_asked_of_the_text_model() -> None:
    brief = SpokenBrief(id="a", topic="Boats", seconds=20, language="French")
    system, user = words_messages(brief)
    assert '"speech"' in str(system.content)
    assert str(user.content).splitlines() == [
        "Topic: Boats",
        "Length: about 20 seconds when it is said",
        "Language: French",
    ]
    # Kept in receipts for ever.
    assert words_asked(brief, "gpt-5.4") == {
        "model": "gpt-5.4",
        "topic": "Boats",
        "writes": "speech",
        "seconds": 20,
        "language": "French",
    }


def test_a_script_of_prompts_is_no_speech() -> None:
    body = b'{"schema_version": 1, "brief_id": "a", "script": {"image_prompt": "a"}}'
    with pytest.raises(ScriptUnreadable, match="speech"):
        StoredWords.from_bytes(body)
