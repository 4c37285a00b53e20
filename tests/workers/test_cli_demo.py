"""When it is at the sample dealership, and how it begins."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from domain.settings import ROOT
from workers.cli.demo import ZONE, daytime_offset
from workers.listening import listen


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


def test_who_asks_before_the_simulator_has_loaded_waits_for_it(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as phones:
        asking = HTTPConnection("127.0.0.1", phones.getsockname()[1], timeout=30)
        asking.request("GET", "/")
        fd = phones.fileno()
        command = [sys.executable, "-m", "workers.simulator", "--fd", str(fd), "--state-dir", str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, pass_fds=(fd,), stdout=subprocess.DEVNULL) as simulator:
            try:
                assert asking.getresponse().status == 200
            finally:
                asking.close()
                simulator.terminate()
