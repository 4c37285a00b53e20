"""When it is at the sample dealership."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.cli.demo import ZONE, daytime_offset


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("day", [datetime(2026, 1, 15, tzinfo=ZONE), datetime(2026, 7, 15, tzinfo=ZONE)])
def test_a_demo_always_begins_while_the_dealership_is_open(day: datetime, hour: int) -> None:
    now = (day + timedelta(hours=hour, minutes=59, seconds=58)).astimezone(UTC)

    there = (now + timedelta(seconds=daytime_offset(now))).astimezone(ZONE)

    assert 9 <= there.hour < 18


def test_while_it_is_open_the_clock_is_everybodys() -> None:
    assert daytime_offset(datetime(2026, 11, 24, 16, 0, tzinfo=UTC)) == 0


def test_the_clock_only_goes_forward_so_that_kept_data_stay_in_the_past() -> None:
    day = datetime(2026, 11, 24, tzinfo=UTC)

    assert all(daytime_offset(day + timedelta(minutes=minutes)) >= 0 for minutes in range(0, 24 * 60, 7))
