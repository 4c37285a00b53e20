"""When texts may reach somebody: the hours of every state and province as data, and the next allowed minute."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from domain import holidays
from domain import zones as places
from domain.errors import Refused
from domain.zones import Zones

Hours = tuple[int, int]  # minutes after midnight: from the first on, until before the second
HORIZON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Row:
    """The hours of a region as its source gives them.

    hours     for Monday to Sunday, None for a day without any
    holidays  whether they hold on federal holidays of the country, too: the day itself and the one it is kept on
    source    who says so
    seen      the day it was looked up

    Raises Refused when it has not seven days, or hours that do not end after they begin within their day.
    """

    hours: tuple[Hours | None, ...]
    holidays: bool
    source: str
    seen: date

    def __post_init__(self) -> None:
        if len(self.hours) != 7:
            raise Refused("Give hours for each of the seven days, Monday first.", field="hours")
        if any(day and not 0 <= day[0] < day[1] <= 24 * 60 for day in self.hours):
            raise Refused("Hours end after they begin, on the same day.", field="hours")


@dataclass(frozen=True, slots=True)
class Week:
    """The hours that are left where several rows must agree."""

    hours: tuple[Hours | None, ...]
    holidays: bool
    country: str = ""  # whose holidays: "US", "CA", or those of both

    @property
    def never(self) -> bool:
        """Whether there is no time at all."""
        return not any(self.hours)

    def wait(self, local: datetime) -> int:
        """Minutes until the hours begin or the day ends, on a clock that does not jump; 0 while they last."""
        minute = local.hour * 60 + local.minute
        hours = self.hours[local.weekday()]
        if hours and minute < hours[1] and (self.holidays or local.date() not in holidays.of(self.country, local.year)):
            return max(0, hours[0] - minute)
        return 24 * 60 - minute


@dataclass(frozen=True, eq=False)  # the same only as itself, so that what follows from it can be kept
class Rules:
    """Rows by region ("US-KY", "CA", …) and the one for everybody; where several fit, what all of them allow."""

    default: Row
    rows: Mapping[str, Row]

    def week(self, region: str) -> Week:
        """The strictest of what fits: the default, the country's row and the state's; all states' when it is not known
        which ("US"), and everybody's when nothing is ("")."""
        return self._weeks.get(region) or self._weeks.get(region[:3]) or self._weeks[""]

    @cached_property
    def _weeks(self) -> dict[str, Week]:
        weeks = {"": _agreed([self.default, *self.rows.values()])}
        for country in ("US", "CA"):
            basis = [self.default, *(row for region, row in self.rows.items() if region == country)]
            states = {region: row for region, row in self.rows.items() if region.startswith(f"{country}-")}
            weeks[country] = _agreed([*basis, *states.values()], country)
            weeks[f"{country}-"] = _agreed(basis, country)  # the states without a row
            weeks |= {region: _agreed([*basis, row], country) for region, row in states.items()}
        return weeks


@dataclass(frozen=True, slots=True)
class Here:
    """How it is for people by one clock: whether texts may reach them now, and when that changes as their clock will
    show it; None when it does not within two weeks."""

    local: datetime
    open: bool
    until: datetime | None


def rules(overrides: Mapping[str, Row] | None = None) -> Rules:
    """The house's rows, with an account's own in place of those of the same region ("" is the default's)."""
    rows = {"": DEFAULT} | ROWS | dict(overrides or {})
    return Rules(default=rows.pop(""), rows=rows)


def law(region: str) -> Row:
    """What a dealership should not go beyond: the shipped row of a region, else of its country, else the default."""
    return ROWS.get(region) or ROWS.get(region[:2]) or DEFAULT


def wider(row: Row, than: Row) -> bool:
    """Whether a row allows any time that the other one does not."""
    if row.holidays and not than.holidays:
        return True
    days = zip(row.hours, than.hours, strict=True)
    return any(ours and not (theirs and theirs[0] <= ours[0] and ours[1] <= theirs[1]) for ours, theirs in days)


def allowed(now: datetime, zones: Zones, rules: Rules) -> bool:
    """Whether it is a good time wherever they may be. `now` is aware."""
    week = rules.week(zones.region)
    return all(not week.wait(now.astimezone(places.clock(name))) for name in zones.names)


def next_allowed(now: datetime, zones: Zones, rules: Rules, horizon: timedelta = HORIZON) -> datetime | None:
    """`now` when it is a good time wherever they may be, else the first minute (UTC) that is.

    None when there is none within the horizon, as between places half a world apart.
    """
    now = now.astimezone(UTC)
    if allowed(now, zones, rules):
        return now
    week, end = rules.week(zones.region), now + horizon
    clocks = [places.clock(name) for name in sorted(zones.names)]
    moment = now.replace(second=0, microsecond=0)  # the hours begin and end with a minute
    while moment <= end:
        began = moment
        for clock in clocks:
            moment = _opened(moment, clock, week, end)
        if moment == began:
            return moment
    return None


def local(now: datetime, zones: Zones) -> tuple[datetime, ...]:
    """What their clocks show, each time once, the earliest first; `tzinfo.key` names the zone."""
    shown = (now.astimezone(places.clock(name)) for name in sorted(zones.names))
    times = {moment.utcoffset(): moment for moment in reversed(list(shown))}
    return tuple(sorted(times.values(), key=lambda moment: moment.replace(tzinfo=None)))


