"""The days on which hours for texts may not hold. Those of the United States are in test_quiet_hours.py."""

from datetime import UTC, date, datetime

import pytest

from domain import holidays, quiet_hours
from domain.quiet_hours import Row
from domain.zones import Zones

# As the Government of Canada lists them, with the days on which those of a weekend are kept.
CANADA = {
    2021: "01-01 04-02 05-24 07-01 09-06 09-30 10-11 11-11 12-25 12-26 12-27 12-28",
    2022: "01-01 01-03 04-15 05-23 07-01 09-05 09-30 10-10 11-11 12-25 12-26 12-27",
    2026: "01-01 04-03 05-18 07-01 09-07 09-30 10-12 11-11 12-25 12-26 12-28",
    2027: "01-01 03-26 05-24 07-01 09-06 09-30 10-11 11-11 12-25 12-26 12-27 12-28",
}
GOOD_FRIDAYS = ("2024-03-29", "2025-04-18", "2028-04-14", "2029-03-30", "2030-04-19", "2038-04-23", "2049-04-16")


@pytest.mark.parametrize("year", CANADA)
def test_canada_has_its_own_holidays(year: int) -> None:
    assert sorted(f"{day:%m-%d}" for day in holidays.of("CA", year)) == CANADA[year].split()


@pytest.mark.parametrize("day", GOOD_FRIDAYS)
def test_good_friday_moves_with_easter(day: str) -> None:
    there = date.fromisoformat(day)
    assert there in holidays.of("CA", there.year)
    assert there not in holidays.of("US", there.year)


def test_where_the_country_is_not_known_the_holidays_of_both_are_kept() -> None:
    assert holidays.of("", 2026) == holidays.of("US", 2026) | holidays.of("CA", 2026)
    assert date(2026, 7, 4) in holidays.of("US", 2026) - holidays.of("CA", 2026)


def test_a_province_without_holidays_keeps_canadas_and_a_state_americas() -> None:
    none = Row(((540, 1200),) * 7, False, "this test", date(2026, 11, 22))
    rules = quiet_hours.rules({"CA-ON": none, "US-NY": none})
    canada_day = datetime(2026, 7, 1, 16, tzinfo=UTC)
    labour_day = datetime(2026, 9, 7, 16, tzinfo=UTC)
    toronto, new_york = (
        Zones(frozenset({name}), region, "")
        for name, region in (("America/Toronto", "CA-ON"), ("America/New_York", "US-NY"))
    )

    assert not quiet_hours.allowed(canada_day, toronto, rules)
    assert quiet_hours.allowed(canada_day, new_york, rules)
    assert not quiet_hours.allowed(labour_day, toronto, rules)
    assert not quiet_hours.allowed(labour_day, new_york, rules)
