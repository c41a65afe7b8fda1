"""How a model's fields show in Prefect's run form. What a flow accepts is not decided here."""

from dataclasses import dataclass

from pydantic import GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from flows.choices import Makes, choice_of, choices
from globalaiopc.catalogue import Catalogue

_CATALOGUE = Catalogue.load()


class _WithoutDefault(dict[str, object]):
    """A schema that takes no default.

    Pydantic writes the default of a parameter into the schema of its type, and Prefect keeps only
    extras that are added to it: nothing else can leave it out.
    """

    def __setitem__(self, key: str, value: object) -> None:
        if key != "default":
            super().__setitem__(key, value)


@dataclass(frozen=True)
class EmptyBox:
    """Annotates a parameter `kind | None = None` of a flow: it is drawn as an empty box.

    As `plain_form` does for the fields of a model, and for the same reason.
    """

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        kinds = [kind for kind in handler(schema)["anyOf"] if kind != {"type": "null"}]
        if len(kinds) == 1:
            return _WithoutDefault(_or_null(kinds[0]))
        nothing: JsonDict = {"title": "As it is", "type": "null"}
        return _WithoutDefault({"anyOf": [nothing, *kinds]})


@dataclass(frozen=True)
class Titled:
    """Annotates a kind of a union: the name of its button above the field."""

    title: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "title": self.title}


def plain_form(schema: JsonDict) -> None:
    """Draw each optional field as an empty box to type in (pydantic's `json_schema_extra`).

    Pydantic's `anyOf [string, null]` is drawn as a switch that stands at "None", with no box until
    it is clicked. A field that is neither required nor has a default may be null for Prefect
    anyway, so leaving the null out loses nothing.
    """
    fields = schema["properties"]
    if not isinstance(fields, dict):
        return
    for field in fields.values():
        if not isinstance(field, dict):
            continue
        _tell_example(field)
        kinds = field.get("anyOf")
        if isinstance(kinds, list) and "type" in field:
            del field["type"]  # each kind says its own: the form then offers the kinds
        elif isinstance(kinds, list) and field.get("default", ...) is None:
            given = [kind for kind in kinds if isinstance(kind, dict) and kind["type"] != "null"]
            # A box to tick has no third state: the form would always send false.
            if len(given) == 1 and given[0]["type"] != "boolean":
                del field["anyOf"], field["default"]
                field.update(given[0])
                field.update(_or_null(field))


def _or_null(kind: JsonDict) -> JsonDict:
    """A select's choices hold for null too; a single one is a select as well, not a constant."""
    only = kind.pop("const", None)
    chosen = kind.get("enum") if only is None else [only]
    return {**kind, "enum": [*chosen, None]} if isinstance(chosen, list) else kind


def _tell_example(field: JsonDict) -> None:
    """Into the help: the form itself shows no examples."""
    given = field.get("examples")
    if not isinstance(given, list) or not given:
        return
    first = given[0]
    told = ", ".join(map(str, first)) if isinstance(first, list) else str(first)
    field["description"] = f"{field.get('description', '')} For example: `{told}`".strip()


def models_that_make(makes: Makes, default: str | None = None) -> JsonDict:
    """A select of the catalogue's models, or a box for any other (`json_schema_extra`).

    The choices say what a model does, and are sent as they are shown: see `flows.choices.name_of`.
    """
    known: JsonDict = {
        "title": "Choose one",
        "type": "string",
        "enum": [*choices(makes)],
    }
    other: JsonDict = {"title": "Type another", "type": "string"}
    first: JsonDict = {} if default is None else {"default": choice_of(default)}
    return {"anyOf": [known, other], **first}


def left_to_the_model() -> JsonDict:
    """A switch that may also be left alone (`json_schema_extra`)."""
    return {
        "anyOf": [
            {"title": "Decide", "type": "boolean"},
            {"title": "Leave to the model", "type": "null"},
        ]
    }


def ratios() -> JsonDict:
    """A select of every ratio that some model makes (pydantic's `json_schema_extra`)."""
    return {"enum": list(dict.fromkeys(ratio for row in _CATALOGUE for ratio in row.ratios))}
