"""The lists that providers keep of people who said stop to them: read whole every night, into ours."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import audit, clock, connections, db, ids, suppressions
from domain.audit import AuditEntry
from domain.channels.base import ChannelError, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.delivery.leases import Lease
from domain.users import User

logger = logging.getLogger(__name__)

KEEPERS = frozenset(kind for kind, provider in CHANNELS.items() if provider.keeps_opt_outs)
OLD = timedelta(hours=20)
NIGHT = range(2, 5)  # hours of the dealership's clock
LONGEST = 1800.0  # seconds for a whole list; what was read by then is kept
HELD = timedelta(minutes=10)  # how long a reader that died keeps others from it
READ = "opt_outs.read"  # in the audit trail, with the counts


@dataclass(frozen=True)
class Reading:
    """How the last reading of a list ended: when, how many stood there, and how many of them were new here."""

    at: datetime
    listed: int
    new: int


async def due() -> list[UUID]:
    """The connections whose list is to be read now: one that never was, and at night one that is old."""
    rows = await Connection.select(Connection.id, Connection.opt_outs_read_at, Connection.account.timezone).where(
        (Connection.state == ConnectionState.CONNECTED) & Connection.kind.is_in(list(KEEPERS))
    )
    now = clock.now()
    return [row["id"] for row in rows if _is_due(row["opt_outs_read_at"], row["account.timezone"], now)]


def _is_due(last: datetime | None, zone: str, now: datetime) -> bool:
    return last is None or (last < now - OLD and now.astimezone(ZoneInfo(zone)).hour in NIGHT)


async def read(connection_id: UUID) -> Reading | None:
    """Reads the list of a connection: whoever stands on it is opted out here, and what waits for them is cancelled.

    A page is written before the next is asked for, so a fault in the middle loses nothing and the next reading begins
    anew. An opt-out of ours stays, whatever the list says. None when it could not be read to its end, or somebody else
    is at it.
    """
    connection = await connections.by_id(connection_id)
    if connection is None or connection.state != ConnectionState.CONNECTED or connection.kind not in KEEPERS:
        return None
    reader = str(ids.new())
    if not await _take(connection_id, reader):
        return None
    try:
        async with asyncio.timeout(LONGEST):
            return await _read(connection, reader)
    except TimeoutError:
        await _failed(connection, ChannelError("It took too long.", Kind.NEVER_CONNECTED))
        return None
    except ChannelError as error:
        await _failed(connection, error)
        return None
    finally:
        await Lease.delete().where((Lease.name == _lease(connection_id)) & (Lease.owner == reader))


async def ask(connection: Connection, user: User) -> None:
    """Somebody wants the list read now: it counts as never read."""
    async with db.writing():
        await Connection.update({Connection.opt_outs_read_at: None}).where(Connection.id == connection.id)
        await audit.record(connection.account, user.id, "opt_outs.asked_for", connection.id)


async def last(connection: Connection) -> Reading | None:
    """How the last reading that came to its end did; None when there was none, or another was asked for."""
    if not connection.opt_outs_read_at:
        return None
    row = (
        await AuditEntry.select(AuditEntry.detail)
        .where((AuditEntry.subject == connection.id) & (AuditEntry.action == READ))
        .order_by(AuditEntry.at, ascending=False)
        .output(load_json=True)
        .first()
    )
    counts = row["detail"] if row else {}
    return Reading(connection.opt_outs_read_at, counts.get("listed", 0), counts.get("new", 0))


async def _read(connection: Connection, reader: str) -> Reading:
    channel = connections.adapter(connection)
    listed = new = 0
    async for page in channel.opt_outs():
        new += await suppressions.from_provider(connection.account, channel.channel, page, channel.name)
        listed += len(page)
        await _take(connection.id, reader)
    reading = Reading(clock.now(), listed, new)
    async with db.writing():
        await Connection.update({Connection.opt_outs_read_at: reading.at}).where(Connection.id == connection.id)
        # What stood on the health panel because of the list is over.
        await Connection.update({Connection.last_error: ""}).where(
            (Connection.id == connection.id) & Connection.last_error.like(f"{_fault(connection)}%")
        )
        await audit.record(connection.account, None, READ, connection.id, listed=listed, new=new)
    return reading


async def _failed(connection: Connection, error: ChannelError) -> None:
    logger.warning("A list of opt-outs was not read to its end: %s", error, extra={"connection": str(connection.id)})
    if error.kind is Kind.CONNECTION_BROKEN:
        await connections.broken(connection.id, error.reason)
        return
    sentence = f"{_fault(connection)} {error.reason}"
    if sentence[:500] != connection.last_error:  # told once, not each hour as if it were new
        await connections.failed(connection.id, sentence)


def _fault(connection: Connection) -> str:
    return f"{CHANNELS[connection.kind].name}’s own list of opt-outs could not be read."


async def _take(connection_id: UUID, reader: str) -> bool:
    """Of several workers one reads a list. True when that is this one, for the next minutes."""
    now = clock.now()
    rows = await Lease.raw(
        """INSERT INTO lease (name, owner, until) VALUES ({}, {}, {})
           ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
             WHERE lease.owner = excluded.owner OR lease.until < {} RETURNING name""",
        *(_lease(connection_id), reader, now + HELD, now),
    )
    return bool(rows)


def _lease(connection_id: UUID) -> str:
    return f"lists:{connection_id.hex}"
