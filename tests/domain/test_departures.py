"""When a plan leaves: clocks that change, clocks of sellers, and the bounds."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import departures, quiet_hours, zones
from domain.departures import Plan
from domain.errors import Refused

RULES = quiet_hours.rules()
TUCSON = zones.of("US", "85701", [])
SOMEWHERE = zones.of("US", "", [])
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
ZONES = ("America/New_York", "America/Phoenix", "America/Los_Angeles", "America/St_Johns", "Pacific/Honolulu", "UTC")


def on(*parts: int) -> datetime:
    """What a clock on the wall shows: of no zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


walls = st.datetimes(on(2026, 1, 1), on(2028, 1, 1)).map(lambda each: each.replace(second=0, microsecond=0))


def by_zone(wall: datetime, zone: str) -> datetime:
    return departures.moment_for(Plan("zone", wall, zone), TUCSON, RULES).at


@given(walls, st.sampled_from(ZONES))
def test_the_clock_it_was_planned_by_shows_the_wanted_time_or_the_next_minute_there_is(wall, zone):
    shown = by_zone(wall, zone).astimezone(zones.clock(zone)).replace(tzinfo=None)
    assert shown >= wall
    skipped = [wall + timedelta(minutes=n) for n in range(int((shown - wall) / timedelta(minutes=1)))]
    assert all(not exists(each, zone) for each in skipped)


@given(walls, st.sampled_from(ZONES))
def test_of_a_doubled_hour_the_first_counts(wall, zone):
    there = zones.clock(zone)
    earlier = by_zone(wall, zone) - timedelta(hours=1)
    assert earlier.astimezone(there).replace(tzinfo=None) != wall


@pytest.mark.parametrize(
    ("wall", "moment"),
    [
        (on(2027, 3, 14, 2, 30), datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),  # New York has no 2:30 that night
        (on(2027, 11, 7, 1, 30), datetime(2027, 11, 7, 5, 30, tzinfo=UTC)),  # and 1:30 twice that one
        (on(2027, 3, 14, 3, 0), datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
    ],
)
def test_the_nights_on_which_clocks_change(wall, moment):
    assert by_zone(wall, "America/New_York") == moment


def test_what_is_kept_is_the_clock_and_what_was_wanted_of_it():
    planned = departures.moment_for(Plan("zone", on(2026, 11, 30, 9, 0), "America/New_York"), TUCSON, RULES)
    assert (planned.zone, planned.wall) == ("America/New_York", "2026-11-30T09:00")
    assert planned.at == datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


def test_by_the_sellers_own_clock_it_is_that_time_where_they_are():
    planned = departures.moment_for(Plan("seller", on(2026, 11, 30, 9, 0)), TUCSON, RULES)
    assert (planned.at, planned.zone) == (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), "America/Phoenix")


@given(st.datetimes(on(2026, 1, 1), on(2028, 1, 1)), st.sampled_from(["85701", "79821", "10001", ""]))
def test_by_the_sellers_own_clock_it_is_at_least_that_time_wherever_they_may_be_and_a_good_one(wall, postal_code):
    there = zones.of("US", postal_code, [])
    wall = wall.replace(second=0, microsecond=0)
    at = departures.moment_for(Plan("seller", wall), there, RULES).at
    assert all(at.astimezone(zones.clock(name)).replace(tzinfo=None) >= wall for name in there.names)
    assert quiet_hours.allowed(at, there, RULES)


def test_with_several_clocks_the_last_of_them_decides():
    at = departures.moment_for(Plan("seller", on(2026, 11, 30, 12, 0)), SOMEWHERE, RULES).at
    assert at >= datetime(2026, 11, 30, 12, 0, tzinfo=ZoneInfo("Pacific/Honolulu")).astimezone(UTC)


def test_a_moment_that_is_known_to_the_second_stays_that_second():
    moment = datetime(2026, 11, 30, 14, 0, 17, tzinfo=UTC)
    planned = departures.moment_for(Plan.at(moment, "America/New_York"), TUCSON, RULES)
    assert (planned.at, planned.wall) == (moment, "2026-11-30T09:00")


@pytest.mark.parametrize(
    ("ahead", "field", "code"),
    [
        (timedelta(seconds=59), "time", "too_soon"),
        (timedelta(days=-1), "time", "too_soon"),
        (timedelta(days=90, seconds=1), "date", "too_far"),
    ],
)
def test_a_plan_is_a_minute_to_ninety_days_ahead(ahead, field, code):
    with pytest.raises(Refused) as refused:
        departures.check(NOW + ahead, NOW)
    assert (refused.value.field, refused.value.code) == (field, code)


@pytest.mark.parametrize("zone", ["seller", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("day", [on(1, 1, 1), on(1969, 12, 31, 23, 59), on(9999, 12, 31, 23, 59)])
def test_a_day_at_the_end_of_the_calendar_is_refused_by_any_clock(day, zone):
    plan = Plan("seller", day) if zone == "seller" else Plan("zone", day, zone)
    with pytest.raises(Refused) as refused:
        departures.moment_for(plan, TUCSON, RULES)
    assert (refused.value.field, refused.value.code) == ("date", "too_far")


@pytest.mark.parametrize("ahead", [timedelta(minutes=1), timedelta(days=90)])
def test_the_bounds_themselves_are_fine(ahead):
    assert departures.check(NOW + ahead, NOW) is None


@pytest.mark.parametrize(
    ("row", "late"),
    [
        ({}, True),
        ({"not_before": NOW - timedelta(minutes=59)}, False),
        ({"attempts": 1}, False),
        ({"kind": "batch"}, False),
        ({"kind": "one_to_one"}, False),
        ({"not_before": None}, False),
    ],
)
def test_late_is_what_was_planned_and_never_tried_an_hour_past_its_time(row, late):
    known = {"kind": "scheduled", "attempts": 0, "not_before": NOW - timedelta(minutes=61), **row}
    assert departures.is_late(known, NOW) is late


def exists(wall: datetime, zone: str) -> bool:
    there = zones.clock(zone)
    return wall.replace(tzinfo=there).astimezone(UTC).astimezone(there).replace(tzinfo=None) == wall


def test_an_empty_date_and_time_are_no_plan_and_half_of_them_is_refused():
    account = None
    assert departures.read("", " ", "", account) is None
    with pytest.raises(Refused) as refused:
        departures.read("2026-11-30", "", "", account)
    assert refused.value.field == "time"
    with pytest.raises(Refused) as refused:
        departures.read("", "09:00", "", account)
    assert refused.value.field == "date"


def test_a_date_and_a_time_are_read_as_fields_send_them():
    wall = datetime.combine(date(2026, 11, 30), time(9, 0))
    assert departures.read("2026-11-30", "09:00", "seller", None) == Plan("seller", wall)
    assert departures.read("2026-11-30", "09:00", "America/Phoenix", None) == Plan("zone", wall, "America/Phoenix")
