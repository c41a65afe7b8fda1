import re
import tomllib
from importlib import resources

import pytest

from globalaiopc import Catalogue, ConfigurationError, InvalidRequest, ModelRow
from globalaiopc.generation import Generation
from globalaiopc.limits import check

CATALOGUE = Catalogue.load()


PATHS = {
    "chat_completions": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
    "generate_content": "/v1/models/{model}:generateContent",
    "stream_generate_content": "/v1/models/{model}:streamGenerateContent",
    "nano_banana": "/v1/banana/images",
    "gpt_image_2": "/v1/image2/images",
    "sora": "/v1/sora/videos",
    "veo": "/v1/veo/videos",
    "seedance_1_5": "/v1/seedance/videos",
    "seedance_2_0": "/v1/kyyvideo2/videos",
    "seedance_x1": "/v1/seedance-x1/videos",
    "seedance_special": "/v1/seedance-special/videos",
    "seedance_discount": "/v1/seedance-discount/videos",
    "vidu": "/v1/vidu/videos",
    "grok": "/v1/grok/videos",
    "starvideos": "/v1/starvideos/videos",
    "videos": "/v1/videos/videos",
    "sd2_manxue": "/v1/sd2_manxue/videos",
    "luxvid": "/v1/luxvid-video/videos",
    "omni_flash": "/v1/omni-flash/videos",
    "happyhorse_t2v": "/v1/happyhorse-t2v/videos",
    "happyhorse_i2v": "/v1/happyhorse-i2v/videos",
    "happyhorse_r2v": "/v1/happyhorse-r2v/videos",
    "happyhorse_edit": "/v1/happyhorse-edit/videos",
    "digital_human": "/v1/digitalHuman/videos",
    "voice_clone": "/v1/soundCloning/clones",
    "speech": "/v1/soundCloning/audios",
    "model_center": "/v2/model-center/tasks",
}


def each(stem: str, ends: str) -> list[str]:
    """`each("a{}", ". -b")` is a, a-b: a dot stands for nothing."""
    return [stem.format(end.removeprefix(".")) for end in ends.split()]


GPT = [
    *each("gpt-5.4{}", ". -official -hc -fd -low"),
    *each("gpt-5.5{}", ". -official -hc -fd -low"),
]
CLAUDE = [
    name + supply
    for name in (
        *("claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7"),
        *("claude-sonnet-4-5", "claude-sonnet-4-6"),
    )
    for supply in ("", "-official", "-hc", "-fd")
]
GEMINI = [
    *each("gemini-2.5-pro{}", ". -official -low"),
    *each("gemini-3-flash-preview{}", ". -official -low"),
    *each("gemini-3.1-pro-preview{}", ". -official -low"),
    *("gemini-2.5-flash-lite", "gemini-3.1-flash-lite-preview"),
]
# Every name that the provider's pages or its integrators know, by the call that takes it.
KNOWN = {
    "chat_completions": [*GPT, *CLAUDE, *GEMINI],
    "messages": [*CLAUDE, *GPT],
    "responses": GPT,
    "generate_content": GEMINI,
    "stream_generate_content": GEMINI,
    "nano_banana": each("nano-banana{}", ". -fast -2 -2-stable -pro -pro-stable"),
    "gpt_image_2": each("gpt-image-2{}", ". -r -o"),
    "sora": ["openAiSora2Plus", "openAiSora2Pro", *each("sora-2{}", ". -stable -pro")],
    "veo": each("veo_3_1_{}", "fast_stable pro_stable fast pro"),
    "seedance_1_5": each("seedance_1_5_pro_{}", "480p 720p 1080p"),
    "seedance_2_0": [
        *each("seedance_2_0{}", ". _fast _pro _fast_pro"),
        *each("kyyvideo2{}", ". _fast _pro _fast_pro"),
    ],
    "seedance_x1": [
        *each("seedance_2_0_x1_{}", "official discount"),
        *each("seedance_fast_2_0_x1_{}", "official discount"),
    ],
    "seedance_special": [
        *each("sd_2.0_special_{}", "720p 1080p 2k 4k"),
        "sd_2.0_fast_special_720p",
    ],
    "seedance_discount": [
        *each("sd_2.0_discount_{}", "480p 720p 1080p"),
        *each("sd_2.0_fast_discount_{}", "480p 720p"),
    ],
    "vidu": ["viduq3-pro", "viduq3-turbo"],
    "grok": each("grok_video3{}", ". _pro _max _stable"),
    "starvideos": ["starvideos_o3", "starvideos_v3"],
    "videos": each("videos{}", ". _stable _stable_fast _fast _pro _pro_fast"),
    "sd2_manxue": [
        *each("sd2_manxue_{}", "720p 1080p 2k 4k fast_720p fast_1080p"),
        *each("sd2_manxue_video_{}", "720p 1080p 2k 4k fast_720p fast_1080p"),
    ],
    "luxvid": ["LuxVid_video", "LuxVid_video_fast"],
    "omni_flash": ["omni-flash"],
    "happyhorse_t2v": ["happyhorse-1.0-t2v"],
    "happyhorse_i2v": ["happyhorse-1.0-i2v"],
    "happyhorse_r2v": ["happyhorse-1.0-r2v"],
    "happyhorse_edit": ["happyhorse-1.0-video-edit"],
    "digital_human": ["kyy_digitalHuman", "digitalHuman"],
    "voice_clone": ["soundCloningClone"],
    "speech": ["soundCloningAudio"],
    "model_center": [
        *each("seedance-2.5{}", ". -c1 -c2 -c3"),
        *("sd_2.5_discount_v1", "sd_2.5_special_v1", "video_30_10_10"),
        *each("sd_2.0_{}", "special fast_special discount fast_discount"),
        *each("seedance_1_5_pro_{}", "480p 720p 1080p"),
        *("videos_933_c1", "videos_fast_933_c1", "videos_stable", "videos_stable_fast"),
        *("minimax-h3", "MiniMax-H3-c1", "MiniMax-H3-c4", "MiniMax-H3-768p"),
        *each("happyhorse-1.0-{}", "t2v i2v r2v"),
        *each("happyhorse-1.1-{}", "t2v i2v r2v"),
        *each("hh-1.1-{}-o", "t2v i2v r2v"),
        *each("wan2.7-{}", "t2v i2v r2v videoedit"),
        *("wan3.0-r2v", "wan3.0-video-c1", "KlingO3", "seedream-5.0", "seedream_5.0Pro"),
    ],
}