def here(now: datetime, zones: Zones, rules: Rules) -> tuple[Here, ...]:
    """How it is by each of their clocks, the earliest first."""
    week = rules.week(zones.region)
    return tuple(_here(now.astimezone(UTC), shown, week) for shown in local(now, zones))


def _here(now: datetime, shown: datetime, week: Week) -> Here:
    if not week.wait(shown):
        return Here(shown, True, _closes(shown, week))
    end, clock = now + HORIZON, places.clock(str(shown.tzinfo))
    opens = _opened(now.replace(second=0, microsecond=0), clock, week, end)
    return Here(shown, False, opens.astimezone(clock) if opens <= end else None)


def _closes(shown: datetime, week: Week) -> datetime | None:
    """When the hours that last by this clock end; those of a day that end at midnight may go on with the next."""
    end = shown
    while end - shown < HORIZON and not week.wait(end):
        hours = week.hours[end.weekday()] or (0, 0)
        end = end.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(minutes=hours[1])
    return end if week.wait(end) else None


def _opened(moment: datetime, clock: ZoneInfo, week: Week, end: datetime) -> datetime:
    """The first minute from this one on that is good by this clock; past `end` it does not look."""
    while moment <= end:
        shown = moment.astimezone(clock)
        wait = week.wait(shown)
        if not wait:
            return moment
        later = moment + timedelta(minutes=wait)
        jumps = later.astimezone(clock).utcoffset() != shown.utcoffset()
        moment = _jump(moment, later, clock) if jumps else later
    return moment


def _jump(before: datetime, after: datetime, clock: ZoneInfo) -> datetime:
    """The minute at which the clock was set between these two, which are no more than a day apart."""
    offset, minutes = before.astimezone(clock).utcoffset(), int((after - before) / timedelta(minutes=1))
    early, late = 0, minutes
    while late - early > 1:
        middle = (early + late) // 2
        if (before + timedelta(minutes=middle)).astimezone(clock).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return before + timedelta(minutes=late)


def _agreed(rows: Sequence[Row], country: str = "") -> Week:
    return Week(
        hours=tuple(_overlap(day) for day in zip(*(row.hours for row in rows), strict=True)),
        holidays=all(row.holidays for row in rows),
        country=country,
    )


def _overlap(hours: Iterable[Hours | None]) -> Hours | None:
    begins, ends = 0, 24 * 60
    for each in hours:
        begins, ends = (max(begins, each[0]), min(ends, each[1])) if each else (0, 0)
        if begins >= ends:
            return None
    return begins, ends


def _row(
    weekdays: tuple[int, int], saturday: Hours | None, sunday: Hours | None, source: str, holidays: bool = True
) -> Row:
    """Whole hours: `(8, 20)`."""
    days = [weekdays] * 5 + [saturday, sunday]
    hours = tuple((day[0] * 60, day[1] * 60) if day else None for day in days)
    return Row(hours, holidays, source, _SEEN)


# Public tables disagree in places: here is the strictest of what they say. Rows that the default swallows stand all the
# same, for an account that widens the default.
_SEEN = date(2026, 11, 22)
_TABLES = "public tables of state telephone solicitation laws"
_ONE_TABLE = f"one of the {_TABLES}"

DEFAULT = _row((9, 20), (9, 20), (12, 18), "Lotwire's own: inside all state windows but a few")

ROWS: dict[str, Row] = {
    "US": _row((8, 21), (8, 21), (8, 21), "47 CFR 64.1200(c)(1)"),
    "CA": Row(
        (*[(9 * 60, 21 * 60 + 30)] * 5, *[(10 * 60, 18 * 60)] * 2),
        True,
        "CRTC Unsolicited Telecommunications Rules, Part III, made for calls",
        _SEEN,
    ),
    **{f"US-{state}": _row((8, 20), (8, 20), (8, 20), _TABLES) for state in ("FL", "MA", "MD", "NJ", "OK", "WA")},
    "US-AL": _row((8, 20), (8, 20), None, _TABLES, holidays=False),
    "US-LA": _row((8, 20), (8, 20), None, _TABLES, holidays=False),
    "US-MS": _row((8, 20), (8, 20), None, _TABLES),
    **{f"US-{state}": _row((9, 20), (9, 20), (9, 20), _TABLES) for state in ("CT", "NV")},
    **{f"US-{state}": _row((9, 21), (9, 21), (9, 21), _TABLES) for state in ("MI", "MN", "NM")},
    **{f"US-{state}": _row((9, 21), (9, 21), (9, 21), _ONE_TABLE) for state in ("CA", "IL")},
    "US-KY": _row((10, 21), (10, 21), (10, 21), _TABLES),
    "US-PA": _row((8, 21), (8, 12), (8, 21), _ONE_TABLE, holidays=False),
    "US-RI": _row((9, 18), (10, 17), None, f"{_TABLES}; one has Sunday 10 to 17"),
    "US-TX": _row((9, 21), (9, 21), (12, 21), "Texas SB 140, from 2025-09-01"),
}
