"""What is due, and whose it is to try."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, db, messages
from domain.delivery.leases import LEASED, lease_end
from domain.delivery.retries import MOST_CONNECTS, again, backoff
from domain.messages import Message, State
from domain.text import storable

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


# By name in the order in which they leave, and in the words of their index.
KINDS_FIRST = ("answer", "one_to_one", "scheduled", "test")
FIRST = str(KINDS_FIRST)


async def due_connections(limit: int, closed: Iterable[UUID] = ()) -> dict[UUID, int]:
    """The healthy connections with something due now, but for those in `closed`: how many messages, up to `limit`."""
    rows = await Message.raw(
        """SELECT c.id, (SELECT count(*) FROM (
             SELECT 1 FROM message m WHERE m.connection = c.id AND m.state = 'queued' AND m.not_before <= {} LIMIT {}
           ) AS few) AS due FROM connection c
           WHERE c.state = 'connected' AND (c.rests_until IS NULL OR c.rests_until <= {})""",
        clock.now(),
        limit,
        clock.now(),
    )
    shut = set(closed)
    return {row["id"]: row["due"] for row in rows if row["due"] and row["id"] not in shut}


async def next_due(since: datetime | None = None) -> datetime | None:
    """When the next message that was not due yet, now or at the last look, will be."""
    rows = await Message.raw(
        """SELECT m.not_before FROM connection c JOIN message m ON m.id = (
             SELECT id FROM message WHERE connection = c.id AND state = 'queued' AND not_before > {}
             ORDER BY not_before, id LIMIT 1)
           WHERE c.state = 'connected' ORDER BY m.not_before LIMIT 1""",
        since or clock.now(),
    )
    return rows[0]["not_before"] if rows else None


# Who sends; an answer to STOP is nobody's.
SENDER = """CASE WHEN kind = 'answer' THEN NULL ELSE "user" END"""
ANYBODY = object()


async def due_senders(connection: UUID) -> dict[UUID | None, int]:
    """Who has something due by a connection, and how much; None: nobody's."""
    rows = await Message.raw(
        f"""SELECT {SENDER} AS person, COUNT(*) AS due FROM message
            WHERE connection = {{}} AND state = 'queued' AND not_before <= {{}} GROUP BY 1""",
        connection,
        clock.now(),
    )
    return {UUID(str(row["person"])) if row["person"] else None: row["due"] for row in rows}


async def claim(owner: str, connection: UUID, limit: int, sender: Any = ANYBODY) -> list[UUID]:
    """Makes up to `limit` due messages of a connection `owner`'s to try, of all or of one `sender`; nobody else gets
    them. Answers come first, then what a person wrote, then what is planned to one seller: a batch of thousands keeps
    none of them waiting. Of one sort the oldest come first."""
    until, arguments = lease_end()
    first_ones, due = _due(connection, limit, sender, clock.now())
    rows = await Message.raw(
        f"""{first_ones} UPDATE message SET state = 'claimed', owner = {{}}, lease_until = {until}
            WHERE id IN (SELECT id FROM first UNION ALL SELECT id FROM due) AND state = 'queued'
            RETURNING id, kind, not_before""",
        *due,
        owner,
        *arguments,
    )
    return [row["id"] for row in sorted(rows, key=_turn)]


async def lock_due(connection: UUID, limit: int, now: datetime) -> list[UUID]:
    """The same messages as `claim` takes of all that are due at that moment, held by this transaction alone: nobody
    else claims them until it ends."""
    first_ones, due = _due(connection, limit, ANYBODY, now)
    rows = await Message.raw(f"{first_ones} SELECT id FROM first UNION ALL SELECT id FROM due", *due)
    return [row["id"] for row in rows]


def _due(connection: UUID, limit: int, sender: Any, now: datetime) -> tuple[str, list[Any]]:
    """SQL: the ids `first` and `due` of what leaves next, and its arguments."""
    skip = "FOR UPDATE SKIP LOCKED" if db.on_postgres() else ""
    whose, named = "", list[UUID]()
    if sender is not ANYBODY:
        whose, named = (f"AND {SENDER} = {{}}", [sender]) if sender else (f"AND {SENDER} IS NULL", [])
    return (
        # MATERIALIZED: PostgreSQL must look only once, or it would lock more rows than the limit.
        f"""WITH first AS MATERIALIZED (
              SELECT id FROM message WHERE connection = {{}} AND state = 'queued' AND kind IN {FIRST}
                AND not_before <= {{}} {whose} ORDER BY kind, not_before, id LIMIT {{}} {skip}),
            due AS MATERIALIZED (
              SELECT id FROM message WHERE connection = {{}} AND state = 'queued' AND kind NOT IN {FIRST}
                AND not_before <= {{}} {whose} ORDER BY not_before, id
                LIMIT {{}} - (SELECT COUNT(*) FROM first) {skip})""",
        [connection, now, *named, limit, connection, now, *named, limit],
    )


async def put_aside(owner: str, ids: Sequence[UUID]) -> set[UUID]:
    """Makes due messages, which this transaction holds, `owner`'s to try: they need more than a look of the gate. Those
    it got; what does not wait any more, because its batch was paused, stays as it is."""
    if not ids:
        return set()
    until, arguments = lease_end()
    rows = await Message.raw(
        f"""UPDATE message SET state = 'claimed', owner = {{}}, lease_until = {until}
            WHERE {db.among("id")} AND state = 'queued' RETURNING id""",
        owner,
        *arguments,
        db.listed(ids),
    )
    return {row["id"] for row in rows}


def _turn(row: Mapping[str, Any]) -> tuple[str, datetime, UUID]:
    kind = row["kind"]
    return kind if kind in KINDS_FIRST else "~", row["not_before"], row["id"]


async def release(owner: str, ids: Sequence[UUID]) -> None:
    """Gives claimed messages back untried."""
    if ids:
        await Message.raw(
            f"""UPDATE message SET state = 'queued', owner = '', lease_until = NULL
                WHERE {db.among("id")} AND state = 'claimed' AND owner = {{}}""",
            db.listed(ids),
            owner,
        )


async def postpone(
    owner: str, ids: Sequence[UUID], reason: str, code: str = "provider", *, counted: bool = True
) -> set[UUID]:
    """Gives claimed messages back, to be tried later: nothing was sent. One that got no further the fifth time in a row
    fails with `reason` and `code`; what is not `counted` may wait for ever. Returns the listings that changed."""
    now = clock.now()
    mine = (Message.state == State.CLAIMED) & (Message.owner == owner)
    rows = await Message.select(Message.id, Message.tries).where(Message.id.is_in(list(ids)) & mine)
    changed: set[UUID] = set()
    for row in rows:
        if counted and row["tries"] + 1 >= MOST_CONNECTS:
            values: dict[Any, Any] = messages.unless_it_may_have_arrived(State.FAILED)
            values |= {Message.code: code, Message.reason: storable(reason)}
        else:
            values = again(now, backoff(row["tries"]))
            if counted:
                values[Message.tries] = row["tries"] + 1
        values |= {Message.owner: "", Message.lease_until: None, Message.changed_at: now}
        ended = await Message.update(values).where((Message.id == row["id"]) & mine).returning(Message.listing)
        changed |= {each["listing"] for each in ended if each["listing"]}
    return changed


async def give_back(owner: str) -> None:
    """Everything `owner` claimed and has not begun goes back to queued: it is leaving."""
    await Message.raw(
        f"""UPDATE message SET state = 'queued', owner = '', lease_until = NULL
            WHERE {LEASED} AND state = 'claimed' AND owner = {{}}""",
        owner,
    )
