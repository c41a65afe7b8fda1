"""How a model's fields show in Prefect's run form. What a flow accepts is not decided here."""

from typing import Literal

from pydantic.config import JsonDict

from globalaiopc.catalogue import Catalogue

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
        if not isinstance(field, dict) or field.get("default", ...) is not None:
            continue
        kinds = field.get("anyOf")
        if isinstance(kinds, list):
            given = [kind for kind in kinds if isinstance(kind, dict) and kind["type"] != "null"]
            if len(given) == 1:
                del field["anyOf"], field["default"]
                field.update(given[0])


def models_that_make(makes: Literal["text", "image", "video"]) -> JsonDict:
    """A select of the catalogue's models (pydantic's `json_schema_extra`)."""
    return {"enum": [row.name for row in _CATALOGUE if row.makes == makes]}


def ratios() -> JsonDict:
    """A select of every ratio that some model makes (pydantic's `json_schema_extra`)."""
    return {"enum": list(dict.fromkeys(ratio for row in _CATALOGUE for ratio in row.ratios))}
