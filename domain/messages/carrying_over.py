"""What waits on a connection that is gone leaves by the one that carries its channel now."""

from uuid import UUID

from domain import clock, connections, db
from domain.channels.registry import CHANNELS
from domain.connections import Connection, ConnectionState
from domain.messages.tables import Message

AT_ONCE = 500  # messages of one statement

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

# An answer to STOP or HELP comes from the very number the seller wrote to, or not at all.
WAITS = "m.state = 'queued' AND m.kind <> 'answer'"


async def carry_over() -> int:
    """Hands what is queued on connections that are gone to the ones that work now; how many. Where none does it waits,
    and what began stays where it began. Whether its sender may send by the other one is judged when it leaves."""
    moved = 0
    for left in await Connection.raw(
        f"""SELECT c.id, c.account, c.kind FROM connection c
            WHERE c.state = 'disconnected' AND EXISTS (SELECT 1 FROM message m WHERE m.connection = c.id AND {WAITS})"""
    ):
        if left["kind"] not in CHANNELS:
            continue
        channel = CHANNELS[left["kind"]].channel
        carrier = await connections.carrying(left["account"], channel)
        if carrier is None or carrier.state != ConnectionState.CONNECTED:
            continue
        while number := await _move(left["id"], carrier.id, channel):
            moved += number
    return moved


async def _move(left: UUID, carrier: UUID, channel: str) -> int:
    skip = "FOR UPDATE OF m SKIP LOCKED" if db.on_postgres() else ""
    rows = await Message.raw(
        # MATERIALIZED: PostgreSQL must look only once, or it would lock more rows than the limit.
        f"""WITH due AS MATERIALIZED (
              SELECT m.id FROM message m WHERE m.connection = {{}} AND m.channel = {{}} AND {WAITS}
                AND EXISTS (SELECT 1 FROM connection c WHERE c.id = m.connection AND c.state = 'disconnected')
              ORDER BY m.not_before, m.id LIMIT {{}} {skip})
            UPDATE message SET connection = {{}}, changed_at = {{}}
            WHERE id IN (SELECT id FROM due) AND state = 'queued' RETURNING id""",
        left,
        channel,
        AT_ONCE,
        carrier,
        clock.now(),
    )
    return len(rows)
