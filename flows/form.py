"""How a model's fields show in Prefect's run form. What a flow accepts is not decided here."""

from typing import Literal

from pydantic.config import JsonDict

from globalaiopc.catalogue import Catalogue

Makes = Literal["text", "image", "video"]

_CATALOGUE = Catalogue.load()


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
        kinds = field.get("anyOf")
        if isinstance(kinds, list) and "type" in field:
            del field["type"]  # each kind says its own: the form then offers the kinds
        elif isinstance(kinds, list) and field.get("default", ...) is None:
            given = [kind for kind in kinds if isinstance(kind, dict) and kind["type"] != "null"]
            # A box to tick has no third state: the form would always send false.
            if len(given) == 1 and given[0]["type"] != "boolean":
                del field["anyOf"], field["default"]
                field.update(given[0])


def models_that_make(makes: Makes) -> JsonDict:
    """A select of the catalogue's models, or a box for any other (`json_schema_extra`)."""
    known = [_CATALOGUE.id_of(row) for row in _CATALOGUE if row.makes == makes]
    return {
        "anyOf": [
            {"title": "One of the catalogue", "type": "string", "enum": [*known]},
            {
                "title": "Another model: endpoint/name, or a row of your own",
                "type": "string",
            },
        ]
    }


def fallbacks(makes: Makes) -> JsonDict:
    """A list of models (`json_schema_extra`)."""
    return {"items": models_that_make(makes)}


def ratios() -> JsonDict:
    """A select of every ratio that some model makes (pydantic's `json_schema_extra`)."""
    return {"enum": list(dict.fromkeys(ratio for row in _CATALOGUE for ratio in row.ratios))}
