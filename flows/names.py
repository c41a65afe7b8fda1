"""The name of a batch, filled from the scheduled time.

A schedule that fires late, or twice, was still meant for one moment: named after that moment, both
runs are the same batch, and the second one finds the work of the first.
"""

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from globalaiopc.errors import InvalidRequest
from ledger.receipt import check_id

# Only numbers: the names of days and months depend on the machine's locale.
_DIRECTIVES = "YymdHMSjUWVGuw"
_TOKEN = re.compile(r"\{([^{}]*)\}|%(.?)", re.DOTALL)
_ALLOWED = "{date}, {datetime}, or " + " ".join(f"%{letter}" for letter in _DIRECTIVES)


def batch_id_for(
    template: str | None,
    *,
    scheduled: datetime,
    fallback: str,
    timezone: str | tzinfo | None = None,
) -> str:
    """Fill a batch name such as `daily-{date}`, `week-{%G-%V}` or `%Y-%m-%d`.

    `{date}` is 2026-03-01 in `timezone` (the schedule's; without one, that of `scheduled`).
    `{datetime}` is 2026-03-01T06-30-00Z, always UTC, because the hour that a clock change repeats
    would give two runs one name. Without a template the name is `fallback`.
    Raises `InvalidRequest` for an unknown field, time zone, or a character no key can hold.
    """
    if scheduled.tzinfo is None:
        raise ValueError("scheduled needs a time zone")
    if template is None or not template.strip():
        return check_id(fallback, "batch_id")
    local = scheduled.astimezone(zone_of(timezone)) if timezone else scheduled
    return check_id(_TOKEN.sub(lambda hit: _fill(hit, local), template.strip()), "batch_id")


def zone_of(timezone: str | tzinfo) -> tzinfo:
    """Raises `InvalidRequest` for a name that is none."""
    if isinstance(timezone, tzinfo):
        return timezone
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRequest(
            f'There is no time zone "{timezone}".',
            field="timezone",
            allowed="a name such as Europe/Berlin or UTC",
        ) from None


def _fill(hit: re.Match[str], local: datetime) -> str:
    named, directive = hit.groups()
    if named == "date":
        return local.strftime("%Y-%m-%d")
    if named == "datetime":
        return local.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    if named is not None and "%" in named:
        return _TOKEN.sub(lambda inner: _fill(inner, local), named)
    if directive and directive in _DIRECTIVES:
        return local.strftime(hit.group())
    raise InvalidRequest(
        f"batch_id has a field that cannot be filled: {hit.group()}. Allowed: {_ALLOWED}.",
        field="batch_id",
        allowed=_ALLOWED,
    )
