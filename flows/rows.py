"""To rows: CSV, TSV and JSONL read as a stream, in memory bounded by one row; a pasted table.

Whatever is wrong with a row is that row's problem; reading goes on behind it.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from flows.errors import shown

ROW_LIMIT = 128 * 1024
"""Bytes of one row. Not above the csv module's own limit for a cell, which is process-wide."""
_CHUNK = 64 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")
_DISARMED = re.compile("(^|[;\t\r\n])\u00a0(?=\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20])")
"""What a gallery's list puts before whatever a spreadsheet would run."""

OnHeader = Callable[[Sequence[str]], None]


class Readable(Protocol):
    """Bytes to read from any place: an open file, or an object of a bucket as one."""

    def read(self, amt: int, /) -> bytes | None: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as the file has it: its cells by the file's own names, or why it cannot be read.

    `row` counts from 1 without the header and with blank rows; `line` is where it begins. `column`
    is the file's name of the offending cell, where it is known.
    """

    row: int
    line: int
    cells: dict[str, object] | None = None
    problem: str = ""
    column: str = ""


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str  # without its line feed, cut just above ROW_LIMIT
    quotes: int  # in the whole line, also in what was cut off


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    problem: str = ""


def delimited_rows(stream: Readable, *, tabs: bool, on_header: OnHeader) -> Iterator[RawRow]:
    """Rows of a CSV or TSV file. `on_header` sees the names first and may refuse them."""
    lines = _lines(stream)
    return _under_header(_tsv_records(lines) if tabs else _csv_records(lines), on_header)


def is_table(text: str) -> bool:
    """Whether a text is a table itself: no path and no address holds a tab or a line break."""
    return any(sign in text.strip() for sign in "\t\r\n")


def pasted_rows(text: str, *, on_header: OnHeader) -> Iterator[RawRow]:
    """Rows of a table as it was copied from a spreadsheet, or from a CSV file.

    Spreadsheets part cells by tabs, and quote those that hold a tab or a line break. A header
    without a tab, but with a comma or semicolon, is CSV; one with neither is a single column.
    """
    header = text.lstrip("\r\n").partition("\n")[0]
    if "\t" not in header and any(sign in header for sign in ",;"):
        stream = io.BytesIO(text.encode("utf-8", "surrogatepass"))
        return _under_header(_csv_records(_lines(stream)), on_header)
    return _under_header(_pasted_records(text), on_header)


def _under_header(records: Iterator[_Record], on_header: OnHeader) -> Iterator[RawRow]:
    header = next((record for record in records if _filled(record)), None)
    if header is None:
        raise UnreadableFile("The file is empty: not even a header.")
    if header.problem:
        raise UnreadableFile(f"The header (line {header.line}) cannot be read. {header.problem}")
    names = [name.strip() for name in header.cells]
    on_header([name for name in names if name])
    for row, record in enumerate(records, start=1):
        if _filled(record):
            yield _named(row, record, names)


def json_rows(stream: Readable) -> Iterator[RawRow]:
    """Rows of a JSONL file: one object per line."""
    for line in _lines(stream):
        if not line.text.strip():
            continue
        if len(line.text) > ROW_LIMIT:
            column = _last_key(line.text)
            yield RawRow(line.number, line.number, problem=_TOO_LONG, column=column)
            continue
        try:
            value = json.loads(line.text)
        except (ValueError, RecursionError) as exc:
            what = exc.msg if isinstance(exc, json.JSONDecodeError) else "it cannot be read"
            problem = f"The line is not a JSON object: {what}."
            yield RawRow(line.number, line.number, problem=problem)
            continue
        if isinstance(value, dict):
            yield RawRow(line.number, line.number, cells=value)
        else:
            problem = f"The line is JSON, but not an object: {shown(value)}."
            yield RawRow(line.number, line.number, problem=problem)


_TOO_LONG = (
    f"The cell is longer than {ROW_LIMIT:,} bytes, which no prompt is. If it is not meant to be, "
    "look for a quote that is opened here and never closed."
)


def _filled(record: _Record) -> bool:
    return bool(record.problem) or any(cell.strip() for cell in record.cells)


def _named(row: int, record: _Record, names: list[str]) -> RawRow:
    cells = record.cells
    if record.problem:
        # Of a row that cannot be read, `cells` is what came before the offending one and itself.
        at = len(cells) - 1
        column = names[at] if 0 <= at < len(names) else ""
        return RawRow(row, record.line, problem=record.problem, column=column)
    if any(cell.strip() for cell in cells[len(names) :]):
        problem = (
            f"The row has {len(cells)} cells and the header {len(names)}: a cell that holds the "
            "separator needs quotes around it."
        )
        return RawRow(row, record.line, problem=problem)
    named = {name: _as_meant(cell) for name, cell in zip(names, cells, strict=False) if name}
    return RawRow(row, record.line, cells=dict(named))


def _as_meant(cell: str) -> str:
    return _DISARMED.sub(r"\1", cell) if "\u00a0" in cell else cell


def _csv_records(lines: Iterator[_Line]) -> Iterator[_Record]:
    feed = _Feed(lines)
    delimiter = feed.delimiter()
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _RowTooLong:
            yield _Record(feed.first, _lenient(feed.text[:ROW_LIMIT], delimiter), _TOO_LONG)
        except csv.Error as exc:
            yield _Record(feed.first, *_explained(str(exc), feed.text, delimiter))
        else:
            yield _Record(feed.first, cells)


def _explained(error: str, text: str, delimiter: str) -> tuple[list[str], str]:
    if "unexpected end" in error:
        cells = _lenient(text, delimiter)
        return cells, "A quote is opened in this cell and never closed."
    if "new-line" in error:
        return [], "The line holds a bare carriage return. Save the file with LF or CRLF line ends."
    return [], "A cell in quotes goes on behind its closing quote. Write a quote inside as two."


def _lenient(text: str, delimiter: str) -> list[str]:
    """The cells of a broken row up to the one that broke it, which comes last."""
    try:
        return next(csv.reader([text.replace("\r", "")], delimiter=delimiter), [])
    except csv.Error:
        return []


class _RowTooLong(Exception):
    pass


class _Feed:
    """The lines as `csv.reader` wants them, keeping the text of the row being read.

    An object, not a generator: it has to go on after raising.
    """

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._ahead: _Line | None = None
        self.begin()

    def begin(self) -> None:
        self.first = 0
        self._parts: list[str] = []
        self._size = 0
        self._quotes = 0

    @property
    def text(self) -> str:
        return "\n".join(self._parts)

    def delimiter(self) -> str:
        """What separates the header: spreadsheets of half of Europe write ';' into a ".csv"."""
        self._ahead = next(self._lines, None)
        header = self._ahead.text if self._ahead else ""
        return max(",;\t", key=header.count)

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._next()
        self.first = self.first or line.number
        self._parts.append(line.text)
        self._size += len(line.text) + 1
        self._quotes += line.quotes
        if self._size > ROW_LIMIT:
            self._skip_rest()
            raise _RowTooLong
        return line.text + "\n"

    def _next(self) -> _Line:
        if self._ahead is None:
            return next(self._lines)
        line, self._ahead = self._ahead, None
        return line

    def _skip_rest(self) -> None:
        # The row ends where its quotes are even: a line end inside quotes belongs to the cell.
        while self._quotes % 2:
            line = next(self._lines, None)
            if line is None:
                return
            self._quotes += line.quotes


def _tsv_records(lines: Iterator[_Line]) -> Iterator[_Record]:
    """TSV has no quoting: a prompt may begin with a quoted word. Spreadsheets quote whole cells."""
    for line in lines:
        text = line.text.removesuffix("\r")
        cells = text.split("\t")
        if len(text) > ROW_LIMIT:
            longest = max(range(len(cells)), key=lambda at: len(cells[at]))
            yield _Record(line.number, cells[: longest + 1], _TOO_LONG)
        elif (at := next((n for n, cell in enumerate(cells) if _cut_open(cell)), None)) is not None:
            problem = (
                "A quote is opened in this cell and not closed on its line. Line breaks inside a "
                "cell need CSV."
            )
            yield _Record(line.number, cells[: at + 1], problem)
        else:
            yield _Record(line.number, [_unquoted(cell) for cell in cells])


# A cell that begins with a quote is a quoted one only if it ends with one: people write "so" too.
_PASTED_CELL = re.compile(
    r'(?:"([^"]*(?:""[^"]*)*)"(?=[\t\r\n]|\Z)|([^\t\r\n]*))'  # quoted, or plain
    r"(\t|\r\n|\r|\n|\Z)"
)


def _pasted_records(text: str) -> Iterator[_Record]:
    line, cells, at = 1, list[str](), 0
    first = line
    while at <= len(text):
        hit = _PASTED_CELL.match(text, at)
        if hit is None:  # the pattern matches anywhere
            raise AssertionError(at)
        quoted, plain, end = hit.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        line += len(_LINE_END.findall(hit.group()))
        if end != "\t":
            longest = max(range(len(cells)), key=lambda number: len(cells[number]))
            long = len(cells[longest]) > ROW_LIMIT
            yield _Record(first, cells[: longest + 1] if long else cells, _TOO_LONG if long else "")
            cells, first = [], line
        if not end:
            return
        at = hit.end()


def _cut_open(cell: str) -> bool:
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _unquoted(cell: str) -> str:
    whole = len(cell) >= 2 and cell[0] == cell[-1] == '"'
    if not whole or '"' in cell[1:-1].replace('""', ""):
        return cell
    return cell[1:-1].replace('""', '"')


def _last_key(text: str) -> str:
    """The key whose value was being read where a JSON line was cut off."""
    before = text.rsplit('":', 1)[0] if '":' in text else ""
    return before.rsplit('"', 1)[-1]


def _lines(stream: Readable) -> Iterator[_Line]:
    for number, (head, quotes) in enumerate(_byte_lines(stream), start=1):
        data = head
        if number == 1:
            if head.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise UnreadableFile('The file is UTF-16, not UTF-8. Save it as "CSV UTF-8".')
            data = head.removeprefix(b"\xef\xbb\xbf")
        # A byte that is no UTF-8 stays visible in its cell, where it is refused with row and field.
        yield _Line(number, data.decode("utf-8", "surrogateescape"), quotes)


def _byte_lines(stream: Readable) -> Iterator[tuple[bytes, int]]:
    """Each line, cut just above ROW_LIMIT, and how many quotes all of it holds."""
    head, quotes = b"", 0
    while chunk := stream.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            yield (head + part)[: ROW_LIMIT + 1], quotes + part.count(b'"')
            head, quotes = b"", 0
        head, quotes = (head + rest)[: ROW_LIMIT + 1], quotes + rest.count(b'"')
    if head:
        yield head, quotes
