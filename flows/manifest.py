"""Lists of briefs: a list, a table as text, or where a CSV, TSV, JSONL or Parquet file lies.

A file is read as a stream, so a million rows need the memory of a few (see `flows.rows` and
`flows.parquet`), plus about 125 bytes for each: the hash of its id, the number of its row, and the
table that holds them. A row without an id is named after its number ("0001" is the first), so the
same file always names the same briefs; add rows at the end, or give ids, to keep it so.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from flows.briefs import LIST_FIELDS, MEDIA_FIELDS, Brief, unsendable
from flows.bulk_checks import BulkChecks
from flows.checks import refuse_typed
from flows.columns import Columns
from flows.errors import BadBriefs, BriefProblem, shown
from flows.findings import Findings
from flows.rows import (
    RawRow,
    Readable,
    UnreadableFile,
    delimited_rows,
    is_table,
    json_rows,
    pasted_rows,
)
from globalaiopc.catalogue import Catalogue

BriefSource = str | os.PathLike[str] | Sequence[Brief | Mapping[str, object]]
OpenS3 = Callable[[str], Readable]

_ALLOWED = "a .csv, .tsv, .jsonl or .parquet file, or a table with its header row, pasted"
_PUBLIC = ("", "0", "false", "f", "no", "n", "off")
_NAMES = 200  # JSON objects may differ in their keys, and rows in what they leave empty
_KINDS = {
    **{".csv": "csv", ".tsv": "tsv", ".tab": "tsv"},
    **{".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a source: its brief, or what is wrong with it."""

    row: int
    line: int | None
    brief: Brief | None
    problems: tuple[BriefProblem, ...] = ()


def load_briefs(
    source: BriefSource,
    *,
    catalogue: Catalogue,
    columns: Mapping[str, str] | None = None,
    open_s3: OpenS3 | None = None,
    limit: int | None = None,
) -> tuple[Brief, ...]:
    """Read and validate all briefs; see `read_briefs` for the parameters.

    Raises `BadBriefs` with the problems of all rows, or when there are no briefs at all.
    """
    found = iter_briefs(source, catalogue=catalogue, columns=columns, open_s3=open_s3, limit=limit)
    return tuple(found)


def iter_briefs(
    source: BriefSource,
    *,
    catalogue: Catalogue,
    columns: Mapping[str, str] | None = None,
    open_s3: OpenS3 | None = None,
    limit: int | None = None,
) -> Iterator[Brief]:
    """Read and validate briefs one by one; see `read_briefs` for the parameters.

    From the first wrong row on nothing more is given out, but the rows behind it are still checked;
    then `BadBriefs` is raised with the problems of all of them, at most the first 1,000 by name and
    the others counted. So before anything is bought it has to be gone through to its end once.
    """
    checks, findings, none = BulkChecks(catalogue), Findings(), True
    typed = not isinstance(source, str | os.PathLike) or is_table(os.fspath(source))
    for entry in read_briefs(source, columns=columns, open_s3=open_s3, limit=limit):
        findings.add(entry.problems)
        if entry.brief is not None:
            findings.add(checks.problems(entry.brief, row=entry.row, line=entry.line))
            findings.add(refuse_typed(entry.brief, row=entry.row) if typed else ())
            none = False
            if not findings:
                yield entry.brief
    if findings:
        raise findings.error()
    if none:
        raise BadBriefs([BriefProblem(message="There are no briefs in it.")])


