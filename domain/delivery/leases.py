"""Who holds what for how long: messages in hand, and the turn to dispatch. What the dead left is healed here."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, db
from domain.columns import moment
from domain.db import DB
from domain.delivery.news import News
from domain.delivery.sql import holes
from domain.messages import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


class Lease(Table, db=DB, tablename="lease"):
    """Who may do what only one may do at a time: dispatching on SQLite."""

    name = Varchar(40, primary_key=True)
    owner = Text(default="")
    until = moment()


LEASE = timedelta(seconds=60)
LOST = "It may have been sent: the connection broke before the provider answered."
DISPATCHER = "dispatcher"
LEASED = "state IN ('claimed', 'sending')"  # in the words of the index, or SQLite does not know it again


async def renew(owner: str, ids: Sequence[UUID]) -> None:
    """Prolongs the leases of the messages `owner` has in hand; what it lost sight of is left to the sweep."""
    if not ids:
        return
    until, arguments = lease_end()
    await Message.raw(
        f"""UPDATE message SET lease_until = {until}
            WHERE {db.among("id")} AND owner = {{}} AND state IN ('claimed', 'sending')""",
        *arguments,
        db.listed(ids),
        owner,
    )


async def sweep() -> News:
    """Heals what a dead worker left: claimed goes back to queued, sending becomes unknown, once the lease ran out."""
    over, arguments = ("now()", []) if db.on_postgres() else ("{}", [clock.now()])
    return await _end_leases(f"lease_until < {over}", arguments)


async def end_dead_leases(is_dead: Callable[[str], bool]) -> News:
    """The same at once for owners known to be dead, without waiting for their leases."""
    rows = await Message.raw(f"SELECT DISTINCT owner FROM message WHERE {LEASED}")
    dead = [row["owner"] for row in rows if is_dead(row["owner"])]
    if not dead:
        return News()
    return await _end_leases(f"owner IN ({holes(len(dead))})", dead)


async def take_turn(owner: str, seconds: float, is_dead: Callable[[str], bool]) -> bool:
    """On SQLite one worker dispatches. True when that is `owner`, for the next `seconds`; a dead one is succeeded."""
    if db.on_postgres():
        return True
    now = clock.now()
    async with db.writing():
        lease = await Lease.objects().get(Lease.name == DISPATCHER)
        if lease and lease.owner != owner and lease.until and lease.until > now and not is_dead(lease.owner):
            return False
        row = Lease(name=DISPATCHER, owner=owner, until=now + timedelta(seconds=seconds))
        await Lease.insert(row).on_conflict(target=Lease.name, action="DO UPDATE", values=[Lease.owner, Lease.until])
    return True


def lease_end() -> tuple[str, list[Any]]:
    """SQL for the end of a new lease, by the database's clock where several machines share one."""
    if db.on_postgres():
        return f"now() + interval '{int(LEASE.total_seconds())} seconds'", []
    return "{}", [clock.now() + LEASE]


async def _end_leases(which: str, arguments: Sequence[Any]) -> News:
    now = clock.now()
    async with db.writing():
        rows = await Message.raw(
            f"""UPDATE message SET state = 'unknown', rank = 2, code = 'unknown', reason = {{}}, owner = '',
                       lease_until = NULL, changed_at = {{}}
                WHERE {LEASED} AND state = 'sending' AND {which} RETURNING id, listing, attempts""",
            LOST,
            now,
            *arguments,
        )
        for row in rows:
            await Message.raw(
                "UPDATE attempt SET outcome = 'unknown', reason = {} WHERE message = {} AND n = {} AND outcome = ''",
                LOST,
                row["id"],
                row["attempts"],
            )
        rows += await Message.raw(
            f"""UPDATE message SET state = 'queued', owner = '', lease_until = NULL
                WHERE {LEASED} AND state = 'claimed' AND {which} RETURNING id, listing""",
            *arguments,
        )
    return News(listings={row["listing"] for row in rows if row["listing"]})
