"""How a connection is: what it last did, heard or could not do."""

from datetime import timedelta
from uuid import UUID

from domain import clock, house_mail, users
from domain.channels.registry import CHANNELS
from domain.connections.tables import Connection, ConnectionState
from domain.db import writing
from domain.settings import settings
from domain.text import storable

OK_STEP = timedelta(seconds=30)


async def broken(connection_id: UUID, reason: str) -> bool:
    """The provider refused our key: pause, and write to the administrators. True the first time, so that they are
    told once. Opens a transaction."""
    async with writing():
        changed = (
            await Connection.update(
                {
                    Connection.state: ConnectionState.BROKEN,
                    Connection.last_error: storable(reason),
                    Connection.last_error_at: clock.now(),
                }
            )
            .where((Connection.id == connection_id) & (Connection.state == ConnectionState.CONNECTED))
            .returning(Connection.id, Connection.account, Connection.kind)
        )
        for row in changed:
            await _alert_broken(row["account"], row["kind"], reason)
    return bool(changed)


async def worked(connection_ids: set[UUID]) -> None:
    """Notes that these connections just did their job; to half a minute, so that it costs no write a message."""
    now = clock.now()
    if connection_ids:
        await Connection.update({Connection.last_ok_at: now}).where(
            Connection.id.is_in(list(connection_ids))
            & (Connection.last_ok_at.is_null() | (Connection.last_ok_at < now - OK_STEP))
        )


async def heard(connection_id: UUID) -> None:
    """Notes that this connection's provider just told something, as rarely as `worked`."""
    now = clock.now()
    await Connection.update({Connection.last_event_at: now}).where(
        (Connection.id == connection_id)
        & (Connection.last_event_at.is_null() | (Connection.last_event_at < now - OK_STEP))
    )


async def failed(connection_id: UUID, reason: str) -> None:
    """Notes the last thing that went wrong, for the health panel."""
    await Connection.update(
        {Connection.last_error: storable(reason[:500]), Connection.last_error_at: clock.now()}
    ).where(Connection.id == connection_id)


async def end_rest(connection_id: UUID) -> None:
    """Somebody looked, and all is well: a rest ends before its time."""
    now = clock.now()
    await Connection.raw(
        """UPDATE connection SET rest_ended_at = CASE WHEN rests_until > {} THEN {} ELSE rest_ended_at END,
                  rests_until = NULL WHERE id = {}""",
        now,
        now,
        connection_id,
    )


async def _alert_broken(account_id: UUID, kind: str, reason: str) -> None:
    name = CHANNELS[kind].name
    where = f"{settings().public_url}/apps/{kind}" if settings().public_url else f"Apps, {name}"
    for admin in await users.admins(account_id):
        await house_mail.send(
            admin.email,
            f"{name} refused the key of your dealership",
            f"Hello {admin.name},\n\n{name} no longer accepts the API key, so messages wait instead of leaving. "
            f"Nothing is lost.\n\nIts words: {reason}\n\nConnect again here: {where}\n",
        )
