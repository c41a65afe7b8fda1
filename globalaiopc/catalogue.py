"""The table of models: which call makes them, what they accept, how often to look.

The rows are data (`catalogue.toml`); a file of your own adds rows or replaces them by name.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from globalaiopc.errors import ConfigurationError, InvalidRequest
from globalaiopc.faults import first_fault
from globalaiopc.requests import ApiVersion

Makes = Literal["text", "image", "video"]
Unit = Literal["token", "image", "second", "job", "unknown"]
Evidence = Literal["docs", "docs-old", "integrators"]

Pixels = Annotated[str, Field(pattern=r"^[1-9]\d*x[1-9]\d*$")]

_SCHEMA = 1


class ModelRow(BaseModel):
    """One model. Times are seconds; `pixel_sizes` maps a ratio to "WIDTHxHEIGHT"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    makes: Makes
    endpoint: str = Field(min_length=1)
    path: str = Field(pattern=r"^/")
    api: ApiVersion
    prompt_limit: int | None = Field(default=None, gt=0)
    seconds: tuple[int, ...] = ()
    default_seconds: int | None = None
    ratios: tuple[str, ...] = ()
    default_ratio: str | None = None
    resolutions: tuple[str, ...] = ()
    default_resolution: str | None = None
    pixel_sizes: Mapping[str, Pixels] = Field(default_factory=dict)
    references: Mapping[str, int] = Field(default_factory=dict)
    poll_every: tuple[float, float]
    typical_seconds: tuple[float, float]
    deadline_seconds: float = Field(gt=0)
    unit: Unit
    evidence: Evidence

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for what, default, allowed in (
            ("default_seconds", self.default_seconds, self.seconds),
            ("default_ratio", self.default_ratio, self.ratios),
            ("default_resolution", self.default_resolution, self.resolutions),
        ):
            if default is not None and default not in allowed:
                raise ValueError(f"{what} is not among the allowed values")
        if not 0 < self.poll_every[0] <= self.poll_every[1]:
            raise ValueError("poll_every must be [shortest, longest], both above 0")
        return self

    def pixels(self, ratio: str) -> tuple[int, int] | None:
        """Width and height of the output in this ratio; None when the model does not fix them."""
        size = self.pixel_sizes.get(ratio)
        if size is None:
            return None
        width, _, height = size.partition("x")
        return int(width), int(height)

    def check(
        self,
        *,
        endpoint: str,
        prompt: str,
        ratio: str | None = None,
        size: str | None = None,
        seconds: int | None = None,
        resolution: str | None = None,
        references: Mapping[str, int] | None = None,
    ) -> None:
        """Raise `InvalidRequest` for whatever the provider would refuse, before it costs a call.

        `ratio` is "16:9", `size` is in pixels ("1280x720"), `references` counts by kind.
        What is None was not asked for and is not checked.
        """
        if endpoint != self.endpoint:
            raise InvalidRequest(
                f"{self.name} is made by {self.endpoint}, not by {endpoint}.",
                field="model",
                allowed=self.endpoint,
            )
        if self.prompt_limit is not None and len(prompt) > self.prompt_limit:
            raise InvalidRequest(
                f"The prompt has {len(prompt):,} characters; {self.name} takes "
                f"{self.prompt_limit:,}.",
                field="prompt",
                allowed=f"at most {self.prompt_limit:,} characters",
            )
        self._check_one_of("ratio", ratio, self.ratios)
        self._check_one_of("size", size, tuple(self.pixel_sizes.values()))
        self._check_one_of("seconds", seconds, self.seconds)
        self._check_one_of("resolution", resolution, self.resolutions)
        for kind, count in (references or {}).items():
            most = self.references.get(kind, 0)
            if count > most:
                raise InvalidRequest(
                    f"{self.name} takes at most {most} reference {kind}s, {count} were given.",
                    field="references",
                    allowed=f"at most {most}",
                )

    def _check_one_of(
        self, field: str, value: str | int | None, allowed: tuple[str, ...] | tuple[int, ...]
    ) -> None:
        if value is None or not allowed or value in allowed:
            return
        choices = ", ".join(str(choice) for choice in allowed)
        raise InvalidRequest(
            f"{self.name} does not take {field} {value}; it takes {choices}.",
            field=field,
            allowed=choices,
        )


