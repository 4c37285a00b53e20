"""How sellers who write in threads call themselves: asked of the provider once for each, outside of any transaction."""

from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from domain import clock, connections, db
from domain.channels.base import AWAY, ChannelError, Kind
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.db import writing
from domain.errors import Refused, Unavailable
from domain.messages import Message
from domain.text import one_line, storable
from domain.threads import SellerThread

AT_ONCE = 20
LONGEST = 100  # characters
PATIENCE = 600.0  # seconds in which a process does not ask a provider again that was away
FRESH = timedelta(days=1)  # so long after their last word it is asked again of a provider that was away


_away: dict[UUID, float] = {}  # connection -> when (monotonic) to ask it again


async def due() -> bool:
    """Whether there is somebody to ask for."""
    return bool(await _wanted(1))


async def ask() -> set[UUID]:
    """Asks for those that are not known yet; the listings whose history changed. Of a provider that does not answer the
    others are asked for another time."""
    changed: set[UUID] = set()
    for row in await _wanted(AT_ONCE):
        if _is_away(row["connection"]) or not await _claim(row["id"]):
            continue
        try:
            name = await _name(row)
        except ChannelError as error:
            if error.kind in AWAY or error.kind is Kind.UNKNOWN:
                _away[row["connection"]] = monotonic() + PATIENCE
                await _later(row["id"])
            if error.kind is Kind.CONNECTION_BROKEN:
                await connections.broken(row["connection"], error.reason)
        else:
            if name:
                changed |= await _keep(row, name)
    return changed


def _is_away(connection: UUID) -> bool:
    return _away.get(connection, 0.0) > monotonic()


async def _wanted(limit: int) -> list[dict[str, Any]]:
    kinds = [kind for kind, provider in CHANNELS.items() if provider.names]
    if not kinds:
        return []
    holes = ", ".join(["{}"] * len(kinds))
    away = [each for each, until in _away.items() if until > monotonic()]  # theirs keep nobody else's waiting
    return await SellerThread.raw(
        f"""SELECT t.id, t.account, t.connection, t.channel, t.address FROM seller_thread t
            JOIN connection c ON c.id = t.connection
            WHERE t.name = '' AND t.named_at IS NULL AND c.kind IN ({holes}) AND c.state = '{ConnectionState.CONNECTED}'
              AND (c.rests_until IS NULL OR c.rests_until <= {{}}) AND t.last_inbound_at > {{}}
              AND NOT ({db.among("t.connection")})
            ORDER BY t.last_inbound_at DESC LIMIT {{}}""",  # noqa: S608 - fixed words
        *kinds,
        clock.now(),
        clock.now() - FRESH,
        db.listed(away),
        limit,
    )


async def _claim(thread: UUID) -> bool:
    mine = (SellerThread.id == thread) & SellerThread.named_at.is_null()
    asked = SellerThread.update({SellerThread.named_at: clock.now()}).where(mine)
    return bool(await asked.returning(SellerThread.id))


async def _later(thread: UUID) -> None:
    await SellerThread.update({SellerThread.named_at: None}).where(SellerThread.id == thread)


async def _name(row: dict[str, Any]) -> str:
    connection: Connection | None = await connections.by_id(row["connection"])
    if connection is None:
        return ""
    try:
        said = await connections.adapter(connection).name_of(row["address"])
    except (Refused, Unavailable):  # its credentials are not whole, or cannot be unsealed
        return ""
    return storable(one_line(said))[:LONGEST].strip()


async def _keep(row: dict[str, Any], name: str) -> set[UUID]:
    """On the thread, and on what came in it before we knew."""
    async with writing():
        await SellerThread.update({SellerThread.name: name}).where(
            (SellerThread.id == row["id"]) & (SellerThread.name == "")
        )
        theirs = (
            (Message.account == row["account"])
            & (Message.from_address == row["address"])
            & (Message.channel == row["channel"])
            & (Message.direction == "in")
            & (Message.author_name == "")
        )
        told = Message.update({Message.author_name: name, Message.changed_at: clock.now()}).where(theirs)
        rows = await told.returning(Message.listing)
    return {each["listing"] for each in rows if each["listing"]}
