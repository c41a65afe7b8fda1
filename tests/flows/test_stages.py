"""Which stages a brief has and what each model is asked for: by the models' rows alone."""

from typing import Any

import pytest

from flows.briefs import Brief, Makes
from flows.checks import check_script, validate_brief
from flows.making import image_asked, video_asked
from flows.script import Script
from flows.spending import jobs_to_price, paid_jobs
from flows.stages import Media, Stages, stages_of
from flows.work import Work
from globalaiopc import InvalidRequest
from globalaiopc.catalogue import Catalogue

OWN_ROWS = """
[[model]]
names = ["my-short-one"]
endpoint = "videos"
makes = "video"
prompt_limit = 20
first_frame = "yes"
ratios = ["16:9"]
"""
CATALOGUE = Catalogue.load(own_rows=OWN_ROWS)
PICTURE, LAST, CHARACTER, OUTFIT, CLIP, SONG = (letter * 64 for letter in "abcdef")
SCRIPT = Script(image_prompt="a quay", video_prompt="boats")


def brief(**fields: Any) -> Brief:
    return Brief(**{"id": "a", "topic": "boats", **fields})


def stages(given: Brief, makes: Makes = "video") -> Stages:
    return stages_of(given, makes, CATALOGUE)


def problems(given: Brief, makes: Makes = "video") -> dict[str, str]:
    return {found.field: str(found) for found in validate_brief(given, CATALOGUE, makes=makes)}


def asked(given: Brief, **media: Any) -> dict[str, Any]:
    """What the first video model is asked for, without its prompt and model."""
    assert problems(given) == {}
    plan = stages(given)
    picture = PICTURE if plan.picture != "none" else None
    words = video_asked(plan, plan.video[0], SCRIPT, Media(picture=picture, **media)).to_asked()
    return {word: value for word, value in words.items() if word not in ("model", "prompt")}


def test_an_old_brief_is_asked_for_as_ever():
    assert asked(brief()) == {"ratio": "16:9", "seconds": 4, "first_frame": PICTURE}
    plan = stages(brief())
    assert (plan.picture, plan.names) == ("made", ("image", "video"))
    image = image_asked(plan, plan.image[0], SCRIPT, Media())
    assert image.to_asked() == {
        "model": "nano-banana-2",
        "prompt": "a quay",
        "ratio": "16:9",
        "resolution": None,
    }


def test_a_model_that_takes_no_picture_has_none_bought():
    given = brief(video_model="happyhorse-1.0-t2v", image_model="nobody-asks-for-it", seed=7)
    assert asked(given) == {"ratio": "16:9", "seconds": 5, "seed": 7}
    plan = stages(given)
    assert (plan.picture, plan.image, plan.names) == ("none", (), ("video",))
    assert [job.model for job in paid_jobs(Work("b", given), plan)] == ["happyhorse-1.0-t2v"]
    assert problems(brief(topic=None, video_prompt="x", video_model="wan2.7-t2v")) == {}


def test_a_model_of_references_alone_gets_the_picture_as_the_first_of_them():
    given = brief(video_model="happyhorse-1.0-r2v", reference_images="who.png; what.png")
    said = asked(given, images=(CHARACTER, OUTFIT))
    assert said["images"] == [PICTURE, CHARACTER, OUTFIT]
    assert "first_frame" not in said
    image = stages(given)
    words = image_asked(image, image.image[0], SCRIPT, Media(images=(CHARACTER, OUTFIT)))
    assert words.images == (CHARACTER, OUTFIT)


def test_references_of_ones_own_need_no_picture_beside_a_prompt_of_ones_own():
    given = brief(
        topic=None,
        video_prompt="she turns",
        video_model="happyhorse-1.0-r2v",
        reference_images=["who.png"],
    )
    assert asked(given, images=(CHARACTER,))["images"] == [CHARACTER]
    assert stages(given).picture == "none"


def test_where_frames_exclude_references_the_picture_is_one_of_them():
    given = brief(video_model="veo_3_1_pro", reference_images=["who.png", "what.png"])
    said = asked(given, images=(CHARACTER, OUTFIT))
    assert (said["images"], said.get("first_frame")) == ([PICTURE, CHARACTER, OUTFIT], None)


def test_where_there_is_no_room_for_them_the_references_shape_the_picture():
    given = brief(reference_images=["who.png"])  # sora takes one picture, whichever way
    said = asked(given, images=(CHARACTER,))
    assert (said["first_frame"], said.get("images")) == (PICTURE, None)
    plan = stages(given)
    assert image_asked(plan, plan.image[0], SCRIPT, Media(images=(CHARACTER,))).images == (
        CHARACTER,
    )


def test_a_model_that_mixes_them_starts_from_the_picture_and_sees_the_references():
    given = brief(video_model="seedance-2.5-c1", reference_images=["who.png"], sound=None)
    said = asked(given, images=(CHARACTER,))
    assert (said["first_frame"], said["images"]) == (PICTURE, [CHARACTER])


def test_first_and_last_frame():
    given = brief(video_model="wan2.7-i2v", last_image="end.png", resolution="1080p", seconds=5)
    assert asked(given, last_image=LAST) == {
        "seconds": 5,
        "resolution": "1080P",
        "first_frame": PICTURE,
        "last_frame": LAST,
    }


def test_a_video_is_edited_without_a_picture_beside_it():
    given = brief(video_model="happyhorse-1.0-video-edit", video="walk.mp4")
    assert asked(given, videos=(CLIP,)) == {"seconds": None, "videos": [CLIP]}
    assert stages(given).picture == "none"
    drawn = brief(video_model="happyhorse-1.0-video-edit", video="walk.mp4", image="hat.png")
    assert asked(drawn, videos=(CLIP,))["images"] == [PICTURE]


