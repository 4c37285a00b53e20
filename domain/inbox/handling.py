"""Hook calls: stored once, handled at most once, and again later when handling failed."""

import json
from datetime import timedelta
from uuid import UUID

from domain import clock, connections, db
from domain.channels.base import Bounce, HookEvent, Incoming, NotUnderstood, ReadUntil, Receipt, Said
from domain.channels.registry import CHANNELS
from domain.connections import Connection
from domain.inbox import told_beside
from domain.inbox.incoming import take
from domain.inbox.intake import keep
from domain.inbox.plausible import made_good
from domain.inbox.reported import heed
from domain.inbox.tables import ProviderEvent


async def store(connection: UUID, *events: HookEvent) -> bool:
    """Keeps what a verified call told, each event once. False when all of them were here before."""
    if not events:
        return False
    new = await keep([(connection, each) for each in events])
    if new:
        await connections.heard(connection)
    return bool(new)


async def due(limit: int = 100) -> list[UUID]:
    """Stored events nobody has handled yet."""
    rows = (
        await ProviderEvent.select(ProviderEvent.id)
        .where(ProviderEvent.handled_at.is_null() & (ProviderEvent.not_before <= clock.now()))
        .order_by(ProviderEvent.not_before)
        .limit(limit)
    )
    return [row["id"] for row in rows]


async def handle(event_id: UUID) -> UUID | None:
    """Does what a stored event asks for, at most once. Returns the listing whose history changed."""
    event = await ProviderEvent.objects().get((ProviderEvent.id == event_id) & ProviderEvent.handled_at.is_null())
    if event is None:
        return None
    connection = await connections.by_id(event.connection)
    assert connection is not None  # connections are never deleted
    try:
        said = connections.adapter(connection).parse(json.loads(event.payload))
    except NotUnderstood as error:
        await _handled(event, problem=str(error))
        return None
    async with db.writing():
        # Taken inside the transaction: of two workers with the same event the second finds nothing to do.
        if not await _handled(event):
            return None
        changed = None
        for each in said:
            changed = await _do(connection, event, made_good(each)) or changed
    return changed


async def _do(connection: Connection, event: ProviderEvent, said: Said) -> UUID | None:
    provider = CHANNELS[connection.kind]
    if isinstance(said, Incoming):
        return await take(connection, event.id, said)
    if isinstance(said, Receipt):
        return await heed(connection, event, said)
    if isinstance(said, ReadUntil):
        return await told_beside.read(connection, said)
    if isinstance(said, Bounce):
        return await told_beside.came_back(connection, provider, said)
    await told_beside.stopped(connection, provider, said)
    return None


async def put_off(event_id: UUID, problem: str) -> None:
    """Handling failed for a reason of ours: try again later, and keep what went wrong."""
    event = await ProviderEvent.objects().get((ProviderEvent.id == event_id) & ProviderEvent.handled_at.is_null())
    if event is None:
        return
    wait = timedelta(seconds=2.0 ** min(event.tries, 8))  # four minutes at most
    await ProviderEvent.update(
        {
            ProviderEvent.tries: event.tries + 1,
            ProviderEvent.not_before: clock.now() + wait,
            ProviderEvent.problem: problem[:500],
        }
    ).where(ProviderEvent.id == event_id)


async def _handled(event: ProviderEvent, problem: str = "") -> bool:
    rows = (
        await ProviderEvent.update({ProviderEvent.handled_at: clock.now(), ProviderEvent.problem: problem})
        .where((ProviderEvent.id == event.id) & ProviderEvent.handled_at.is_null())
        .returning(ProviderEvent.id)
    )
    return bool(rows)
