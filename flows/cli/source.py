"""The BRIEFS of a command: a file, an address, a topic, or what comes in by standard input."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from globalaiopc.errors import InvalidRequest

STDIN = "-"
_ENDINGS = ((b"{", ".jsonl"), (b"\t", ".tsv"))


@contextmanager
def given(briefs: str | None, topic: str | None) -> Iterator[str | list[dict[str, str]]]:
    """What `content_batch` takes as briefs. Raises `InvalidRequest` before anything is started."""
    if (briefs is None) == (topic is None):
        raise InvalidRequest(
            "Give either a list of briefs or a --topic.",
            field="briefs",
            advice="Such as: python -m flows run briefs.csv",
        )
    if topic is not None:
        yield [{"id": "0001", "topic": topic}]  # the id that the first row of a file would have
    elif briefs == STDIN:
        with tempfile.TemporaryDirectory(prefix="briefs-") as folder:
            yield str(_saved(sys.stdin.buffer.read(), Path(folder)))
    else:
        yield _there(briefs or "")


def pairs(columns: tuple[str, ...]) -> dict[str, str] | None:
    """`Prompt=topic` as {"Prompt": "topic"}. Raises `InvalidRequest`."""
    found = dict[str, str]()
    for text in columns:
        column, sign, field = text.rpartition("=")
        if not sign or not column or not field:
            raise InvalidRequest(
                f"--columns takes COLUMN=FIELD, and {text!r} is none.",
                field="columns",
                allowed="such as Prompt=topic",
            )
        found[column] = field
    return found or None


def _saved(body: bytes, folder: Path) -> Path:
    """As a file, so that it is read as any file is, with rows and lines in what is found."""
    first = body.lstrip(b"\xef\xbb\xbf \r\n").split(b"\n", 1)[0]
    ending = next((ending for sign, ending in _ENDINGS if _tells(first, sign)), ".csv")
    path = folder / f"standard-input{ending}"
    path.write_bytes(body)
    return path


def _tells(first: bytes, sign: bytes) -> bool:
    return first.startswith(sign) if sign == b"{" else sign in first


def _there(name: str) -> str:
    # A typing mistake is told at once, not after a Prefect server was started for it.
    if not name.startswith("s3://") and not Path(name).expanduser().is_file():
        raise InvalidRequest(
            f"There is no file {name!r}.",
            field="briefs",
            advice="Name a CSV, TSV, JSONL or Parquet file, s3://bucket/key, or - for standard "
            "input.",
        )
    return name