@pytest.mark.parametrize("endpoint", PATHS)
def test_every_known_model_has_a_row(endpoint):
    there = [row.name for row in CATALOGUE if row.endpoint == endpoint]
    assert sorted(there) == sorted(KNOWN[endpoint])
    at = CATALOGUE.endpoints[endpoint]
    assert (at.path, at.api) == (PATHS[endpoint], PATHS[endpoint][1:3])
    for row in CATALOGUE:
        if row.endpoint == endpoint:
            assert (row.path, row.api) == (at.path, at.api)


def test_no_endpoint_is_unknown():
    assert list(CATALOGUE.endpoints) == list(PATHS)


def test_no_row_of_ours_is_written_twice():
    text = resources.files("globalaiopc").joinpath("catalogue.toml").read_text("utf-8")
    written = sum(len(row["names"]) for row in tomllib.loads(text)["model"])
    assert written == len(CATALOGUE)


def test_the_documented_row_of_a_name_is_the_one_that_its_name_means():
    twice = {row.name for row in CATALOGUE if CATALOGUE.id_of(row) != row.name}
    for name in twice:
        rows = [row for row in CATALOGUE if row.name == name]
        assert CATALOGUE.model(name) is rows[0]
        for row in rows:
            assert CATALOGUE.model(f"{row.endpoint}/{name}") is row
        if rows[0].makes == "text":
            home = "chat_completions"
        else:
            home = rows[0].endpoint
            assert rows[0].api == "v1"
        assert CATALOGUE.model(name).endpoint == home
    media = {name for name in twice if CATALOGUE.model(name).makes != "text"}
    assert media == {
        *each("seedance_1_5_pro_{}", "480p 720p 1080p"),
        *each("happyhorse-1.0-{}", "t2v i2v r2v"),
        *("videos_stable", "videos_stable_fast"),
    }


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: f"{row.endpoint}/{row.name}")
def test_a_row_is_sane(row):
    low, high = row.typical_seconds
    assert 0 < low <= high < row.deadline_seconds
    assert row.poll_every[1] <= 60
    if row.makes == "text":
        assert (row.seconds, row.ratios, row.resolutions) == ((), (), ())
        return
    assert len(set(row.seconds)) == len(row.seconds)
    assert (row.default_seconds is None) == (not row.seconds)
    assert all(0 < number <= 30 for number in row.seconds)
    assert len(set(row.ratios)) == len(row.ratios)
    assert all(re.fullmatch(r"\d+:\d+|adaptive", ratio) for ratio in row.ratios)
    assert all(re.fullmatch(r"\d{3,4}[pP]|\d[kK]", word) for word in row.resolutions)
    assert set(row.pixel_sizes) <= set(row.ratios)
    assert row.api == ("v2" if row.endpoint == "model_center" else "v1")
    # What a video starts from, and what it only looks like, is never one field for two things.
    assert set(row.spelling) <= {"seconds", "ratio", "resolution", "first_frame", "last_frame"}
    if row.spelling.get("resolution") == "":
        assert row.name.endswith(row.default_resolution)
        assert row.resolutions == (row.default_resolution,)
    assert (row.makes == "image") == (row.endpoint in IMAGE_ENDPOINTS or "seedream" in row.name)


