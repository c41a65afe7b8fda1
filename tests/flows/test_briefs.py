"""What a brief may be: every refusal names the field and what is allowed, before any money."""

from typing import Any

import pytest
from pydantic import ValidationError

from flows.briefs import FIELDS, PROMPT_CAP, Brief
from flows.checks import validate_brief
from flows.errors import BadBriefs, BriefProblem
from flows.making import image_asked
from flows.script import Script
from flows.spending import paid_jobs
from flows.stages import Media, stages_of
from flows.work import Work
from globalaiopc.catalogue import Catalogue

CATALOGUE = Catalogue.load()


def brief(**fields: Any) -> Brief:
    return Brief(**{"id": "a", "topic": "a lighthouse", **fields})


def problems(given: Brief, **how: Any) -> dict[str, str]:
    return {found.field: str(found) for found in validate_brief(given, CATALOGUE, **how)}


def test_the_defaults_are_the_documented_ones_and_can_be_made():
    given = brief()
    assert (given.image_model, given.video_model) == ("nano-banana-2", "openAiSora2Plus")
    assert (given.text_model, given.ratio, given.seconds) == ("gpt-5.4", "16:9", None)
    assert (given.resolution, given.tags, given.take) == (None, [], 1)
    assert problems(given) == {}
    assert problems(given, makes="image") == {}


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"id": "a b"}, "id", "' '"),
        ({"id": "a/b"}, "id", "'/'"),
        ({"id": "灯塔"}, "id", "灯"),
        ({"id": ".hidden"}, "id", "'.'"),
        ({"id": ""}, "id", "empty"),
        ({"id": "manifest.jsonl"}, "id", "the batch's own file"),
        ({"topic": " "}, "topic", "The prompt is empty"),
        ({"topic": None}, "topic", "The prompt is empty"),
        ({"topic": None, "image_prompt": "x"}, "video_prompt", "The prompt is empty"),
        ({"topic": None, "video_prompt": "x"}, "image_prompt", "no picture"),
        ({"topic": "x" * 5001}, "topic", "5,001 characters. Allowed: at most 5,000"),
        ({"image_prompt": "x" * 5001}, "image_prompt", "5,001"),
        ({"video_prompt": "x" * 5001}, "video_prompt", "5,001"),
        ({"topic": "a\x00b"}, "topic", "Character 2 (U+0000)"),
        ({"tags": ["a\x07"]}, "tags", "U+0007"),
        ({"video_model": "openAiSora2Plsu"}, "video_model", "openAiSora2Plus"),
        ({"image_model": "nano-bananna-2"}, "image_model", "nano-banana-2"),
        ({"text_model": "gpt-5.44"}, "text_model", "gpt-5.4"),
        ({"video_model": "nano-banana-2"}, "video_model", "makes image"),
        ({"image_model": "gpt-5.4"}, "image_model", "makes text"),
        (
            {"ratio": "21:9"},
            "ratio",
            "openAiSora2Plus does not take ratio 21:9; it takes 16:9, 9:16.",
        ),
        ({"ratio": "wide"}, "ratio", "does not take ratio wide"),
        (
            {"seconds": 5},
            "seconds",
            "openAiSora2Plus does not take seconds 5; it takes 4, 8, 12. These can: ",
        ),
        ({"resolution": "8k"}, "resolution", "Allowed: 1k, 2k."),
        ({"image": "file:///etc/passwd"}, "image", "cannot be fetched"),
        ({"image": "data:image/png;base64,AAAA"}, "image", "cannot be fetched"),
        ({"image": "/home/me/a.png"}, "image", "path on one machine"),
        ({"image": "a/../../b.png"}, "image", "path on one machine"),
        ({"image": "s3://"}, "image", "names no file"),
    ],
)
def test_is_refused_with_its_field_named(fields: dict[str, Any], field: str, says: str):
    found = problems(brief(**fields), row=3)
    assert list(found) == [field]
    assert found[field].startswith("row 3")
    assert f"{field}: " in found[field]
    assert says in found[field]


