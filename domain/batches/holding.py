"""What of a batch is held back, and let go again: everything of a paused one, and whom the canaries go ahead of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain import audit, clock, db, messages
from domain.batches.tables import Batch
from domain.messages.tables import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

FROZEN = timedelta(seconds=10)  # before it leaves
EVERYBODY = 1_000_000
STOPPED = "The batch was stopped."
HELD = "state = 'pending' AND scheduled_at IS NULL"  # nothing brings it back but `let_go`
# Kept for later is when it would have left. A claimed one is taken from its worker before it begins.
HOLDING = """state = 'pending', rank = 0, owner = '', lease_until = NULL,
             not_before = COALESCE(scheduled_at, not_before), scheduled_at = NULL"""


async def pause(batch: Batch, reason: str, by: UUID | None) -> bool:
    """From now on nothing of it begins. False when it is not under way."""
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET state = 'paused', held_reason = {}, changed_at = {}
               WHERE id = {} AND state IN ('expanding', 'running') RETURNING id""",
            reason,
            now,
            batch.id,
        )
        if rows:
            await Message.raw(
                f"""UPDATE message SET {HOLDING}, changed_at = {{}}
                    WHERE batch = {{}} AND state IN ('pending', 'queued', 'claimed')""",
                now,
                batch.id,
            )
            await audit.record(batch.account, by, "batch.paused", batch.id, reason)
    return bool(rows)


async def let_go(batch: Batch, now: datetime, most: int = EVERYBODY, until: datetime | None = None) -> None:
    """What was held leaves: at once, or when it was to; the earliest first, `most` of them, and with `until` only those
    that may leave by then. Only what is planned stands among the plans: a batch that leaves now is none."""
    by_then = "AND not_before <= {}" if until else ""
    later = "not_before > {}" if batch.schedule_rule else "1 = 0"
    soon = [now + FROZEN] if batch.schedule_rule else []
    await Message.raw(
        f"""UPDATE message SET scheduled_at = CASE WHEN {later} THEN not_before ELSE NULL END,
                   state = CASE WHEN {later} THEN 'pending' ELSE 'queued' END, changed_at = {{}}
            WHERE id IN (SELECT id FROM message WHERE batch = {{}} AND {HELD} {by_then}
                         ORDER BY not_before, id LIMIT {{}}) AND {HELD}""",
        *soon,
        *soon,
        now,
        batch.id,
        *([until] if until else []),
        most,
    )


async def let_these_go(ids: Sequence[UUID]) -> None:
    """These of the held leave at once."""
    await Message.raw(f"UPDATE message SET state = 'queued' WHERE {db.among('id')} AND {HELD}", db.listed(ids))


async def settle(ids: Sequence[UUID]) -> None:
    """Calls of these began, and they are to be tried again: of a batch that was paused meanwhile they are held, of one
    that was stopped they do not leave. In your transaction."""
    locked = "FOR SHARE OF b" if db.on_postgres() else ""  # who pauses it just now waits for us, or we for them
    rows = await Message.raw(
        f"""SELECT m.id, b.state FROM message m JOIN batch b ON b.id = m.batch
            WHERE {db.among("m.id")} AND m.state = 'queued' {locked}""",
        db.listed(ids),
    )
    if paused := [row["id"] for row in rows if row["state"] == "paused"]:
        await Message.raw(f"UPDATE message SET {HOLDING} WHERE {db.among('id')}", db.listed(paused))
    if over := [row["id"] for row in rows if row["state"] == "stopped"]:
        await messages.cancel_these(over, STOPPED, "stopped")
