"""The providers of connections, each made once for the same credentials and asked for before every handful."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from domain import connections
from domain.channels.base import Channel
from domain.connections import Connection, ConnectionState
from domain.errors import Refused, Unavailable


class Providers:
    """Connections as they are now, with the adapters that send by them."""

    def __init__(self) -> None:
        self._kept: dict[UUID, tuple[Connection, Channel]] = {}

    async def of(self, connection_id: UUID) -> tuple[Connection, Channel] | None:
        """None while it is not connected. Raises Unavailable when its credentials cannot be unsealed."""
        kept = self._kept.pop(connection_id, None)
        connection = await connections.as_now(connection_id, kept[0] if kept else None)
        if connection is None or connection.state != ConnectionState.CONNECTED:
            return None
        channel = kept[1] if kept and kept[0] is connection else connections.adapter(connection)
        self._kept[connection_id] = connection, channel
        if channel.borrows:
            channel.lend(await self._lender(connection, channel.borrows))
        return connection, channel

    async def _lender(self, connection: Connection, channel: str) -> Any:
        """None where none works: what does not need it still leaves."""
        other = await connections.carrying(connection.account, channel)
        if other is None or other.state != ConnectionState.CONNECTED:
            return None
        with suppress(Refused, Unavailable):  # its credentials are not whole, or cannot be unsealed
            return connections.adapter(other)
        return None