@pytest.mark.parametrize(
    ("fields", "makes"),
    [
        ({"topic": "x" * PROMPT_CAP}, "video"),
        ({"topic": None, "image_prompt": "p", "video_prompt": "m"}, "video"),
        ({"topic": None, "image_prompt": "p"}, "image"),
        ({"topic": None, "image": "s3://b/k.png", "video_prompt": "m"}, "video"),
        ({"image": "products/shoe.png"}, "video"),
        ({"image": "https://example.org/a.png?X-Amz-Signature=1"}, "video"),
        ({"seconds": 12, "ratio": "9:16", "resolution": "2k"}, "video"),
        ({"ratio": "21:9"}, "image"),
        ({"video_model": "nobody-knows"}, "image"),
        ({"topic": None, "image_prompt": "p", "video_prompt": "m", "text_model": "none"}, "video"),
        ({"image": "a.png", "image_model": "not-used"}, "video"),
    ],
)
def test_can_be_made(fields: dict[str, Any], makes: str):
    assert problems(brief(**fields), makes=makes) == {}


def test_all_problems_of_a_brief_come_at_once():
    found = problems(brief(id="a b", ratio="1:3", seconds=7, video_model="nope"))
    assert set(found) == {"id", "ratio", "video_model"}


def test_a_resolution_goes_to_the_model_that_offers_it():
    given = brief(resolution="2k")
    stages = stages_of(given, "video", CATALOGUE)
    assert stages.resolution(stages.image[0]) == "2k"
    assert stages.resolution(stages.video[0]) is None


def test_the_image_is_asked_for_and_priced_alike_whether_or_not_a_video_follows():
    given = brief(resolution="2k")
    for makes in ("image", "video"):
        stages = stages_of(given, makes, CATALOGUE)
        asked = image_asked(stages, stages.image[0], Script(image_prompt="a"), Media())
        assert asked.to_asked() == {
            "model": "nano-banana-2",
            "prompt": "a",
            "ratio": "16:9",
            "resolution": "2k",
        }
        image, *video = paid_jobs(Work("b", given), stages)
        assert image.resolution == "2k"
        assert all(job.resolution is None for job in video)


def test_a_presigned_start_image_shows_up_nowhere():
    given = brief(image="ftp://host/a.png?X-Amz-Signature=abc")
    assert "Signature" not in repr(given) + str(problems(given))


@pytest.mark.parametrize("tags", ["a; b,c;", ["a", " b ", "c", ""]])
def test_tags_are_split_and_trimmed(tags: object):
    assert brief(tags=tags).tags == ["a", "b", "c"]


@pytest.mark.parametrize(
    "wrong", [{"sceonds": 4}, {"take": 0}, {"tags": [["x"]]}, {"seconds": "ten"}]
)
def test_the_form_refuses_what_no_brief_has(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        brief(**wrong)


def test_the_form_schema_is_plain_and_explains_itself():
    schema = Brief.model_json_schema()
    assert "$defs" not in schema
    assert schema["required"] == ["id"]
    assert tuple(schema["properties"]) == tuple(name for name in FIELDS if name != "private")
    for field in schema["properties"].values():
        assert field["title"]
        assert field["description"]


def test_the_message_shows_twenty_problems_and_the_exception_holds_all():
    error = BadBriefs(
        [BriefProblem(row=n, line=n + 1, field="topic", message="Empty.") for n in range(1, 24)]
    )
    assert len(error.problems) == 23
    assert "23 problems; nothing was sent" in error.message
    assert "row 20 (line 21), topic: Empty." in error.message
    assert "row 21" not in error.message
    assert "and 3 more" in error.message
    assert (error.charged, error.retry_is_free, error.who_acts) == ("no", True, "user")
    assert error.field == "topic"


def test_exactly_twenty_problems_hide_none():
    error = BadBriefs([BriefProblem(message="x")] * 20)
    assert "more" not in error.message