def test_a_reference_video_that_decides_length_and_ratio():
    given = brief(video_model="starvideos_o3", video="walk.mp4")
    assert asked(given, videos=(CLIP,)) == {"seconds": None, "videos": [CLIP]}
    assert "seconds" in problems(brief(video_model="starvideos_o3", video="walk.mp4", seconds=5))


def test_music_goes_beside_the_picture_as_a_reference():
    given = brief(video_model="LuxVid_video", reference_audios=["song.mp3"])
    said = asked(given, audios=(SONG,))
    assert (said["audios"], said["images"]) == ([SONG], [PICTURE])


def test_exact_pixels_take_the_place_of_the_ratio_where_they_are_offered():
    given = brief(image_model="gpt-image-2", size="2048x1152", quality="high")
    plan = stages(given)
    words = image_asked(plan, plan.image[0], SCRIPT, Media()).to_asked()
    assert (words["size"], words["quality"], words.get("ratio")) == ("2048x1152", "high", None)
    assert asked(given) == {"ratio": "16:9", "seconds": 4, "first_frame": PICTURE}


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"video_model": "happyhorse-1.0-t2v", "image": "a.png"}, "image", "does not start from"),
        ({"video_model": "wan2.7-i2v"}, "last_image", "needs a last frame"),
        ({"last_image": "a.png"}, "last_image", "does not take a last frame. These can: "),
        ({"video_model": "happyhorse-1.0-video-edit"}, "reference_videos", "needs a reference vid"),
        ({"video": "a.mp4"}, "video", "at most 0 reference videos"),
        ({"image": "a.png", "reference_images": ["b"]}, "reference_images", "not both"),
        ({"sound": True}, "sound", "no switch for sound"),
        ({"seed": 1}, "seed", "nano-banana-2 or openAiSora2Plus has no choice of seed"),
        ({"quality": "high"}, "quality", "no choice of quality"),
        ({"size": "64x64"}, "size", '"64x64" is not possible'),
        ({"asset_review": True}, "asset_review", "no asset library"),
        ({"image_fallbacks": ["openAiSora2Plus"]}, "image_fallbacks", "makes video"),
        ({"text_fallbacks": ["gpt-5.44"]}, "text_fallbacks", "gpt-5.4"),
        ({"video_fallbacks": ["wan2.7-t2v"]}, "video_fallbacks", "does not start from a picture"),
        ({"image_fallbacks": "nano-banana", "resolution": "2k"}, "image_fallbacks", "takes 1k"),
        ({"video_model": "nowhere/sora"}, "video_model", "no model 'nowhere/sora'"),
        ({"reference_images": ["file:///a"]}, "reference_images", "cannot be fetched"),
        (
            {"video_model": "veo_3_1_fast", "last_image": "/nowhere/a.png"},
            "last_image",
            "path on one machine",
        ),
    ],
)
def test_what_a_model_cannot_do_is_refused_by_the_field_that_asks_for_it(
    fields: dict[str, Any], field: str, says: str
):
    found = problems(brief(**fields))
    assert list(found) == [field]
    assert says in found[field]


def test_a_model_that_nobody_described_is_asked_like_its_kin_and_checked_by_nobody():
    given = brief(video_model="sora/openAiSora3", seconds=25)
    assert asked(given) == {"seconds": 25, "first_frame": PICTURE}
    wide = brief(video_model="sora/openAiSora3", ratio="16:9")
    assert asked(wide)["ratio"] == "16:9"
    assert stages(given).video[0].name == "sora/openAiSora3"


def test_one_model_has_one_name_however_it_is_named():
    given = brief(video_model="sora/openAiSora2Plus", video_fallbacks=["openAiSora2Plus"])
    assert [one.name for one in stages(given).video] == ["openAiSora2Plus"]


def test_every_model_that_may_be_asked_is_priced():
    given = brief(image_fallbacks="nano-banana; nano-banana-pro", video_fallbacks="veo_3_1_fast")
    plan, work = stages(given), Work("b", given)
    assert [job.model for job in paid_jobs(work, plan)] == ["nano-banana-2", "openAiSora2Plus"]
    priced = {(job.model, job.seconds) for job in jobs_to_price(work, plan)}
    assert priced == {
        ("nano-banana-2", None),
        ("nano-banana", None),
        ("nano-banana-pro", None),
        ("openAiSora2Plus", 4),
        ("veo_3_1_fast", 8),
    }


def test_a_script_that_is_too_long_for_the_video_buys_no_picture():
    plan = stages(brief(video_model="my-short-one"))
    check_script(plan, SCRIPT)
    with pytest.raises(InvalidRequest, match="my-short-one: The prompt has 30 characters") as said:
        check_script(plan, Script(image_prompt="a", video_prompt="x" * 30))
    assert said.value.charged == "no"


@pytest.mark.parametrize(
    "leak", ["https://x.test/a.png?key=1", "X-Amz-Signature=1", "Bearer abcdefgh12345678"]
)
def test_a_written_prompt_that_no_receipt_keeps_buys_no_picture(leak):
    plan = stages(brief())
    with pytest.raises(InvalidRequest, match=r"'video_prompt' holds .* cannot be kept") as said:
        check_script(plan, Script(image_prompt="a quay", video_prompt=f"boats {leak}"))
    assert (said.value.charged, said.value.field) == ("no", "video_prompt")
    pictures = stages_of(brief(), "image", CATALOGUE)
    check_script(pictures, Script(image_prompt="a quay", video_prompt=f"boats {leak}"))