class Catalogue:
    """The rows, by name."""

    def __init__(self, rows: Iterable[ModelRow]) -> None:
        self._rows = {row.name: row for row in rows}

    @classmethod
    def load(cls, *extra_paths: str | Path) -> Self:
        """The built-in rows, then those of each file; a later row of the same name wins.

        A file that cannot be read or holds a wrong row is a `ConfigurationError` that names it.
        """
        built_in = resources.files("globalaiopc").joinpath("catalogue.toml")
        tables = [("catalogue.toml", built_in.read_text("utf-8"))]
        tables += [(Path(path).name, _read(Path(path))) for path in extra_paths]
        families: dict[str, Mapping[str, object]] = {}
        rows: list[ModelRow] = []
        for name, text in tables:
            rows += _rows(name, text, families)
        return cls(rows)

    def __iter__(self) -> Iterator[ModelRow]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def get(self, name: str) -> ModelRow | None:
        """The row, or None for a model that is not in the table."""
        return self._rows.get(name)

    def model(self, name: str) -> ModelRow:
        """The row of a model; an unknown name is an `InvalidRequest` that names the nearest."""
        row = self._rows.get(name)
        if row is not None:
            return row
        near = self._nearest(name)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InvalidRequest(
            f"The catalogue has no model {name[:80]!r}.{hint}",
            field="model",
            allowed=", ".join(near),
            advice="Correct the name (capital letters count), or add a row to the catalogue.",
        )

    def _nearest(self, name: str) -> list[str]:
        by_lower = {known.lower(): known for known in self._rows}
        close = difflib.get_close_matches(name.strip().lower(), by_lower, n=3, cutoff=0.5)
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


def _rows(
    filename: str, text: str, families: dict[str, Mapping[str, object]]
) -> Iterator[ModelRow]:
    """The rows of one file. `families` is shared, so that a later file can use earlier ones."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _bad(filename, f"is not TOML: {exc}") from exc
    if table.get("schema", _SCHEMA) != _SCHEMA:
        raise _bad(filename, f"has schema {table['schema']!r}; this version reads {_SCHEMA}")
    own_families = table.get("family", {})
    entries = table.get("model", [])
    if not isinstance(own_families, dict) or not isinstance(entries, list):
        raise _bad(filename, "needs [family.NAME] tables and [[model]] rows")
    families.update(own_families)
    for number, entry in enumerate(entries, start=1):
        yield from _expand(filename, number, entry, families)


def _expand(
    filename: str, number: int, entry: object, families: Mapping[str, Mapping[str, object]]
) -> Iterator[ModelRow]:
    where = f"row {number}"
    if not isinstance(entry, dict):
        raise _bad(filename, f"{where} is not a table")
    own = dict(entry)
    names = own.pop("names", None)
    if not isinstance(names, list) or not names:
        raise _bad(filename, f"{where} needs `names`, a list of model ids")
    family = own.pop("family", None)
    if family is not None and family not in families:
        raise _bad(filename, f"{where} ({names[0]}) names the unknown family {family!r}")
    shared = families[family] if family is not None else {}
    for name in names:
        try:
            yield ModelRow.model_validate({**shared, **own, "name": name})
        except ValidationError as exc:
            field, why = first_fault(exc, whole="row")
            raise _bad(filename, f"{where} ({name}), {field}: {why}") from exc


def _bad(filename: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The catalogue {filename}: {what}.",
        code="bad_catalogue",
        advice="Correct the row; the built-in catalogue.toml shows what a row may hold.",
    )
