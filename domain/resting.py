"""A connection whose provider asked for silence: nothing leaves by it until then, and nothing is lost."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, house_mail, users
from domain.accounts import Account
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.db import writing
from domain.text import storable


async def rest(connection_id: UUID, seconds: float, reason: str) -> bool:
    """The provider asked for silence: nothing leaves by this connection for so long, and its administrators are told
    once. True when it did not rest before. Opens a transaction."""
    now = clock.now()
    goes_on = now + timedelta(seconds=seconds)
    async with writing():
        mine = (Connection.id == connection_id) & (Connection.state == ConnectionState.CONNECTED)
        row = await Connection.select(Connection.account, Connection.kind, Connection.rests_until).where(mine).first()
        if row is None:
            return False
        values: Mapping[Any, Any] = {Connection.last_error: storable(reason[:500]), Connection.last_error_at: now}
        rested = row["rests_until"] is not None and row["rests_until"] > now
        await Connection.update({**values, Connection.rests_until: goes_on}).where(mine)
        if not rested:
            await _alert_rests(row["account"], row["kind"], reason, goes_on)
    return not rested


def until(connection: Connection) -> datetime | None:
    """When it goes on; None for one that does not rest."""
    rests = connection.rests_until
    return rests if rests is not None and rests > clock.now() else None


async def _alert_rests(account_id: UUID, kind: str, reason: str, goes_on: datetime) -> None:
    name = CHANNELS[kind].name
    account = await Account.select(Account.timezone).where(Account.id == account_id).first()
    zone = ZoneInfo(account["timezone"]) if account else UTC
    for admin in await users.admins(account_id):
        await house_mail.send(
            admin.email,
            f"{name} asked your dealership for a pause",
            f"Hello {admin.name},\n\n{name} takes no messages from your dealership for a while. "
            f"What waits leaves after {goes_on.astimezone(zone):%A %-d %B, %H:%M}. Nothing is lost.\n\n"
            f"Its words: {reason}\n",
        )
