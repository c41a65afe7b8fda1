"""Rows of a Parquet file, read as a stream.

Only the columns that stand for a field of a brief are read. Memory: of each such column 1 MB of the
file and two pages (1 MB each as most programs write them), and 128 rows; it does not grow with the
number of rows or the size of row groups. Beside that, the file's own index (about 1 kB for each
column of each row group) and what pyarrow itself takes, about 60 MB.

Imported for Parquet files only, because of that.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from flows.errors import BadBriefs, BriefProblem, shown
from flows.rows import ROW_LIMIT, OnHeader, RawRow, Readable, UnreadableFile

_BUFFER = 1024 * 1024
_ROWS = 128  # a page of a few bytes may stand for a long text in every row
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, MemoryError, OverflowError)
_MARK = 4

FieldOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    field: str
    type: pa.DataType


def parquet_rows(
    stream: Readable, *, field_of: FieldOf, lists: Sequence[str], on_header: OnHeader
) -> Iterator[RawRow]:
    """Rows of a Parquet file, each with the columns that `field_of` knows a field for.

    `lists` are the fields that hold several texts. `on_header` sees all names first and may refuse
    them. `BadBriefs` when a column holds what its field cannot be, such as a time; `UnreadableFile`
    when the file cannot be opened. Where it breaks further on, the last row says so.
    """
    _check_marks(stream)
    try:
        file = pq.ParquetFile(
            pa.PythonFile(stream, mode="r"),
            buffer_size=_BUFFER,
            pre_buffer=False,  # it would fetch whole row groups ahead
            arrow_extensions_enabled=False,
        )
        schema = file.schema_arrow
        names = list(schema.names)
    except _BROKEN as exc:
        raise UnreadableFile(f"The Parquet file cannot be read: {_why(exc)}.") from None
    on_header(names)
    fields = zip(names, map(field_of, names), schema.types, strict=True)
    columns = [_Column(name, field, kind) for name, field, kind in fields if field]
    if problems := [found for one in columns if (found := _misfit(one, lists))]:
        raise BadBriefs(problems)
    yield from _rows(file, columns)


def _check_marks(stream: Readable) -> None:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _MARK))
    mark = stream.read(_MARK)
    stream.seek(0)
    if mark == _ENCRYPTED:
        raise UnreadableFile("The Parquet file is encrypted. Write it anew without encryption.")
    if mark != _MAGIC or size < 3 * _MARK:
        raise UnreadableFile("The file is no Parquet file, or its end is missing.")


def _misfit(column: _Column, lists: Sequence[str]) -> BriefProblem | None:
    """Why a column's type cannot be what its field is, told once instead of for every row."""
    kind = column.type
    listed = column.field in lists
    if _is_list(kind):
        if listed and (_is_text(kind.value_type) or pa.types.is_null(kind.value_type)):
            return None
    elif _is_plain(kind):
        return None
    allowed = "text, a number, or yes and no" if not listed else "a list of texts, or one text"
    message = (
        f"Column {shown(column.name)} holds {shown(str(kind))}, which {column.field} cannot be; "
        "convert it, or give it another name."
    )
    return BriefProblem(field=column.field, message=message, allowed=allowed)


def _is_list(kind: pa.DataType) -> bool:
    checks = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(check(kind) for check in checks)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(kind) for check in checks)


def _is_plain(kind: pa.DataType) -> bool:
    checks = (
        *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
        *(pa.types.is_boolean, pa.types.is_null),
    )
    return _is_text(kind) or any(check(kind) for check in checks)


def _rows(file: pq.ParquetFile, columns: Sequence[_Column]) -> Iterator[RawRow]:
    names = [column.name for column in columns]
    batches = file.iter_batches(batch_size=_ROWS, columns=names, use_threads=False)
    read = 0
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                return
            cells = [_cells(batch.column(name)) for name in names]
        except _BROKEN as exc:
            where = f"from within the {_ROWS} rows that begin here"
            problem = f"The file cannot be read {where}: {_why(exc)}."
            yield RawRow(read + 1, 0, problem=problem)
            return
        for row, values in enumerate(zip(*cells, strict=True), start=read + 1):
            yield _row(row, dict(zip(names, values, strict=True)))
        read += batch.num_rows


def _row(row: int, cells: dict[str, object]) -> RawRow:
    for name, value in cells.items():
        if isinstance(value, str | list) and _size(value) > ROW_LIMIT:
            problem = f"The cell is longer than {ROW_LIMIT:,} characters, which no prompt is."
            return RawRow(row, 0, problem=problem, column=name)
    return RawRow(row, 0, cells=cells)


def _size(value: str | list[str | None]) -> int:
    return len(value) if isinstance(value, str) else sum(len(one or "") + 1 for one in value)


def _cells(array: pa.Array) -> list[object]:
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:
        return [_cell(one) for one in array]


def _cell(scalar: pa.Scalar) -> object:
    """A value; bytes that are no UTF-8 stay visible in it, and are refused with row and field."""
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        if isinstance(scalar, pa.DictionaryScalar):
            return _cell(scalar.value)
        if isinstance(scalar, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
            return [_cell(one) for one in scalar.values]
        return bytes(scalar.as_buffer()).decode("utf-8", "surrogateescape")


def _why(exc: BaseException) -> str:
    return shown(" ".join(str(exc).split()) or type(exc).__name__, 200)
