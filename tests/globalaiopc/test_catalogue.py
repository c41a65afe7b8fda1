import pytest

from globalaiopc import Catalogue, ConfigurationError, InvalidRequest, ModelRow
from globalaiopc.generation import Generation
from globalaiopc.limits import check
from globalaiopc.requests import ChatRequest, NanoBananaRequest, SoraRequest

CATALOGUE = Catalogue.load()


def test_the_documented_models_are_there():
    made = {
        kind: [row.name for row in CATALOGUE if row.makes == kind] for kind in ("text", "image")
    }
    assert len(made["text"]) == 10 + 24 + 11
    assert set(made["image"]) == {
        *("nano-banana", "nano-banana-fast", "nano-banana-2", "nano-banana-2-stable"),
        *("nano-banana-pro", "nano-banana-pro-stable"),
    }
    for name in ("openAiSora2Plus", "openAiSora2Pro"):
        row = CATALOGUE.model(name)
        assert (row.seconds, row.default_seconds) == ((4, 8, 12), 4)
        assert (row.pixels("16:9"), row.pixels("9:16")) == ((1280, 720), (720, 1280))
        assert row.pixels("1:1") is None
        assert row.poll_every == (30, 60)


def test_rows_name_the_paths_of_the_requests():
    kinds = {kind.endpoint: kind for kind in (ChatRequest, NanoBananaRequest, SoraRequest)}
    for row in CATALOGUE:
        assert (row.path, row.api) == (kinds[row.endpoint].path, kinds[row.endpoint].api)


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
