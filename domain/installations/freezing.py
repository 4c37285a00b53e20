"""Frozen: nothing leaves until somebody looked. Asked before every claim and on every page, so kept for a second."""

from collections import Counter
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from domain import accounts, audit, clock, db
from domain.errors import Refused
from domain.installations import going_on, overdue, tables
from domain.installations.oddities import jump
from domain.installations.tables import Installation
from domain.settings import settings
from domain.users import User

KEPT_SECONDS = 1.0


async def is_frozen() -> bool:
    """Whether nothing may leave. A change elsewhere is seen within a second; a jump of a watched clock at once."""
    global _kept, _kept_until, _kept_of
    if why := _jumped():
        await freeze(why)
    if monotonic() >= _kept_until or _kept_of is not db.DB:
        rows = await db.peek("SELECT 1 FROM installation WHERE frozen_at IS NOT NULL")
        _kept, _kept_until, _kept_of = bool(rows), monotonic() + KEPT_SECONDS, db.DB
    return _kept


async def freeze(why: str) -> bool:
    """Nothing leaves from now on. False when it was frozen before, for whatever reason that was."""
    await tables.here()
    values: dict[Any, Any] = {Installation.frozen_at: clock.now(), Installation.frozen_why: why}
    rows = await Installation.update(values).where(Installation.frozen_at.is_null()).returning(Installation.id)
    forget()
    return bool(rows)


async def release(by: User | None, *, cancel_overdue: bool = False) -> int | None:
    """Lets things leave again, after cancelling what is overdue and ending the batches that have begun if wanted; how
    many messages those were, None when it was not frozen. `by` is None on the command line. Raises Refused unless it is
    the owner's wish."""
    if by is not None and not by.owner:
        raise Refused("Only the owner of this installation may release it.", code="no_permission")
    standing = await tables.here()
    since = standing.frozen_at
    if not since:
        return None
    cancelled: Counter[UUID] = Counter()
    if cancel_overdue:
        cancelled.update(await going_on.end())  # before the others, or the rest of a batch would leave in their place
        cancelled.update(await overdue.cancel())
    released: dict[Any, Any] = {
        Installation.frozen_at: None,
        Installation.released_at: clock.now(),
        Installation.released_by: by.id if by else None,
    }
    async with db.writing():
        frozen = Installation.frozen_at.is_not_null()
        if not await Installation.update(released).where(frozen).returning(Installation.id):
            return None
        for account in await accounts.all_accounts():  # it concerns each of them
            here = {"cancelled": cancelled[account.id], "frozen_at": since.isoformat()}
            user = by.id if by else None
            await audit.record(account.id, user, "sending.released", standing.id, standing.frozen_why, **here)
    forget()
    return sum(cancelled.values())


def watch_clock() -> None:
    """From now on this process notices when its clock jumps."""
    global _look
    _look = (db.DB, machine_time(), monotonic())


def machine_time() -> datetime:
    """What the machine's clock shows, which LOTWIRE_CLOCK does not move: a demo begins at another hour every day."""
    return clock.now() - timedelta(seconds=settings().clock_offset)


def forget() -> None:
    """Drops what this process remembers, so that the next question reads the row."""
    global _kept_until
    _kept_until = 0.0


def _jumped() -> str:
    if _look is None or _look[0] is not db.DB:
        return ""
    _, clock_then, ran_then = _look
    watch_clock()
    return jump(machine_time() - clock_then, timedelta(seconds=monotonic() - ran_then))


_kept = False
_kept_until = 0.0
_kept_of: object = None  # the database that was asked
_look: tuple[object, datetime, float] | None = None  # the database, what the clock showed, and when that was
