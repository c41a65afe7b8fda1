"""A table in the run form: as it was copied from a spreadsheet, or from a CSV file."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.briefs import Brief
from flows.errors import BadBriefs
from flows.manifest import load_briefs
from flows.rows import is_table
from globalaiopc.catalogue import Catalogue

CATALOGUE = Catalogue.load()

_CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\",;|'")
    | st.sampled_from('\t\n"",;'),
    min_size=1,
    max_size=12,
).filter(lambda text: bool(text.strip()))


def loaded(text: str, **how: object) -> tuple[Brief, ...]:
    return load_briefs(text, catalogue=CATALOGUE, **how)  # type: ignore[arg-type]


def copied(rows: list[list[str]], end: str) -> str:
    """As spreadsheets copy cells: those that hold what parts cells are quoted, others are not."""

    def cell(text: str) -> str:
        if any(sign in text for sign in "\t\r\n") or text.startswith('"'):
            return '"' + text.replace('"', '""') + '"'
        return text

    return end.join("\t".join(map(cell, row)) for row in rows) + end


@given(
    topics=st.lists(st.tuples(_CELLS, _CELLS), min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_copies_comes_in_as_it_stood(
    topics: list[tuple[str, str]], end: str
) -> None:
    rows = [["id", "image_prompt", "video_prompt"]]
    rows += [[f"b{at}", *both] for at, both in enumerate(topics)]
    found = loaded(copied(rows, end))
    assert [(one.id, one.image_prompt, one.video_prompt) for one in found] == [
        (f"b{at}", image.strip(), video.strip()) for at, (image, video) in enumerate(topics)
    ]


@given(topics=st.lists(_CELLS, min_size=1, max_size=5), delimiter=st.sampled_from(",;"))
def test_so_does_the_text_of_a_csv_file(topics: list[str], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([["id", "topic"], *([f"b{at}", one] for at, one in enumerate(topics))])
    assert [one.topic for one in loaded(text.getvalue())] == [one.strip() for one in topics]


def test_one_column_is_a_table_as_well() -> None:
    found = loaded("topic\nA fox, red\nAn owl; at night\n")
    assert [(one.id, one.topic) for one in found] == [
        ("0001", "A fox, red"),
        ("0002", "An owl; at night"),
    ]


def test_a_word_in_quotes_is_no_quoted_cell() -> None:
    found = loaded('id\ttopic\tseconds\nowl\t"Who" asks an owl\t4\nfox\t"So" it "goes"\t8\n')
    assert [one.topic for one in found] == ['"Who" asks an owl', '"So" it "goes"']


def test_columns_of_other_names_and_a_limit_hold_for_it_too() -> None:
    text = "Prompt\tDauer\nA fox\t4\nAn owl\t8\n"
    (found,) = loaded(text, columns={"Prompt": "topic", "Dauer": "seconds"}, limit=1)
    assert (found.topic, found.seconds) == ("A fox", 4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id\ttopic\nfox\tA fox\n\nowl\t\n", 'row 3 (line 4), brief "owl", topic: The prompt is e'),
        ("id\ttopic\tseconds\nfox\tA fox\tten\n", 'row 1 (line 2), brief "fox", seconds: '),
        ('id\ttopic\nfox\t"A\nfox"\nowl\tAn\towl\n', "row 2 (line 4): The row has 3 cells and "),
        ("id\ttopic\nfox\tA\nfox\tB\n", 'Row 1 and row 2 both have the id "fox".'),
        ("id\tname\nfox\tA fox\n", "There is no column for topic, nor for the prompts."),
        ("id\ttopic\tsecnods\nfox\tA fox\t4\n", 'Column "secnods" is not read.'),
        ("id\ttopic\n", "There are no briefs in it."),
        ("A fox in the snow", "or a table with its header row, pasted"),
    ],
)
def test_what_is_wrong_with_it_names_the_row(text: str, told: str) -> None:
    with pytest.raises(BadBriefs) as refused:
        loaded(text)
    assert told in refused.value.message


@pytest.mark.parametrize(
    "where", ["briefs.csv", "s3://bucket/a list.csv", "C:\\lists\\a,b;c.tsv", " ~/briefs.csv \n"]
)
def test_where_a_file_lies_is_no_table(where: str) -> None:
    assert not is_table(where)
