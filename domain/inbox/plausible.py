"""What providers tell may be broken, and a signature does not mend it: words that no database holds, times that no page
can show. All of it is made good before anything is done with it."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from domain import clock
from domain.text import storable

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # nobody texted a dealership before; clocks that lost the time say 1970
AHEAD = timedelta(hours=26)  # so far a provider's clock may be wrong; a day on which clocks go back is not too far

Told = TypeVar("Told")


def made_good(said: Told) -> Told:
    """The same with words that can be stored, and with now for every time that cannot be."""
    now = clock.now()
    return _good(said, now)


def _good(value: Told, now: datetime) -> Told:
    good: object = value
    if isinstance(value, str):
        good = storable(value)
    elif isinstance(value, datetime):
        good = value if EARLIEST <= value <= now + AHEAD else now
    elif is_dataclass(value) and not isinstance(value, type):
        good = replace(value, **{each.name: _good(getattr(value, each.name), now) for each in fields(value)})
    elif isinstance(value, Sequence):
        good = tuple(_good(each, now) for each in value)
    return good  # type: ignore[return-value]
