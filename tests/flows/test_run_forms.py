"""What Prefect makes the run forms of: every parameter explains itself, and none frightens."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import validate

from flows.briefs import Brief
from flows.choices import DASH, choices, name_of
from flows.spoken import SpokenBrief
from globalaiopc.catalogue import Catalogue
from tests.conftest import ROOT

CATALOGUE = Catalogue.load()
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
EXPERT = ("shards", "shard_size", "connection", "bucket", "shard")
"""What nobody needs who runs content; these come last."""


def schema_of(deployment: dict[str, Any]) -> dict[str, Any]:
    file, name = deployment["entrypoint"].split(":")
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    return dict(parameter_schema(getattr(module, name)).model_dump())


@pytest.fixture(params=DEPLOYMENTS, ids=[one["name"] for one in DEPLOYMENTS])
def schema(request: pytest.FixtureRequest) -> dict[str, Any]:
    return schema_of(request.param)


def test_deployments_are_told_apart_by_their_names() -> None:
    names = [one["name"] for one in DEPLOYMENTS]
    assert len({*names}) == len(names)
    assert all(len(name) <= 20 for name in names), "the list of deployments cuts longer ones off"


def test_every_parameter_has_a_title_help_and_a_place(schema: dict[str, Any]) -> None:
    shown = schema["properties"]
    assert sorted(one["position"] for one in shown.values()) == [*range(len(shown))]
    for name, one in shown.items():
        assert one["title"] not in ("", name), name
        assert one["description"], name
    order = sorted(shown, key=lambda name: shown[name]["position"])
    expert = [name for name in order if name in EXPERT]
    assert order[-len(expert) :] == expert
    for name in {*expert} - {"shard_size"}:
        assert shown[name]["description"].startswith("Leave "), name


def test_no_field_is_a_switch_that_stands_at_none(schema: dict[str, Any]) -> None:
    definitions = [one["properties"] for one in schema["definitions"].values()]
    for fields in (schema["properties"], *definitions):
        for name, one in fields.items():
            kinds = one.get("anyOf", [])
            assert all(kind.get("title") for kind in kinds), name
            assert kinds or one.get("default", "") is not None, name


def test_null_is_taken_all_the_same_for_what_may_be_left_out(schema: dict[str, Any]) -> None:
    """A schedule, a program or a batch that starts its shards may give it."""
    for one in (schema, *schema["definitions"].values()):
        shown, needed = one["properties"], one["required"]
        optional = [name for name in shown if name not in needed]
        nulls = {name: None for name in optional if "default" not in shown[name]}
        whole = {**one, "required": [], "definitions": schema["definitions"]}
        assert not validate(nulls, whole)


@pytest.mark.parametrize("makes", ["text", "image", "video"])
def test_the_choices_are_models_of_the_catalogue_with_what_they_do(makes: Any) -> None:
    found = choices(makes)
    names = [name_of(one) for one in found]
    rows = {CATALOGUE.id_of(row) for row in CATALOGUE if row.makes == makes}
    assert {*names} == {name for name in rows if "/" not in name}
    assert all(one.partition(DASH)[2] for one in found)
    field = Brief.model_json_schema()["properties"][f"{makes}_model"]
    chosen, typed = field["anyOf"]
    assert chosen["enum"] == [*found]
    assert "enum" not in typed
    assert field["default"] in found
    assert name_of(field["default"]) == Brief.model_fields[f"{makes}_model"].default


def test_a_choice_is_taken_as_the_name_of_its_model() -> None:
    brief = Brief(
        id="a",
        topic="t",
        video_model=choices("video")[1],
        video_fallbacks=[choices("video")[2], "veo/veo_9"],
    )
    assert brief.video_model == "openAiSora2Pro"
    assert brief.video_fallbacks == ["sora-2", "veo/veo_9"]
    spoken = SpokenBrief(id="a", text="t", text_model=choices("text")[1])
    assert spoken.text_model == "gpt-5.4-official"


@pytest.mark.parametrize("model", [Brief, SpokenBrief])
def test_examples_are_told_in_the_help(model: type[Brief | SpokenBrief]) -> None:
    for name, field in model.model_json_schema()["properties"].items():
        if examples := field.get("examples"):
            first = examples[0]
            told = ", ".join(first) if isinstance(first, list) else str(first)
            assert f"For example: `{told}`" in field["description"], name
