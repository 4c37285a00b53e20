"""When a provider that tells everything once could not be heard: no list of its own brings that back, so people are
told to look there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock
from domain.channels import sockets
from domain.channels.registry import CHANNELS
from domain.connections.tables import Connection, ConnectionState, Silence
from domain.db import writing

SIGN = timedelta(seconds=sockets.SIGN)  # between two words that a line stands
TOLD_FOR = timedelta(days=7)
MOST = 3  # silences that a page names


async def hears(connection_id: UUID, anew: bool) -> None:
    """A line to it stands; `anew`: none did before. Then what it told since is lost, and its own list of people who
    said stop, where it keeps one, is read again: that much can be made good."""
    now = clock.now()
    async with writing():
        row = (
            await Connection.select(Connection.heard_until, Connection.kind)
            .where(Connection.id == connection_id)
            .first()
        )
        if row is None:
            return
        changed: dict[Any, Any] = {Connection.heard_until: now}
        if anew and row["heard_until"]:
            await Silence.insert(Silence(connection=connection_id, since=row["heard_until"], until=now))
            if CHANNELS[row["kind"]].keeps_opt_outs:
                changed[Connection.opt_outs_read_at] = None
        await Connection.update(changed).where(Connection.id == connection_id)


async def silences(connection: Connection) -> list[tuple[datetime, datetime | None]]:
    """Since when until when it could not be heard, of the last days, the newest first; None: nothing is heard now."""
    now, until = clock.now(), connection.heard_until
    if not until:
        return []
    found = (
        await Silence.select(Silence.since, Silence.until)
        .where((Silence.connection == connection.id) & (Silence.until > now - TOLD_FOR))
        .order_by(Silence.until, ascending=False)
        .limit(MOST)
    )
    told: list[tuple[datetime, datetime | None]] = [(each["since"], each["until"]) for each in found]
    if until < now - 3 * SIGN and connection.state != ConnectionState.DISCONNECTED:
        told.insert(0, (until, None))
    return told
