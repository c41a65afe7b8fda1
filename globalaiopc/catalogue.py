"""The table of models: which call makes them, what they accept, how often to look.

The rows are data (`catalogue.toml`); a file of your own adds rows or replaces them by name.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from globalaiopc.errors import ConfigurationError, InvalidRequest
from globalaiopc.faults import first_fault
from globalaiopc.rows import EndpointRow, Evidence, Makes, ModelRow, Unit

__all__ = ["Catalogue", "EndpointRow", "Evidence", "Makes", "ModelRow", "Unit"]

_SCHEMA = 1
_NAME = re.compile(r"[\w.:/@+-](?:[\w.:/@+ -]{0,126}[\w.:/@+-])?")
"""Of a model that has no row: it stands in requests, receipts, pages and logs."""

Table = Mapping[str, object]
Key = tuple[str, str]
"""Endpoint and name: some models are offered at two endpoints, with other limits at each."""


@dataclass
class _Tables:
    """What the files read so far say; a later file can use the families of an earlier one."""

    endpoints: dict[str, Table] = field(default_factory=dict)
    families: dict[str, Table] = field(default_factory=dict)
    rows: dict[Key, ModelRow] = field(default_factory=dict)


class Catalogue:
    """The rows, by name.

    A model is named by its name alone ("videos_stable": the first row of that name), or with its
    endpoint ("model_center/videos_stable"). A name that no row has works at an endpoint that is
    named: what is asked of it is then passed on unchecked.
    """

    def __init__(self, rows: Iterable[ModelRow], endpoints: Mapping[str, Table]) -> None:
        self._rows = {(row.endpoint, row.name): row for row in rows}
        self._preferred: dict[str, ModelRow] = {}
        for row in self._rows.values():
            self._preferred.setdefault(row.name, row)
        self._endpoints = endpoints
        self.endpoints: Mapping[str, EndpointRow] = {
            name: EndpointRow.model_validate({**table, "name": name})
            for name, table in endpoints.items()
        }

    @classmethod
    def load(cls, *extra_paths: str | Path, own_rows: str = "") -> Self:
        """The built-in rows, then those of each file, then `own_rows` (TOML); a later row wins.

        A file that cannot be read or holds a wrong row is a `ConfigurationError` that names it.
        """
        built_in = resources.files("globalaiopc").joinpath("catalogue.toml")
        texts = [("catalogue.toml", built_in.read_text("utf-8"))]
        texts += [(Path(path).name, _read(Path(path))) for path in extra_paths]
        texts += [("of the connection", own_rows)] if own_rows.strip() else []
        tables = _Tables()
        for name, text in texts:
            _add(tables, name, text)
        return cls(tables.rows.values(), tables.endpoints)

    def __iter__(self) -> Iterator[ModelRow]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def get(self, name: str) -> ModelRow | None:
        """The row of "name" or "endpoint/name", or None for a name that means nothing."""
        endpoint, slash, model = name.partition("/")
        if not slash:
            return self._preferred.get(name)
        if endpoint not in self._endpoints or not _NAME.fullmatch(model):
            return None
        return self._rows.get((endpoint, model)) or self._undescribed(endpoint, model)

    def model(self, name: str) -> ModelRow:
        """The row of a model; an unknown name is an `InvalidRequest` that names the nearest."""
        row = self.get(name)
        if row is not None:
            return row
        near = self._nearest(name)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InvalidRequest(
            f"The catalogue has no model {name[:80]!r}.{hint}",
            field="model",
            allowed=", ".join(near),
            advice=(
                "Correct the name (capital letters count), add a row to the catalogue, or name "
                "its endpoint as well, such as sora/new-model."
            ),
        )

    def id_of(self, row: ModelRow) -> str:
        """How a row is named: by its name where that is enough, else with its endpoint."""
        if self._preferred.get(row.name) is row:
            return row.name
        return f"{row.endpoint}/{row.name}"

    def _undescribed(self, endpoint: str, name: str) -> ModelRow:
        table = {"makes": "video", **self._endpoints[endpoint]}
        return ModelRow.model_validate(
            {**table, "name": name, "endpoint": endpoint, "lenient": True}
        )

    def _nearest(self, name: str) -> list[str]:
        by_lower = {known.lower(): known for known in self._preferred}
        bare = name.rpartition("/")[2].strip().lower()
        close = difflib.get_close_matches(bare, by_lower, n=3, cutoff=0.5)
        return [by_lower[match] for match in close]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(
            f"The catalogue {path.name} cannot be read: {type(exc).__name__}.",
            code="bad_catalogue",
            advice="Name a UTF-8 TOML file that this process may read.",
        ) from exc


def _add(tables: _Tables, filename: str, text: str) -> None:
    """Take in one file."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _bad(filename, f"is not TOML: {exc}") from exc
    if table.get("schema", _SCHEMA) != _SCHEMA:
        raise _bad(filename, f"has schema {table['schema']!r}; this version reads {_SCHEMA}")
    tables.endpoints.update(_endpoints(filename, table.get("endpoint", {})))
    own_families = table.get("family", {})
    entries = table.get("model", [])
    if not isinstance(own_families, dict) or not isinstance(entries, list):
        raise _bad(filename, "needs [family.NAME] tables and [[model]] rows")
    tables.families.update(own_families)
    for number, entry in enumerate(entries, start=1):
        for row in _expand(filename, number, entry, tables):
            tables.rows[row.endpoint, row.name] = row


def _endpoints(filename: str, given: object) -> dict[str, Table]:
    if not isinstance(given, dict):
        raise _bad(filename, "needs [endpoint.NAME] tables")
    for name, table in given.items():
        try:
            EndpointRow.model_validate({**table, "name": name})
        except (ValidationError, TypeError) as exc:
            why = ": ".join(first_fault(exc)) if isinstance(exc, ValidationError) else "no table"
            raise _bad(filename, f"endpoint {name}, {why}") from exc
    return given


def _expand(filename: str, number: int, entry: object, tables: _Tables) -> Iterator[ModelRow]:
    where = f"row {number}"
    if not isinstance(entry, dict):
        raise _bad(filename, f"{where} is not a table")
    own = dict(entry)
    names = own.pop("names", None)
    if not isinstance(names, list) or not names:
        raise _bad(filename, f"{where} needs `names`, a list of model ids")
    where = f"{where} ({names[0]})"
    family = own.pop("family", None)
    if family is not None and family not in tables.families:
        raise _bad(filename, f"{where} names the unknown family {family!r}")
    shared = {**(tables.families[family] if family is not None else {}), **own}
    endpoint = shared.get("endpoint")
    if endpoint is not None and endpoint not in tables.endpoints:
        known = ", ".join(tables.endpoints)
        raise _bad(filename, f"{where} names the unknown endpoint {endpoint!r}; known: {known}")
    at = tables.endpoints[str(endpoint)] if endpoint is not None else {}
    for name in names:
        try:
            yield ModelRow.model_validate({**at, **shared, "name": name})
        except ValidationError as exc:
            fault, why = first_fault(exc, whole="row")
            raise _bad(filename, f"row {number} ({name}), {fault}: {why}") from exc


def _bad(filename: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The catalogue {filename}: {what}.",
        code="bad_catalogue",
        advice="Correct the row; the built-in catalogue.toml shows what a row may hold.",
    )
