"""Which batches a range of days has, over clock changes as on any other day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._schedules import _schedule_config_to_deployment_schedule as read_schedule
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from flows.occasions import MOST, check_range, of_days, of_schedule
from globalaiopc import InvalidRequest
from tests.conftest import ROOT

BERLIN = "Europe/Berlin"
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def deployed() -> dict[str, dict[str, Any]]:
    """The deployments of prefect.yaml that have a schedule, by its slug."""
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return {one["slug"]: row for row in deployments for one in row.get("schedules", [])}


def names(first: str, last: str, pattern: str, timezone: str | None = None) -> list[str]:
    days = of_days(date.fromisoformat(first), date.fromisoformat(last), pattern, timezone)
    return [one.batch_id for one in days]


def test_each_day_is_a_batch():
    assert names("2026-02-27", "2026-03-02", "daily-{date}", BERLIN) == [
        "daily-2026-02-27",
        "daily-2026-02-28",
        "daily-2026-03-01",
        "daily-2026-03-02",
    ]


@pytest.mark.parametrize("zone", [None, BERLIN, "America/Santiago", "Pacific/Auckland"])
def test_a_year_has_its_days_once_each_whatever_the_clocks_do(zone: str | None):
    found = names("2026-01-01", "2026-12-31", "{date}", zone)
    assert found == [f"{date(2026, 1, 1) + timedelta(days=n)}" for n in range(365)]


def test_days_that_share_a_name_are_one_batch():
    found = of_days(date(2026, 3, 1), date(2026, 3, 31), "week-{%G-%V}", None)
    assert [one.batch_id for one in found] == [f"week-2026-{n:02d}" for n in range(9, 15)]
    assert [one.scheduled.day for one in found] == [1, 2, 9, 16, 23, 30]


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("daily", "the same for each date"),
        ("%H-o-clock", "the same for each date"),
        ("{datetime}", "a time of day"),
        ("{date}-%H", "a time of day"),
        ("{week}", "cannot be filled"),
        ("a b {date}", "' '"),
    ],
)
def test_a_name_that_says_no_day_is_refused(pattern: str, says: str):
    with pytest.raises(InvalidRequest, match=says):
        names("2026-03-01", "2026-03-02", pattern)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "is after last"),
        (date(2026, 3, 1), date(2026, 3, 8), "today is 2026-03-07"),
        (date(2024, 3, 1), date(2026, 3, 1), f"at most {MOST}"),
    ],
)
def test_a_range_that_cannot_be(first: date, last: date, says: str):
    with pytest.raises(InvalidRequest, match=says):
        check_range(first, last, date(2026, 3, 7))
    check_range(date(2026, 3, 7), date(2026, 3, 7), date(2026, 3, 7))


SCHEDULES: dict[str, Callable[[], Any]] = {
    "cron": lambda: CronSchedule(cron="30 2 * * *", timezone=BERLIN),
    "interval": lambda: IntervalSchedule(
        interval=timedelta(days=1),
        anchor_date=datetime(2026, 1, 1, 1, 30, tzinfo=UTC),
        timezone=BERLIN,
    ),
    "rrule": lambda: RRuleSchedule(
        rrule="DTSTART:20260101T023000\nRRULE:FREQ=DAILY", timezone=BERLIN
    ),
}


@pytest.mark.parametrize("kind", SCHEDULES)
async def test_half_past_two_is_once_a_day_also_when_there_is_none_or_there_are_two(kind: str):
    """29 March 2026 has no 2:30 in Berlin, and 25 October has it twice."""
    for first in (date(2026, 3, 27), date(2026, 10, 23)):
        week = (first, first + timedelta(days=6))
        found = await of_schedule(week, SCHEDULES[kind](), "{date}", BERLIN, LATER)
        assert [one.batch_id for one in found] == [
            f"{first + timedelta(days=number)}" for number in range(7)
        ]


@pytest.mark.parametrize("slug", ["daily", "every-third-day", "month-end"])
async def test_the_schedules_of_prefect_yaml_give_each_time_a_name_of_its_own(slug: str):
    asked = deployed()[slug]
    schedule = read_schedule(*asked["schedules"])["schedule"]
    known = asked["parameters"]
    year = (date(2026, 1, 1), date(2026, 12, 31))
    found = await of_schedule(year, schedule, known["batch_id"], known["timezone"], LATER)
    count = {"daily": 365, "every-third-day": 121, "month-end": 12}[slug]
    assert len({one.batch_id for one in found}) == len(found) in (count, count + 1)
    hours = {f"{one.scheduled:%H:%M}" for one in found}
    assert len(hours) == 1, "the same time of day in summer and in winter"


@pytest.mark.parametrize("slug", ["daily", "every-third-day", "month-end", "hourly"])
def test_no_schedule_is_switched_on_by_deploying(slug: str):
    (schedule,) = deployed()[slug]["schedules"]
    assert schedule["active"] == f"{{{{ switched_on.{slug} }}}}"
    assert "parameters" not in schedule, "switching it in the UI would take them away"


async def test_times_to_come_are_left_to_the_schedule():
    week = (date(2026, 3, 2), date(2026, 3, 8))
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    schedule = CronSchedule(cron="0 6 * * *", timezone=BERLIN)
    found = await of_schedule(week, schedule, "{date}", BERLIN, noon)
    assert found[-1].batch_id == "2026-03-05"
    with pytest.raises(InvalidRequest, match="no time"):
        await of_schedule(week, schedule, "{date}", BERLIN, noon - timedelta(days=30))


async def test_a_name_with_a_time_of_day_is_for_schedules():
    schedule = CronSchedule(cron="0 */6 * * *", timezone=BERLIN)
    day = (date(2026, 3, 2), date(2026, 3, 2))
    found = await of_schedule(day, schedule, "{date}-%H", BERLIN, LATER)
    assert [one.batch_id[-2:] for one in found] == ["00", "06", "12", "18"]
    # Without a time zone of its own the name is filled in UTC, as in the scheduled run itself.
    late = await of_schedule(day, schedule, "{date}-%H", None, LATER)
    assert [one.batch_id for one in late][:2] == ["2026-03-01-23", "2026-03-02-05"]


async def test_a_schedule_with_too_many_times_is_refused():
    schedule = IntervalSchedule(interval=timedelta(minutes=5))
    week = (date(2026, 3, 2), date(2026, 3, 8))
    with pytest.raises(InvalidRequest, match=f"at most {MOST}"):
        await of_schedule(week, schedule, "{datetime}", None, LATER)
