"""Public holidays of the United States and Canada: the days on which hours for texts may not hold."""

from datetime import date, timedelta
from functools import lru_cache

DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def of(country: str, year: int) -> frozenset[date]:
    """The federal holidays of "US" or "CA", those of both for "": each with the weekday it is kept on when it falls on
    a weekend."""
    american = _united_states(year) if country != "CA" else frozenset()
    return american | _canada(year) if country != "US" else american


def _united_states(year: int) -> frozenset[date]:
    """5 U.S.C. 6103; the day before or after it where it falls on a weekend, that of the next year's start included."""
    days = {
        date(year, 1, 1),
        _weekday(year, 1, 0, 3),  # Martin Luther King Jr.
        _weekday(year, 2, 0, 3),  # Washington
        _weekday(year, 6, 0, 1) - timedelta(weeks=1),  # Memorial Day, the last Monday of May
        date(year, 6, 19),
        date(year, 7, 4),
        _weekday(year, 9, 0, 1),  # Labor Day
        _weekday(year, 10, 0, 2),  # Columbus
        date(year, 11, 11),
        _weekday(year, 11, 3, 4),  # Thanksgiving
        date(year, 12, 25),
        date(year + 1, 1, 1),
    }
    return frozenset(days | {day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0)) for day in days})


def _canada(year: int) -> frozenset[date]:
    """Canada Labour Code, section 166; the next working day after one that falls on a weekend."""
    days = {
        date(year, 1, 1),
        _easter(year) - 2 * DAY,  # Good Friday
        date(year, 5, 24) - date(year, 5, 24).weekday() * DAY,  # Victoria Day, the last Monday before 25 May
        date(year, 7, 1),
        _weekday(year, 9, 0, 1),  # Labour Day
        date(year, 9, 30),  # Truth and Reconciliation
        _weekday(year, 10, 0, 2),  # Thanksgiving
        date(year, 11, 11),
        date(year, 12, 25),
        date(year, 12, 26),
    }
    for day in sorted(days):
        kept = day
        while kept.weekday() > 4 or (kept != day and kept in days):
            kept += DAY
        days.add(kept)
    return frozenset(days)


def _weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7, weeks=nth - 1)


def _easter(year: int) -> date:
    """Easter Sunday, as Meeus, Jones and Butcher reckon it."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    epact -= (epact // 28) * (1 - (epact // 28) * (29 // (epact + 1)) * ((21 - golden) // 11))
    weekday = (year + year // 4 + epact + 2 - century + century // 4) % 7
    offset = epact - weekday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))
