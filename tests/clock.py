"""The house's time in a test."""

from datetime import UTC, datetime, timedelta
from typing import Any

MORNING = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # a Tuesday, 11:00 in New York and 8:00 in Los Angeles


class Clock:
    """The house's time. It ticks until frozen."""

    def __init__(self, start: datetime) -> None:
        self._ahead = start - datetime.now(UTC)
        self._still: datetime | None = None

    def now(self, tz: Any = UTC) -> datetime:
        return self._still or datetime.now(tz) + self._ahead

    def set(self, moment: datetime) -> None:
        """From now on it is `moment` (aware), and goes on from there, or stands still if it did."""
        self._ahead = moment - datetime.now(UTC)
        if self._still:
            self._still = moment

    def advance(self, **by: float) -> None:
        """`clock.advance(minutes=5)`: the words of timedelta."""
        self.set(self.now() + timedelta(**by))

    def freeze(self, moment: datetime | None = None) -> datetime:
        """Stops; the moment it stands at."""
        self._still = moment or self.now()
        return self._still
