"""The only clock of the house: always aware, so that a test can set it."""

import zoneinfo
from datetime import UTC, datetime, timedelta

from domain.settings import settings

# The time zone database that Lotwire brings along: the operating system's may be years behind what legislators decided.
zoneinfo.reset_tzpath(())


def now() -> datetime:
    """The present moment in UTC, moved by LOTWIRE_CLOCK seconds in tests and demos."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset)
