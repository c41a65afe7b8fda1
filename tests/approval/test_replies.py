"""The language in which a sheet is answered: what it means, and where it is refused."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.approval.replies import Reply, best, judge, spelt
from flows.errors import ReplyRefused


@dataclass(frozen=True)
class Row:
    number: int
    cost: Decimal | None = Decimal(1)
    score: float | None = None


SHEET = [Row(number) for number in (1, 2, 3, 5, 6, 7, 8, 9)]


def answered(text: str, sheet: list[Row] = SHEET) -> tuple[str, str, dict[int, str]]:
    """Approved, declined, and what is made again."""
    verdict = judge(Reply.parse(text), sheet)
    return spelt(verdict.approved), spelt(verdict.declined), dict(verdict.again)


@pytest.mark.parametrize(
    ("text", "approved", "declined", "again"),
    [
        ("all", "1-3, 5-9", "", {}),
        ("  ALL\n", "1-3, 5-9", "", {}),
        ("none", "", "1-3, 5-9", {}),
        ("1,3", "1, 3", "2, 5-9", {}),
        ("1, 3 ,7-9", "1, 3, 7-9", "2, 5-6", {}),
        ("#1，#3、7–9", "1, 3, 7-9", "2, 5-6", {}),
        ("3-5", "3, 5", "1-2, 6-9", {}),
        ("3,3,1-3", "1-3", "5-9", {}),
        ("again 3: a red bicycle at dusk", "", "", {3: "a red bicycle at dusk"}),
        ("Again #3 : one\nagain 5: two: three", "", "", {3: "one", 5: "two: three"}),
        ("again 3: red\n\n1,5", "1, 5", "2, 6-9", {3: "red"}),
        ("all\nagain 3: red", "1-2, 5-9", "", {3: "red"}),
        ("1-5\nagain 3: red", "1-2, 5", "6-9", {3: "red"}),
        ("none\nagain 3: red", "", "1-2, 5-9", {3: "red"}),
        ("best 3 under 50", "1-3", "5-9", {}),
        ("BEST 30 UNDER 2.5", "1-2", "3, 5-9", {}),
        ("best 3 under 50\nagain 1: red", "2-3, 5", "6-9", {1: "red"}),
    ],
)
def test_what_a_reply_means(text: str, approved: str, declined: str, again: dict[int, str]):
    assert answered(text) == (approved, declined, again)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Line 1, character 1: the reply is empty."),
        ("  \n ", "Line 1, character 1: the reply is empty."),
        ("yes", 'Line 1, character 1: "yes" is neither a number nor a word that is known here.'),
        ("1, x7, 3", 'Line 1, character 4: "x7" is neither'),
        ("1 3", 'Line 1, character 1: "1 3" is neither'),
        ("1,,3,", "Line 1, character 5: there is no number beside the comma."),
        (",1", "Line 1, character 1: there is no number beside the comma."),
        ("1, 4", "Line 1, character 4: 4 is not on this sheet."),
        ("7-90", "Line 1, character 1: 90 is not on this sheet."),
        ("9-7", "Line 1, character 1: 9-7 runs backwards."),
        ("-1", 'Line 1, character 1: "-1" is neither'),
        ("all 1", 'Line 1, character 1: "all 1" is neither'),
        ("1\n  2", 'Line 2, character 3: "2" is a second choice; a reply makes one.'),
        ("best", 'Line 1, character 1: "best" cannot be read.'),
        ("best 20", 'Line 1, character 1: "best 20" cannot be read.'),
        ("best 0 under 5", "Line 1, character 1: the best 0 are none."),
        ("best 2 under -5", 'Line 1, character 1: "best 2 under -5" cannot be read.'),
        ("all\nagain: red", 'Line 2, character 1: "again: red" says not which picture.'),
        ("again 3", 'Line 1, character 1: "again 3" says not which picture.'),
        ("all\n again 3:  ", "Line 2, character 10: the new prompt is missing."),
        ("again 4: red", "Line 1, character 1: 4 is not on this sheet."),
        ("again 3: red\nagain 3: blue", "Line 2, character 1: 3 is asked for again twice."),
        ("1,3\nagain 3: red", "Line 2, character 1: 3 is approved in line 1: one of both."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, told: str):
    with pytest.raises(ReplyRefused) as refused:
        answered(text)
    assert refused.value.message.startswith(told)
    assert refused.value.allowed
    assert (refused.value.charged, refused.value.who_acts) == ("no", "user")


def test_the_best_go_by_their_stars_and_never_by_what_they_cost():
    sheet = [
        Row(1, Decimal(4)),
        Row(2, Decimal(1)),
        Row(3, Decimal(9), score=5),
        Row(4, Decimal(2), score=3),
        Row(5, None, score=5),
    ]
    assert list(best(sheet, 2, Decimal(100))) == [3, 4]
    assert list(best(sheet, 9, Decimal(100))) == [3, 4, 1, 2]
    # 3 does not fit; the others are asked in their order, and 50 is not under 50.
    assert list(best(sheet, 9, Decimal(7))) == [4, 1]
    assert list(best([Row(1, Decimal(50))], 9, Decimal(50))) == []


rows = st.lists(
    st.builds(
        Row,
        number=st.integers(1, 300),
        cost=st.none() | st.decimals(0, 100, places=2),
        score=st.none() | st.floats(0, 5),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row.number,
)


@given(rows, st.integers(1, 50), st.decimals(0, 500, places=2))
def test_best_never_takes_more_than_it_may(sheet: list[Row], count: int, under: Decimal):
    taken = list(best(sheet, count, under))
    costs = {row.number: row.cost for row in sheet}
    spent = [cost for number in taken if (cost := costs[number]) is not None]
    assert len(spent) == len(taken) == len(set(taken)) <= count
    assert not taken or sum(spent) < under
    assert list(best(sheet[::-1], count, under)) == taken


@given(rows, st.data())
def test_every_row_is_decided_once_and_numbers_are_taken_at_their_word(
    sheet: list[Row], data: st.DataObject
):
    numbers = [row.number for row in sheet]
    chosen = data.draw(st.lists(st.sampled_from(numbers), min_size=1))
    again = data.draw(st.sets(st.sampled_from(numbers)).map(lambda some: some - set(chosen)))
    lines = [",".join(map(str, chosen)), *(f"again {number}: red" for number in again)]
    verdict = judge(Reply.parse("\n".join(lines)), sheet)
    assert set(verdict.approved) == set(chosen)
    assert set(verdict.again) == again
    assert sorted([*verdict.approved, *verdict.declined, *verdict.again]) == sorted(numbers)


@given(st.text(alphabet="alnobesturdgi 0123456789,-–:#\n，", max_size=40) | st.text())
def test_whatever_is_typed_is_read_or_refused(text: str):
    with suppress(ReplyRefused):
        verdict = judge(Reply.parse(text), SHEET)
        assert not set(verdict.approved) & set(verdict.declined)
