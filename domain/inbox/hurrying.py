"""What goes before everything else that waits to be handled: what asks us to stop."""

import json
from collections.abc import Iterator
from uuid import UUID

from domain import clock, connections, db
from domain.channels.base import Bounce, Channel, Incoming, Receipt, Stopped
from domain.inbox.incoming import asks_to_stop
from domain.inbox.plausible import made_good
from domain.inbox.tables import ProviderEvent

LOOKED_THROUGH = 1_000  # of what waits, the newest: the oldest have their turn soon anyway
PART = 20  # events read in one go: each takes about a millisecond, and others wait for that

Told = tuple[UUID, str, bool]  # the connection, who wrote or was told of, and whether that is a stop


class Hurry:
    """Of one flood: however often it is looked through, each event is read once."""

    def __init__(self) -> None:
        self._told: dict[UUID, list[Told]] = {}
        self._channels: dict[UUID, Channel | None] = {}

    async def stops(self, limit: int = 100) -> list[UUID]:
        """Events that are due and ask us to stop, each behind what the same person wrote before it, so that it finds
        the listing they wrote about."""
        rows = await ProviderEvent.raw(
            """SELECT id FROM provider_event WHERE handled_at IS NULL AND not_before <= {}
               ORDER BY not_before DESC, id DESC LIMIT {}""",
            *(clock.now(), LOOKED_THROUGH),
        )
        due = [row["id"] for row in reversed(rows)]
        new = [each for each in due if each not in self._told]
        for n in range(0, len(new), PART):
            await self._read(new[n : n + PART])
        self._told = {each: self._told.get(each, []) for each in due}
        stopping = {(connection, person) for told in self._told.values() for connection, person, stop in told if stop}
        found = [each for each, told in self._told.items() if any(one[:2] in stopping for one in told)]
        return found[:limit]

    async def _read(self, events: list[UUID]) -> None:
        rows = await ProviderEvent.raw(
            f"SELECT id, connection, payload FROM provider_event WHERE {db.among('id')}",  # noqa: S608 - fixed words
            db.listed(events),
        )
        for row in rows:
            connection = row["connection"]
            if connection not in self._channels:
                self._channels[connection] = await _channel(connection)
            told = _told(self._channels[connection], row["payload"])
            self._told[row["id"]] = [(connection, *each) for each in told]


async def _channel(connection_id: UUID) -> Channel | None:
    """None where it cannot be made: what came by it fails in its turn, and is put off."""
    connection = await connections.by_id(connection_id)
    try:
        return connections.adapter(connection) if connection else None
    except Exception:  # whatever is wrong with it is told when its events are handled
        return None


def _told(channel: Channel | None, payload: str) -> Iterator[tuple[str, bool]]:
    """Who wrote or was told of, and whether that is a stop. Nothing of what cannot be read."""
    if channel is None:
        return
    try:
        said = [made_good(each) for each in channel.parse(json.loads(payload))]
    except Exception:  # as above
        return
    for each in said:
        if isinstance(each, Incoming):
            yield each.from_address, asks_to_stop(channel.channel, each)
        elif isinstance(each, Stopped):
            yield each.address, not each.again
        elif isinstance(each, Receipt) and each.tells == "opted_out":
            yield each.to, True
        elif isinstance(each, Bounce) and each.spam:
            yield each.address, True
