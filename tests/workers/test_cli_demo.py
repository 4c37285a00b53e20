"""When it is at the sample dealership."""

from datetime import UTC, datetime, timedelta

import pytest

from workers.cli.demo import ZONE, daytime_offset


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("day", [datetime(2026, 1, 15, tzinfo=ZONE), datetime(2026, 11, 28, tzinfo=ZONE)])
@pytest.mark.parametrize("later", range(3))  # the second of them begins on a Saturday
def test_a_demo_always_begins_at_an_hour_for_texts(day: datetime, later: int, hour: int) -> None:
    now = (day + timedelta(days=later, hours=hour, minutes=59, seconds=58)).astimezone(UTC)

    there = (now + timedelta(seconds=daytime_offset(now))).astimezone(ZONE)

    assert 12 <= there.hour < 18
    assert there.weekday() != 6


def test_while_it_is_open_the_clock_is_everybodys() -> None:
    assert daytime_offset(datetime(2026, 11, 24, 17, 0, tzinfo=UTC)) == 0


def test_the_clock_only_goes_forward_so_that_kept_data_stay_in_the_past() -> None:
    day = datetime(2026, 11, 24, tzinfo=UTC)

    assert all(daytime_offset(day + timedelta(minutes=minutes)) >= 0 for minutes in range(0, 24 * 60, 7))
