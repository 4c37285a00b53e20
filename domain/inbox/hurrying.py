"""What goes before everything else that waits to be handled: what asks us to stop."""

import json
from collections.abc import Iterator
from uuid import UUID

from domain import clock, connections
from domain.channels.base import Bounce, Channel, Incoming, Receipt, Stopped
from domain.inbox.incoming import asks_to_stop
from domain.inbox.plausible import made_good
from domain.inbox.tables import ProviderEvent

LOOKED_THROUGH = 1_000  # of what waits, the newest: the oldest have their turn soon anyway


async def stops(limit: int = 100) -> list[UUID]:
    """Events that are due and ask us to stop, each behind what the same person wrote before it, so that it finds the
    listing they wrote about."""
    rows = await ProviderEvent.raw(
        """SELECT id, connection, payload FROM provider_event WHERE handled_at IS NULL AND not_before <= {}
           ORDER BY received_at DESC, id DESC LIMIT {}""",
        *(clock.now(), LOOKED_THROUGH),
    )
    channels = {each: await _channel(each) for each in {row["connection"] for row in rows}}
    told = [(row, list(_told(channels[row["connection"]], row["payload"]))) for row in reversed(rows)]
    stopping = {(row["connection"], person) for row, said in told for person, stop in said if stop}
    found = [row["id"] for row, said in told if any((row["connection"], person) in stopping for person, _ in said)]
    return found[:limit]


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
