"""From the time on somebody's clock to the moment it means, also on the nights when clocks are changed."""

import re
from datetime import UTC, date, datetime, time, timedelta

from domain import zones
from domain.errors import Refused

NO_ZONE = "Choose a time zone from the list."
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?(?::\d\d)?\s*(a|p)?\.?(?:m\.?)?", re.ASCII | re.IGNORECASE)


def moment(day: date, at: time, zone: str) -> datetime:
    """The moment in UTC at which clocks in the zone (IANA) show this.

    A time that a clock change leaves out moves to the next minute there is; of an hour that comes twice the first
    counts. Raises Refused (field `zone`) for a zone there is not, and for a day beyond the calendar (`date`).
    """
    try:
        there = zones.clock(zone)
    except (KeyError, OSError):
        raise Refused(NO_ZONE, field="zone") from None
    wanted = datetime.combine(day, at.replace(second=0, microsecond=0, tzinfo=None))
    try:
        while True:
            found = wanted.replace(tzinfo=there, fold=0).astimezone(UTC)
            if found.astimezone(there).replace(tzinfo=None) == wanted:
                return found
            wanted += timedelta(minutes=1)
    except OverflowError:
        raise Refused("This day is too far away. Choose another one.", field="date") from None


def read_day(typed: str, field: str = "date") -> date:
    """`2026-11-24`, as date fields send it. Raises Refused at the field."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise Refused("Choose a day, such as 2026-11-24.", field=field) from None


def read_time(typed: str, field: str = "time") -> time:
    """`14:30`, as time fields send it, or `2:30 PM`, as people write it. Raises Refused at the field."""
    found = _CLOCK.fullmatch(typed.strip())
    if found is None or not (found[2] or found[3]):  # a bare 3 may be morning or afternoon
        raise Refused("Give a time, such as 14:30 or 2:30 PM.", field=field)
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").casefold()
    if half and not 1 <= hour <= 12:
        raise Refused("Give a time, such as 14:30 or 2:30 PM.", field=field)
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise Refused("Give a time, such as 14:30 or 2:30 PM.", field=field)
    return time(hour, minute)
