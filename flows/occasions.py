"""Which batches a range of dates has: the names that a schedule would have given them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from prefect.client.schemas.schedules import SCHEDULE_TYPES
from prefect.server.schemas import schedules
from pydantic import TypeAdapter

from flows.names import batch_id_for, zone_of
from globalaiopc import InvalidRequest

MOST = 400
"""More than a year of days. Prefect works out 1,000 times of a schedule at once."""

_SCHEDULE: TypeAdapter[schedules.SCHEDULE_TYPES] = TypeAdapter(schedules.SCHEDULE_TYPES)
# They differ in the year, month, week, day and weekday; and in hour, minute and second.
_DAYS = (datetime(2001, 1, 1, 12), datetime(2002, 2, 3, 12))
_TIMES = (datetime(2001, 1, 1, 1, 2, 3), datetime(2001, 1, 1, 13, 14, 15))


@dataclass(frozen=True)
class Occasion:
    """A batch, and the first moment that it was meant for."""

    batch_id: str
    scheduled: datetime


def of_days(first: date, last: date, pattern: str, timezone: str | None) -> tuple[Occasion, ...]:
    """A batch for each day of the range, both included; days that share a name are one batch.

    Raises `InvalidRequest` for a pattern without a date, or with a time of day, which only a
    schedule can tell.
    """
    zone = zone_of(timezone or "UTC")
    _check_pattern(pattern, at_any_time=True)
    # Noon, since there is a midnight that a clock change leaves out.
    noon = datetime.combine(first, time(12), zone)
    days = [noon + timedelta(days=number) for number in range((last - first).days + 1)]
    return _named(days, pattern, timezone)


async def of_schedule(
    days: tuple[date, date],
    schedule: SCHEDULE_TYPES,
    pattern: str,
    timezone: str | None,
    now: datetime,
) -> tuple[Occasion, ...]:
    """A batch for each time of a Prefect schedule on these days that is not to come.

    The first and last of `days` are days of the schedule's own time zone. Raises `InvalidRequest`
    for a pattern without a date, or when the schedule has no time, or too many, in the range.
    """
    _check_pattern(pattern, at_any_time=False)
    zone = zone_of_schedule(schedule)
    first, last = days
    start, end = datetime.combine(first, time.min, zone), datetime.combine(last, time.max, zone)
    known = _SCHEDULE.validate_python(schedule.model_dump())
    times = await known.get_dates(start=start, end=min(end, now))
    found = _named(times, pattern, timezone)
    if not found:
        raise InvalidRequest(
            f"The schedule has no time from {first} to {last} that is over.", field="first, last"
        )
    return found


def zone_of_schedule(schedule: SCHEDULE_TYPES) -> tzinfo:
    """UTC when it names none."""
    return zone_of(getattr(schedule, "timezone", None) or "UTC")


def check_range(first: date, last: date, today: date) -> None:
    """Raise `InvalidRequest` unless the days are in order, not too many, and not to come."""
    if first > last:
        raise InvalidRequest(f"first ({first}) is after last ({last}).", field="first, last")
    if last > today:
        raise InvalidRequest(
            f"last ({last}) is to come: today is {today}.",
            field="last",
            allowed=f"{today} or earlier",
            advice="Leave days to come to the schedule.",
        )
    _check_count((last - first).days + 1, "days")


def _named(times: Sequence[datetime], pattern: str, timezone: str | None) -> tuple[Occasion, ...]:
    found: dict[str, Occasion] = {}
    for moment in times:
        # As Prefect tells a run its scheduled time: in UTC, whatever the schedule's own zone.
        at = moment.astimezone(UTC)
        name = batch_id_for(pattern, scheduled=at, fallback="", timezone=timezone)
        found.setdefault(name, Occasion(name, moment))
    _check_count(len(found), "batches")
    return tuple(found.values())


def _check_count(count: int, what: str) -> None:
    if count > MOST:
        raise InvalidRequest(
            f"These are {count} {what}; at most {MOST} are made in one run.",
            field="first, last",
            advice="Run backfill for one part of the range after the other.",
        )


def _check_pattern(pattern: str, *, at_any_time: bool) -> None:
    def told_apart(moments: tuple[datetime, datetime]) -> bool:
        utc = zone_of("UTC")
        names = (
            batch_id_for(pattern, scheduled=moment.replace(tzinfo=utc), fallback="")
            for moment in moments
        )
        return len(set(names)) > 1

    if not told_apart(_DAYS):
        raise InvalidRequest(
            f"The name {pattern!r} is the same for each date.",
            field="batch_id",
            allowed="a name with a date in it, such as daily-{date}, week-{%G-%V} or {%Y-%m}",
        )
    if at_any_time and told_apart(_TIMES):
        raise InvalidRequest(
            f"The name {pattern!r} has a time of day in it, which only a schedule can tell.",
            field="batch_id",
            allowed="a name with a date alone, such as daily-{date}",
            advice="Name the deployment and its schedule, and the times are taken from there.",
        )
