"""Batch names from the scheduled time: late or twice, the same name."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from flows.names import batch_id_for
from globalaiopc.errors import InvalidRequest

LATE_EVENING = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)


def name(template: str | None, scheduled: datetime = LATE_EVENING, **how: str) -> str:
    return batch_id_for(template, scheduled=scheduled, fallback="wise-otter", **how)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("daily-{date}", "daily-2026-02-28"),
        ("run_{datetime}", "run_2026-02-28T23-30-00Z"),
        ("week-{%G-%V}", "week-2026-09"),
        ("%Y.%m.%d", "2026.02.28"),
        ("{%Y}-{%j}", "2026-059"),
        (" launch ", "launch"),
        (None, "wise-otter"),
        ("  ", "wise-otter"),
    ],
)
def test_templates(template: str | None, expected: str):
    assert name(template) == expected


def test_the_date_is_that_of_the_schedules_time_zone():
    assert name("{date}", timezone="Europe/Berlin") == "2026-03-01"
    assert name("{date}", LATE_EVENING.astimezone(timezone(timedelta(hours=9)))) == "2026-03-01"
    assert name("{datetime}", timezone="Europe/Berlin") == "2026-02-28T23-30-00Z"


def test_the_hour_that_a_clock_change_repeats_has_two_names():
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    second = first.replace(fold=1)
    assert name("{datetime}", first) != name("{datetime}", second)


@pytest.mark.parametrize("bad", ["{week}", "{}", "%B", "%", "100%", "{date:%Y}x%Q", "%%"])
def test_a_field_that_cannot_be_filled_is_named(bad: str):
    with pytest.raises(InvalidRequest, match="cannot be filled") as caught:
        name(bad)
    assert caught.value.field == "batch_id"
    assert "{date}" in caught.value.allowed


@pytest.mark.parametrize(("bad", "says"), [("a b", "' '"), ("a/{date}", "'/'"), ("{date", "'{'")])
def test_an_unsafe_name_is_refused_with_its_character(bad: str, says: str):
    with pytest.raises(InvalidRequest) as caught:
        name(bad)
    assert says in caught.value.message


@pytest.mark.parametrize("bad", ["Mars/Olympus", "../etc/passwd", "UTC\0"])
def test_an_unknown_time_zone(bad: str):
    with pytest.raises(InvalidRequest, match="no time zone"):
        name("{date}", timezone=bad)


def test_a_naive_time_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="time zone"):
        name("{date}", LATE_EVENING.replace(tzinfo=None))
