"""What a row refuses, rule by rule: the field, what is allowed, and models that can."""

import pytest

from globalaiopc import Catalogue, InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.limits import check

CATALOGUE = Catalogue.load()
A, B, C, D, E = (f"https://example.com/{name}" for name in "abcde")


def wish(model: str, **words: object) -> Generation:
    return Generation.model_validate({"model": model, "prompt": "a cat", **words})


FINE = [
    ("happyhorse-1.0-t2v", {"prompt": "猫" * 2500 + "x" * 2500}),
    ("seedance_1_5_pro_720p", {"prompt": "猫" * 500, "resolution": "720p", "seconds": 12}),
    ("seedance_1_5_pro_720p", {"prompt": "word " * 1000}),
    ("seedream-5.0", {"size": "1234x567", "images": (A,) * 10}),
    ("gpt-image-2", {"size": "3840x2160", "quality": "high"}),
    ("videos_fast", {"first_frame": A, "last_frame": B}),
    ("videos_fast", {"images": (A,)}),
    ("LuxVid_video", {"last_frame": A}),
    ("wan2.7-i2v", {"first_frame": A, "last_frame": B}),
    ("seedance_2_0_x1_official", {"first_frame": A}),
    ("seedance_2_0_x1_official", {"videos": (A,)}),
    ("starvideos_o3", {"videos": (A,), "images": (A, B, C, D)}),
    ("starvideos_o3", {"images": (A,), "seconds": 3, "ratio": "1:1"}),
    ("seedance-2.5-c1", {"first_frame": A, "last_frame": B, "images": (C,)}),
    ("seedance_2_0", {"videos": (A,), "audios": (B,), "sound": False}),
    ("kyy_digitalHuman", {"prompt": "", "videos": (A,), "audios": (B,)}),
    ("soundCloningClone", {"prompt": "", "audios": (A,)}),
    ("soundCloningAudio", {"voice": "v-1"}),
    ("grok_video3", {"images": ("data:image/png;base64,AA==",)}),
    ("happyhorse-1.1-t2v", {"seed": 0, "resolution": "1080P"}),
    ("sd_2.0_special", {"seed": -1, "resolution": "4k", "ratio": "adaptive"}),
    ("wan3.0-r2v", {"seconds": 29, "seed": 5, "voice": "anything goes"}),
    ("sora/sora-9", {"seconds": 29, "images": (A,) * 20}),
]
REFUSED = [
    ("happyhorse-1.0-t2v", {"prompt": "猫" * 2501}, "prompt", "at most 2,500 Chinese characters"),
    ("happyhorse-1.0-t2v", {"prompt": "x" * 5001}, "prompt", "at most 5,000 characters"),
    ("seedance_1_5_pro_720p", {"prompt": "word " * 1001}, "prompt", "at most 1,000 words"),
    ("seedance_1_5_pro_720p", {"resolution": "1080p"}, "resolution", "720p"),
    ("model_center/seedance_1_5_pro_720p", {"seconds": 12}, "seconds", "4 to 11"),
    ("sora-2", {"prompt": " "}, "prompt", ""),
    ("seedream_5.0Pro", {"size": "1234x567"}, "size", ""),
    ("seedream_5.0Pro", {"resolution": "3K"}, "resolution", "1K, 2K"),
    ("gpt-image-2-r", {"quality": "high"}, "quality", ""),
    ("veo_3_1_fast", {"seconds": 4}, "seconds", "8"),
    ("veo_3_1_fast_stable", {"images": (A,)}, "images", "at most 0"),
    ("veo_3_1_pro_stable", {"resolution": "4k"}, "resolution", "720p, 1080p"),
    ("happyhorse-1.0-t2v", {"resolution": "480P"}, "resolution", "720P, 1080P"),
    ("happyhorse-1.0-t2v", {"first_frame": A}, "first_frame", ""),
    ("happyhorse-1.0-i2v", {}, "first_frame", ""),
    ("happyhorse-1.0-i2v", {"first_frame": A, "ratio": "1:1"}, "ratio", ""),
    ("happyhorse-1.0-i2v", {"first_frame": A, "last_frame": B}, "last_frame", ""),
    ("happyhorse-1.0-r2v", {}, "images", "at least 1"),
    ("happyhorse-1.0-video-edit", {"videos": (A,), "seconds": 5}, "seconds", ""),
    ("wan2.7-i2v", {"first_frame": A}, "last_frame", ""),
    ("viduq3-pro", {"last_frame": A}, "last_frame", ""),
    ("videos_fast", {"first_frame": A}, "last_frame", ""),
    ("videos_fast", {"last_frame": A}, "last_frame", ""),
    ("seedance_2_0_x1_official", {}, "images", "a frame or reference"),
    ("starvideos_o3", {"videos": (A,), "seconds": 3}, "seconds", ""),
    ("starvideos_o3", {"videos": (A,), "ratio": "1:1"}, "ratio", ""),
    ("starvideos_o3", {"videos": (A,), "images": (A, B, C, D, E)}, "images", "at most 4"),
    ("seedance_2_0", {"images": (A,)}, "videos", "at least 1"),
    ("seedance_2_0_pro", {"first_frame": A, "audios": (B,)}, "audios", ""),
    ("seedance_2_0_pro", {"audios": (B,)}, "audios", ""),
    ("seedance-2.5", {"videos": (A,)}, "videos", "at most 0"),
    ("kyy_digitalHuman", {"videos": (A,), "audios": (B,)}, "prompt", ""),
    ("kyy_digitalHuman", {"prompt": "", "videos": (A,)}, "audios", "at least 1"),
    ("soundCloningAudio", {}, "voice", ""),
    ("viduq3-pro", {"voice": "v-1"}, "voice", ""),
    ("viduq3-pro", {"sound": True}, "sound", ""),
    ("viduq3-pro", {"seed": 1}, "seed", ""),
    ("happyhorse-1.1-t2v", {"seed": -1}, "seed", "0 to 2147483647"),
    (
        "grok_video3_max",
        {"images": ("data:image/png;base64,AA==",)},
        "images",
        "http:// or https:// URLs",
    ),
]