IMAGE_ENDPOINTS = {"nano_banana", "gpt_image_2"}


def test_what_a_model_is_held_to_and_where_the_pages_disagree():
    """One of each kind, told from the pages anew: a slip in the table is not mirrored here."""
    model = CATALOGUE.model
    sora = model("openAiSora2Plus")
    assert (sora.seconds, sora.default_seconds, sora.default_ratio) == ((4, 8, 12), 4, "9:16")
    assert (sora.pixels("16:9"), sora.pixels("9:16")) == ((1280, 720), (720, 1280))
    assert sora.pixels("1:1") is None
    assert model("nano-banana-2").resolutions == ("1k", "2k")
    assert "4k" in model("nano-banana-pro").resolutions
    assert not model("gpt-image-2-r").qualities
    assert not model("gpt-image-2-o").sizes
    assert "4k" not in model("veo_3_1_pro_stable").resolutions
    assert not model("veo_3_1_fast_stable").references
    # Plain and fast only beside a reference video (the newest page), and so never with frames.
    for name in ("seedance_2_0", "seedance_2_0_fast"):
        assert model(name).references_needed == {"video": 1}
        assert not model(name).takes_first_frame
    assert "video" not in model("kyyvideo2_pro").references
    assert model("grok_video3_stable").seconds == (10,)
    assert model("grok_video3_stable").resolutions == ("720p",)
    assert max(model("seedance_1_5_pro_720p").seconds) == 12
    assert max(model("model_center/seedance_1_5_pro_720p").seconds) == 11
    assert model("minimax-h3").resolutions == ("2k",)
    assert model("MiniMax-H3-c4").resolutions == ("1440P",)
    assert model("hh-1.1-i2v-o").resolutions == ("720P", "1080P")
    assert not model("hh-1.1-i2v-o").ratios
    assert "480p" not in model("sd_2.0_special").resolutions
    assert model("wan2.7-i2v").last_frame == "needed"
    assert model("LuxVid_video").last_frame == "alone"
    for row in CATALOGUE:
        assert bool(row.video_reference_suffix) == (
            "seedance_" in row.endpoint and "sd_" in row.name
        )
        assert ("video" in row.references) == ("video" in row.name) or row.endpoint != "sd2_manxue"
        assert row.reference_mode == (row.name == "KlingO3" or "_933_" in row.name)
        assert (row.asset_step == "always") == row.name.startswith("sd_2.5")
    assert not model("messages/gpt-5.4").references
    assert "video" in model("generate_content/gemini-2.5-pro").references


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("opensora2plus", "openAiSora2Plus"),
        ("OPENAISORA2PRO", "openAiSora2Pro"),
        ("nano banana 2", "nano-banana-2"),
        ("gpt5.4", "gpt-5.4"),
    ],
)
def test_an_unknown_model_names_the_nearest(asked, near):
    with pytest.raises(InvalidRequest) as caught:
        CATALOGUE.model(asked)
    assert near in caught.value.message
    assert near in caught.value.allowed
    assert caught.value.field == "model"


def test_an_unknown_model_that_is_near_nothing():
    with pytest.raises(InvalidRequest, match="has no model 'zzz'"):
        CATALOGUE.model("zzz")
    assert CATALOGUE.get("zzz") is None
    assert "zzz" not in CATALOGUE


SORA = {"model": "openAiSora2Plus", "prompt": "x"}
URL = "https://example.com/a.png"


@pytest.mark.parametrize(
    ("asked", "field", "allowed"),
    [
        ({"seconds": 5}, "seconds", "4, 8, 12"),
        ({"ratio": "1:1"}, "ratio", "16:9, 9:16"),
        ({"size": "1920x1080"}, "size", "1280x720, 720x1280"),
        ({"images": (URL, URL)}, "images", "at most 1"),
        ({"videos": (URL,)}, "videos", "at most 0"),
        ({"prompt": "x" * 5001}, "prompt", "at most 5,000 characters"),
    ],
)
def test_what_a_model_does_not_take_is_named(asked, field, allowed):
    with pytest.raises(InvalidRequest) as caught:
        check(CATALOGUE.model("openAiSora2Plus"), Generation(**{**SORA, **asked}))
    assert (caught.value.field, caught.value.allowed) == (field, allowed)
    assert caught.value.charged == "no"