def read_briefs(
    source: BriefSource,
    *,
    columns: Mapping[str, str] | None = None,
    open_s3: OpenS3 | None = None,
    limit: int | None = None,
) -> Iterator[Entry]:
    """Read briefs one by one, each with what is wrong with its row; models are not looked up.

    `columns` maps the file's columns (or keys) to fields of a brief: {"Prompt": "topic"}.
    `limit` stops after so many briefs. `open_s3` opens an s3:// URI for reading bytes. Blank rows
    are skipped but counted.
    Raises `BadBriefs` at the first step when the source as a whole cannot be read.
    """
    if limit is not None and limit < 1:
        raise BadBriefs([_whole("The limit has to be 1 or more.", field="limit")])
    reader = _Reader(Columns(columns))
    with contextlib.ExitStack() as stack:
        rows = _rows(source, open_s3, reader.columns, stack)
        try:
            yield from islice((reader.entry(raw) for raw in rows), limit)
        except UnreadableFile as exc:
            raise BadBriefs([_whole(str(exc))]) from None


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names of a row stand for, and what is wrong with them."""

    fields: dict[str, str]
    problems: tuple[BriefProblem, ...]


@dataclass(slots=True)
class _Reader:
    """Rows to briefs, remembering the ids seen and how the names of rows were understood."""

    columns: Columns
    _understood: dict[tuple[str, ...], _Names] = field(default_factory=dict)
    _first_row: dict[int, int] = field(default_factory=dict)
    _said: dict[frozenset[str], set[str]] = field(default_factory=dict)

    def entry(self, raw: RawRow) -> Entry:
        if raw.cells is None:
            column = "" if unsendable(raw.column) else raw.column
            found = self.columns.field_of(column) or column
            return self._refused(raw, [BriefProblem(message=raw.problem, field=found)], None)
        values, problems = self._values(raw.cells)
        brief_id = str(values.setdefault("id", f"{raw.row:04d}"))
        if not problems:
            brief, problems = _build(values)
            if brief is not None:
                first = self._first_row.setdefault(_hash(brief.id), raw.row)
                if first == raw.row:
                    return Entry(raw.row, raw.line or None, self._compact(brief))
                message = f"Row {first} and row {raw.row} both have the id {shown(brief.id)}."
                problems = [BriefProblem(message=message, field="id")]
        return self._refused(raw, problems, brief_id)

    def _compact(self, brief: Brief) -> Brief:
        """The same brief in 1.0 instead of 2.4 kB of memory, for there may be a million of them.

        Briefs with the same fields set share the set of them, and attributes that are set one by
        one share the table of their names.
        """
        said = brief.model_fields_set
        compact = Brief.__new__(Brief)
        for name, value in brief.__dict__.items():
            object.__setattr__(compact, name, value)
        for slot in ("__pydantic_extra__", "__pydantic_private__"):
            object.__setattr__(compact, slot, None)
        shared = self._said.get(frozenset(said), said)
        if shared is said and len(self._said) < _NAMES:
            self._said[frozenset(said)] = said
        object.__setattr__(compact, "__pydantic_fields_set__", shared)
        return compact

    def _refused(
        self, raw: RawRow, problems: Iterable[BriefProblem], brief_id: str | None
    ) -> Entry:
        safe_id = brief_id if brief_id and not unsendable(brief_id) else None
        where = {"row": raw.row, "line": raw.line or None, "id": safe_id}
        return Entry(
            raw.row, raw.line or None, None, tuple(p.model_copy(update=where) for p in problems)
        )

    def _values(self, cells: Mapping[str, object]) -> tuple[dict[str, object], list[BriefProblem]]:
        """The row by field, without its empty cells."""
        names = self._understand(tuple(cells))
        values: dict[str, object] = {}
        problems = list(names.problems)
        for column, field_name in names.fields.items():
            value = cells[column]
            if isinstance(value, str):
                value = value.replace("\r\n", "\n").strip()
                if why := unsendable(value):
                    problems.append(BriefProblem(message=why, field=field_name))
            if value not in (None, ""):
                values[field_name] = value
        return values, problems

    def _understand(self, names: tuple[str, ...]) -> _Names:
        if (known := self._understood.get(names)) is not None:
            return known
        if len(self._understood) >= _NAMES:
            self._understood.clear()
        found = ((name, self.columns.field_of(name)) for name in names)
        fields = {name: field_name for name, field_name in found if field_name}
        understood = _Names(fields, tuple(self.columns.check_names(names)))
        self._understood[names] = understood
        return understood


def _hash(brief_id: str) -> int:
    # 16 bytes as a number: 48 bytes in memory, whatever the length of the id.
    digest = blake2b(brief_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest, "little")


def _build(values: Mapping[str, object]) -> tuple[Brief | None, list[BriefProblem]]:
    try:
        return Brief.model_validate(values), []
    except ValidationError as exc:
        hidden = str(values.get("private", "")).lower() not in _PUBLIC
        return None, [
            BriefProblem(
                field=str(error["loc"][0]) if error["loc"] else "",
                message=f"{error['msg']}."
                + ("" if hidden else _given(error["loc"], error["input"])),
            )
            for error in exc.errors(include_url=False, include_context=False)
        ]


def _given(place: tuple[int | str, ...], value: object) -> str:
    # Where media lie is not shown: it may be a presigned address.
    return "" if place and place[0] in MEDIA_FIELDS else f" It is {shown(value)}."


def _rows(
    source: BriefSource, open_s3: OpenS3 | None, columns: Columns, stack: contextlib.ExitStack
) -> Iterator[RawRow]:
    if not isinstance(source, str | os.PathLike):
        return _listed(source)

    def check(header: Sequence[str]) -> None:
        if problems := list(columns.check_header(header)):
            raise BadBriefs(problems)

    if isinstance(source, str) and is_table(source):
        return pasted_rows(source, on_header=check)
    name = os.fspath(source).strip()
    kind = _kind(name)
    stream = stack.enter_context(contextlib.closing(_opened(name, open_s3)))
    if kind == "jsonl":
        return json_rows(stream)
    if kind == "parquet":
        # Imported when it is needed: it takes most of a second and 55 MB.
        from flows.parquet import parquet_rows  # noqa: PLC0415

        return parquet_rows(stream, field_of=columns.field_of, lists=LIST_FIELDS, on_header=check)
    return delimited_rows(stream, tabs=kind == "tsv", on_header=check)


def _listed(source: Sequence[Brief | Mapping[str, object]]) -> Iterator[RawRow]:
    for row, item in enumerate(source, start=1):
        if isinstance(item, Brief):
            yield RawRow(row, 0, cells=item.model_dump(exclude_unset=True))
        elif isinstance(item, Mapping):
            yield RawRow(row, 0, cells={str(key): value for key, value in item.items()})
        else:
            yield RawRow(row, 0, problem=f"This is no brief but {shown(item)}.")


def _kind(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _KINDS:
        return _KINDS[suffix]
    what = f'"{suffix}" files are' if suffix else "Files without an ending are"
    raise BadBriefs([_whole(f"{what} not read: {shown(name)}.", field="briefs", allowed=_ALLOWED)])


def _opened(name: str, open_s3: OpenS3 | None) -> Readable:
    if name.startswith("s3://"):
        if open_s3 is None:
            raise BadBriefs([_whole(f"No bucket is at hand to read {shown(name)}.")])
        return open_s3(name)
    try:
        return Path(name).expanduser().open("rb")
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        message = (
            f"The file {shown(name, 200)} cannot be read on the machine that runs this flow: {why}."
        )
        raise BadBriefs([_whole(message, field="briefs")]) from None


def _whole(message: str, *, field: str = "", allowed: str = "") -> BriefProblem:
    return BriefProblem(message=message, field=field, allowed=allowed)