@pytest.mark.parametrize(("model", "words"), FINE)
def test_what_a_model_takes(model, words):
    check(CATALOGUE.model(model), wish(model, **words), CATALOGUE)


@pytest.mark.parametrize(("model", "words", "field", "allowed"), REFUSED)
def test_what_a_model_does_not_take_is_named(model, words, field, allowed):
    with pytest.raises(InvalidRequest) as caught:
        check(CATALOGUE.model(model), wish(model, **words), CATALOGUE)
    assert (caught.value.field, caught.value.allowed) == (field, allowed)
    assert caught.value.charged == "no"
    assert "base64,AA" not in str(caught.value)


def test_models_that_can_are_named_the_nearest_first():
    with pytest.raises(InvalidRequest) as caught:
        check(
            CATALOGUE.model("veo_3_1_pro_stable"), wish("x", resolution="4k", seconds=8), CATALOGUE
        )
    assert caught.value.advice.startswith("These can: veo_3_1_pro, veo_3_1_fast")


def test_every_model_that_is_named_as_able_is():
    asked = wish("x", seconds=29, resolution="1080p")
    with pytest.raises(InvalidRequest) as caught:
        check(CATALOGUE.model("openAiSora2Pro"), asked, CATALOGUE)
    for name in caught.value.advice.removeprefix("These can: ").removesuffix(".").split(", "):
        assert not CATALOGUE.model(name).lenient
        check(CATALOGUE.model(name), asked, CATALOGUE)


MEDIA = [row for row in CATALOGUE if row.makes != "text"]


@pytest.mark.parametrize("row", MEDIA, ids=CATALOGUE.id_of)
def test_every_model_makes_something(row):
    """The simplest job, and the largest that a row allows, are both let through."""
    words = {
        "prompt": "" if row.prompt_limit == 0 else "a cat",
        "voice": "v-1" if row.needs_voice else None,
        "first_frame": A if row.first_frame == "needed" or row.needs_media else None,
        "last_frame": B if row.last_frame == "needed" else None,
    }
    for limit in (row.references_needed, row.references):
        if words["first_frame"] and row.frames_exclude_references:
            media = {}
        else:
            media = {f"{kind}s": (A,) * count for kind, count in limit.items()}
        if row.images_beside_video is not None and limit is row.references:
            media["images"] = (A,) * row.images_beside_video
        decided = row.video_decides and media.get("videos")
        plain = Generation(model=row.name, **words, **media)
        check(row, plain, CATALOGUE)
        asked = {
            "seconds": None if decided else row.default_seconds,
            "ratio": None if decided else next(iter(row.ratios), None),
            "resolution": next(iter(row.resolutions), None),
            "quality": next(iter(row.qualities), None),
            "sound": True if row.sound else None,
            "seed": row.seeds[1] if row.seeds else None,
        }
        check(row, plain.model_copy(update=asked), CATALOGUE)