def test_a_row_of_ones_own_adds_and_replaces(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[[model]]\nfamily = "sora"\nnames = ["sora-next"]\nseconds = [6]\ndefault_seconds = 6\n'
        '[[model]]\nfamily = "nano-banana"\nnames = ["nano-banana"]\nresolutions = ["1k", "8k"]\n',
        "utf-8",
    )
    catalogue = Catalogue.load(own)
    assert catalogue.model("sora-next").pixels("16:9") == (1280, 720)
    assert catalogue.model("nano-banana").resolutions == ("1k", "8k")
    assert len(catalogue) == len(CATALOGUE) + 1


def test_a_row_of_ones_own_replaces_the_one_at_its_endpoint_only(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[[model]]\nendpoint = "model_center"\nmakes = "video"\nnames = ["videos_stable"]\n'
        'seconds = ["4-6", 9]\n',
        "utf-8",
    )
    catalogue = Catalogue.load(own)
    assert catalogue.model("model_center/videos_stable").seconds == (4, 5, 6, 9)
    assert catalogue.model("videos_stable") == CATALOGUE.model("videos_stable")
    assert len(catalogue) == len(CATALOGUE)


def test_names_and_an_endpoint_are_a_whole_row():
    catalogue = Catalogue.load(own_rows='model = [{ names = ["new"], endpoint = "vidu" }]')
    row, other = catalogue.model("new"), CATALOGUE.model("viduq3-pro")
    assert (row.path, row.makes, row.poll_every) == (other.path, "video", other.poll_every)
    assert not row.lenient
    with pytest.raises(InvalidRequest) as caught:
        check(row, Generation(model="new", prompt="x", seconds=5))
    assert caught.value.field == "seconds"


@pytest.mark.parametrize("endpoint", PATHS)
def test_a_name_that_nobody_knows_works_at_a_named_endpoint(endpoint):
    row = CATALOGUE.model(f"{endpoint}/brand-new")
    assert (row.name, row.endpoint, row.path, row.lenient) == (
        *("brand-new", endpoint, PATHS[endpoint]),
        True,
    )
    assert CATALOGUE.id_of(row) == f"{endpoint}/brand-new"
    check(row, Generation(model=row.name, prompt="x", seconds=77, ratio="7:1", quality="best"))


def test_an_endpoint_that_nobody_knows():
    for name in ("soar/openAiSora2Plus", "sora/", "/sora", "sora/ "):
        assert CATALOGUE.get(name) is None
    with pytest.raises(InvalidRequest, match="Did you mean openAiSora2Plus"):
        CATALOGUE.model("soar/openAiSora2Plus")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("=", "is not TOML"),
        ("schema = 2", "schema 2"),
        ("model = 3", "needs"),
        ("[[model]]\n", "row 1 needs `names`"),
        ('[[model]]\nnames = ["a"]\nfamily = "nope"', "unknown family 'nope'"),
        ('[[model]]\nnames = ["a"]', r"row 1 \(a\), makes"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\nsecnds = [1]', "secnds"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\nseconds = [1]', "default_seconds"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\npoll_every = [9, 1]', "poll_every"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\npixel_sizes = {"1:1"="big"}', "pixel_sizes"),
        ('[[model]]\nnames = ["a"]\nendpoint = "soar"', r"\(a\) names the unknown endpoint 'soar'"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\nseconds = ["8-4"]', "'8-4' does not rise"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\nseconds = ["few"]', "'few' is no range"),
        ('[[model]]\nnames = ["a"]\nfamily = "sora"\nspelling = {lenght="x"}', "not lenght"),
        ('[[model]]\nnames = ["a"]\nendpoint = "vidu"\nlast_frame = "paired"', "wants a first"),
        (
            '[[model]]\nnames = ["a"]\nendpoint = "vidu"\nreferences_needed = {video = 1}',
            "asks for more videos",
        ),
        ('[endpoint.new]\npath = "v1"', "endpoint new, path"),
        ("[endpoint]\nnew = 3", "endpoint new, no table"),
    ],
)
def test_a_wrong_file_is_named_with_its_row_and_field(tmp_path, text, says):
    own = tmp_path / "own.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=says) as caught:
        Catalogue.load(own)
    assert "own.toml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read"):
        Catalogue.load(tmp_path / "gone.toml")


def test_rows_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        CATALOGUE.model("gpt-5.4").name = "other"
    assert isinstance(CATALOGUE.model("gpt-5.4"), ModelRow)
