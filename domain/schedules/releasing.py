"""Plans whose time has come are queued; those whose time is long over wait for a person."""

from uuid import UUID

from domain import clock, db, messages
from domain.departures import EXPIRED, FROZEN, LATEST
from domain.messages import Message

AT_ONCE = 500  # messages of one transaction

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608


async def release() -> tuple[set[UUID], int]:
    """Queues every plan that is due within ten seconds, for exactly its moment; what is more than an hour late, because
    nothing ran here, is kept as expired. Returns the listings that changed, and how many messages were queued."""
    changed = await _expire()
    queued = 0
    while rows := await _queue():
        queued += len(rows)
        changed |= {row["listing"] for row in rows}
        if len(rows) < AT_ONCE:
            break
    if queued:  # also what was planned by a connection that is gone
        await messages.carry_over()
    return changed, queued


async def _queue() -> list[dict[str, UUID]]:
    now = clock.now()
    rows: list[dict[str, UUID]] = await Message.raw(
        f"""WITH due AS {_some("scheduled_at <= {}")}
            UPDATE message SET state = 'queued', not_before = scheduled_at, changed_at = {{}}, tries = 0
            WHERE id IN (SELECT id FROM due) AND state = 'pending' RETURNING id, listing""",
        now + FROZEN,
        AT_ONCE,
        now,
    )
    return rows


async def _expire() -> set[UUID]:
    changed: set[UUID] = set()
    while True:
        now = clock.now()
        rows = await Message.raw(
            f"""WITH due AS {_some("scheduled_at < {}")}
                UPDATE message SET state = 'expired', code = 'expired', reason = {{}}, at = {{}}, changed_at = {{}}
                WHERE id IN (SELECT id FROM due) AND state = 'pending' RETURNING listing""",
            now - LATEST,
            AT_ONCE,
            EXPIRED,
            now,
            now,
        )
        changed |= {row["listing"] for row in rows}
        if len(rows) < AT_ONCE:
            return changed


def _some(which: str) -> str:
    """The earliest pending ones; MATERIALIZED, or PostgreSQL might lock more rows than the limit."""
    skip = "FOR UPDATE SKIP LOCKED" if db.on_postgres() else ""
    return f"""MATERIALIZED (SELECT id FROM message WHERE state = 'pending' AND {which}
                             ORDER BY scheduled_at, id LIMIT {{}} {skip})"""
