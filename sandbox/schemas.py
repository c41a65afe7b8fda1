"""JSON that a JSON schema admits, as a model with structured output answers it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]

_DEEPEST = 12


def example(schema: Schema, words: Mapping[str, str], other: str) -> JsonValue:
    """`words` fill the texts of the same name, `other` all further ones.

    Knows what structured output is documented for: objects, arrays, enums, `anyOf` and `$defs`,
    also with Gemini's upper-case types. Patterns and formats are not looked at.
    """
    return _value(schema, schema, words, other, 0)


def _value(
    schema: Schema, root: Schema, words: Mapping[str, str], said: str, depth: int
) -> JsonValue:
    if depth > _DEEPEST:
        return None
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    for choices in (schema.get("enum"), schema.get("anyOf"), schema.get("oneOf")):
        if isinstance(choices, list) and choices:
            first = choices[0]
            return _value(first, root, words, said, depth + 1) if isinstance(first, dict) else first
    kind = schema.get("type")
    kind = str(kind[0] if isinstance(kind, list) and kind else kind).lower()
    if kind == "object" or "properties" in schema:
        fields = schema.get("properties")
        return {
            name: _value(inner, root, words, words.get(name, said), depth + 1)
            for name, inner in (fields.items() if isinstance(fields, dict) else ())
            if isinstance(inner, dict)
        }
    if kind == "array":
        inner = schema.get("items")
        one = _value(inner if isinstance(inner, dict) else {}, root, words, said, depth + 1)
        least = schema.get("minItems")
        return [one] * max(1, least if isinstance(least, int) else 1)
    return _simple(kind, schema, said)


def _simple(kind: str, schema: Schema, said: str) -> JsonValue:
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind in ("boolean", "null"):
        return {"boolean": True}.get(kind)
    longest = schema.get("maxLength")
    return said[:longest] if isinstance(longest, int) else said


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follows `#/$defs/NAME`."""
    reference = schema.get("$ref")
    found: JsonValue = dict(root)
    for name in str(reference).removeprefix("#").strip("/").split("/") if reference else ():
        found = found.get(name) if isinstance(found, dict) else None
    return found if reference and isinstance(found, dict) else schema
