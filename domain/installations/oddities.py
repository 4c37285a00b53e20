"""What must not go unseen before something leaves: a database put back, a copy, a clock that jumped. All of it pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.installations.marks import Mark

JUMP = timedelta(minutes=5)

RESTORED = "The database is older than what this machine remembers of it: a backup was put back."
OTHER = "The database is another one than the one that was used here before."
COPIED = "The database was in use before, but not with this data directory: it is a copy, or files were lost."
MOVED = "The data directory was in use at another place: it is a copy, or it came from a backup or another machine."


@dataclass(frozen=True)
class Found:
    """What a sender finds when it starts."""

    installation: UUID  # of the database
    generation: int  # of the database; 0: nothing was ever sent from it
    empty: bool  # nobody ever wrote a message
    seen_at: datetime | None  # when a sender of this database last said that it runs
    now: datetime
    mark: Mark | None  # of the data directory
    place: str  # where that lies
    others: bool  # senders on other machines are running with this database right now


def verdict(found: Found) -> str:
    """Why the sender must start frozen, in a sentence; empty when all is as it was left. A long pause is not odd."""
    mark = found.mark
    ours = mark is not None and mark.installation == found.installation
    new = found.generation == 0 and found.empty
    if mark and ours and mark.generation > found.generation:
        return RESTORED
    if mark and not ours and not new and not found.others:
        return OTHER
    if mark is None and found.generation > 0 and not found.others:
        return COPIED
    if mark and ours and found.place not in mark.places and not found.others:
        return MOVED
    if found.seen_at is not None and found.seen_at - found.now > JUMP:
        return f"The clock went back: it shows {_words(found.seen_at - found.now)} less than when Lotwire last ran."
    return ""


def jump(clock: timedelta, ran: timedelta) -> str:
    """The same between two looks at a running sender: by how much the clock went on, and how long that really took."""
    if abs(clock - ran) <= JUMP:
        return ""
    way = "on" if clock > ran else "back"
    slept = " Or this machine slept." if clock > ran else ""
    return f"The clock jumped {way} by {_words(abs(clock - ran))} while Lotwire ran.{slept}"


def _words(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
