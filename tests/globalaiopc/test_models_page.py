"""docs/models.md is what the catalogue says, and what it tells a user to write works."""

import re

import pytest

from globalaiopc import Catalogue, ConfigurationError, InvalidRequest
from globalaiopc.generation import Generation
from globalaiopc.limits import check
from globalaiopc.models_page import COMMAND, PAGE, main, page

TEXT = PAGE.read_text("utf-8")


def fenced(language: str) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)[0]


def test_the_page_is_current():
    assert page(Catalogue.load()) == TEXT, f"docs/models.md is old; write it anew: {COMMAND}"


def test_the_command_prints_the_page(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == TEXT
    assert main(["--wrote"]) == 2
    assert COMMAND in capsys.readouterr().err


def test_every_row_of_the_catalogue_is_on_the_page():
    catalogue = Catalogue.load()
    supplies = re.compile(r"-(official|hc|fd|low)$")
    for row in catalogue:
        assert f"`{supplies.sub('', catalogue.id_of(row))}`" in TEXT
    for name, at in catalogue.endpoints.items():
        assert f"\n### {name}\n\n`POST {at.path}`" in TEXT


def test_an_endpoint_of_ones_own_is_told_as_well():
    own = """
        [endpoint.new]
        makes = "video"
        path = "/v1/new/videos"
        api = "v1"
        poll_every = [1, 2]
        typical_seconds = [90, 120]
        deadline_seconds = 300
        unit = "job"
        evidence = "integrators"
        [[model]]
        names = ["new-1"]
        endpoint = "new"
    """
    text = page(Catalogue.load(own_rows=own))
    assert "## Others\n\n### new\n\n`POST /v1/new/videos`, then looked at every 1-2 s\n" in text
    assert "| `new-1` | video | 1.5-2 min | job | integrators |" in text


def test_the_worked_example_loads_and_its_models_are_held_to_it(tmp_path):
    own = tmp_path / "models.toml"
    own.write_text(fenced("toml"), "utf-8")
    catalogue = Catalogue.load(own)
    assert len(catalogue) == len(Catalogue.load()) + 3
    row = catalogue.model("viduq4-pro")
    assert (row.path, row.poll_every, row.unit) == ("/v1/vidu/videos", (30, 60), "token")
    assert (row.seconds, row.default_seconds) == ((4, 5, 6, 7, 8, 12), 8)
    asked = Generation(model="viduq4-pro", prompt="x", seconds=12, ratio="1:1", resolution="4k")
    check(row, asked, catalogue)
    with pytest.raises(InvalidRequest) as caught:
        check(row, asked.model_copy(update={"seconds": 9}), catalogue)
    assert (caught.value.field, caught.value.allowed) == ("seconds", "4, 5, 6, 7, 8, 12")
    new = catalogue.model("nano-banana-3")
    assert new.resolutions == ("1k", "2k", "8k")
    assert new.references == catalogue.model("nano-banana").references


def test_the_wrong_row_is_refused_in_the_words_of_the_page(tmp_path):
    own = tmp_path / "models.toml"
    own.write_text(fenced("toml").replace("default_seconds = 8", "default_seconds = 9"), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Catalogue.load(own)
    assert fenced("text").strip() == caught.value.message


def test_a_model_without_a_row_is_named_as_the_page_says():
    name = re.findall(r"`endpoint/any-new-name`\*\*: `(.+?)`", TEXT)[0]
    assert Catalogue.load().model(name).lenient
    twice = re.findall(r"`endpoint/name`\*\*: `(.+?)`", TEXT)[0]
    assert not Catalogue.load().model(twice).lenient
