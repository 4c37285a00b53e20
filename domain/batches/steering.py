"""A batch on its way: paused, resumed, stopped, tried again; held by itself when its first messages go badly."""

from datetime import datetime, timedelta
from uuid import UUID

from domain import audit, clock, db, messages
from domain.batches.tables import Batch
from domain.messages import Message
from domain.users import Permission, User, require

CANARY_WAIT = timedelta(seconds=60)
MOST_FAILURES = 0.10  # of the canaries
MOST_OPT_OUTS = 0.03
STOPPED = "The batch was stopped."
FROZEN = timedelta(seconds=10)  # before it leaves


async def pause(batch: Batch, user: User) -> bool:
    """From now on nothing of it begins. False when it is not under way."""
    require(user, Permission.BATCH)
    return await _pause(batch, "", user.id)


async def resume(batch: Batch, user: User) -> bool:
    """It goes on where it was; what was planned for a time that has passed leaves now. False when it is not paused."""
    require(user, Permission.BATCH)
    now = clock.now()
    async with db.writing():
        state = "CASE WHEN expanded < size THEN 'expanding' ELSE 'running' END"
        rows = await Batch.raw(
            f"""UPDATE batch SET state = {state}, held_reason = '', canary = 0, canary_until = NULL, changed_at = {{}}
                WHERE id = {{}} AND state = 'paused' RETURNING id""",  # noqa: S608 - fixed words
            now,
            batch.id,
        )
        if rows:
            await _let_go(batch.id, now)
            await audit.record(batch.account, user.id, "batch.resumed", batch.id)
    return bool(rows)


async def stop(batch: Batch, user: User) -> bool:
    """Ends it: what has not left is cancelled. False when it has ended before."""
    require(user, Permission.BATCH)
    return await end(batch, user.id, STOPPED)


async def end(batch: Batch, by: UUID | None, reason: str) -> bool:
    """Stops it with these words on what has not left, whoever says so: `by` is None on the command line."""
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET state = 'stopped', finished_at = {}, changed_at = {}
               WHERE id = {} AND state IN ('draft', 'expanding', 'running', 'paused') RETURNING id""",
            now,
            now,
            batch.id,
        )
        if rows:
            await messages.cancel_for_batch(batch.id, reason, "stopped")
            await audit.record(batch.account, by, "batch.stopped", batch.id)
    return bool(rows)


async def retry_failed(batch: Batch, user: User) -> int:
    """One more attempt of those that failed, and of no other; how many. What nobody knows the fate of is left alone."""
    require(user, Permission.BATCH)
    now = clock.now()
    async with db.writing():
        rows = await Message.raw(
            """UPDATE message SET state = 'queued', rank = 0, code = '', reason = '', provider_id = '', tries = 0,
                      not_before = {}, changed_at = {}
               WHERE batch = {} AND state IN ('failed', 'undelivered')
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message = message.id AND a.outcome = 'unknown')
               RETURNING id""",
            now,
            now,
            batch.id,
        )
        if rows:
            await Batch.update(
                {Batch.state: "running", Batch.finished_at: None, Batch.held_reason: "", Batch.changed_at: now}
            ).where((Batch.id == batch.id) & Batch.state.is_in(["running", "done", "stopped", "paused"]))
            await audit.record(batch.account, user.id, "batch.retried", batch.id, number=len(rows))
    return len(rows)


async def tend() -> set[UUID]:
    """What batches under way need from time to time: their first messages are looked at, and those that are through
    end. Returns the batches that changed."""
    now = clock.now()
    changed: set[UUID] = set()
    open_ones = await Batch.objects().where(Batch.state == "running").order_by(Batch.changed_at).limit(200)
    for batch in open_ones:
        if (batch.canary and await _look_at_canaries(batch, now)) or (not batch.canary and await _end(batch, now)):
            changed.add(batch.id)
    return changed


async def _look_at_canaries(batch: Batch, now: datetime) -> bool:
    """Once they have left, a minute passes; then all others go, or the batch is held with the reason."""
    rows = await Message.raw(
        """SELECT SUM(CASE WHEN state IN ('pending', 'queued', 'claimed', 'sending') THEN 1 ELSE 0 END) AS waiting,
                  SUM(CASE WHEN state IN ('failed', 'undelivered') THEN 1 ELSE 0 END) AS failed, COUNT(*) AS number,
                  SUM(CASE WHEN EXISTS (SELECT 1 FROM opt_out o WHERE o.account = m.account AND o.channel = m.channel
                                        AND o.address = m.to_address AND o.at >= m.created_at) THEN 1 ELSE 0 END)
                    AS stopped
           FROM message m WHERE m.batch = {} AND m.state <> 'skipped'
             AND NOT (m.state = 'pending' AND m.scheduled_at IS NULL)""",
        batch.id,
    )
    found = {name: int(value or 0) for name, value in rows[0].items()}
    if found["waiting"]:
        return False
    until: datetime | None = batch.canary_until
    if until is None:
        await Batch.update({Batch.canary_until: now + CANARY_WAIT}).where(Batch.id == batch.id)
        return True
    if now < until:
        return False
    number = max(found["number"], 1)
    if found["failed"] / number > MOST_FAILURES:
        reason = f"Of the first {number} messages {found['failed']} failed. Look why before the others go."
    elif found["stopped"] / number > MOST_OPT_OUTS:
        reason = (
            f"Of the first {number} sellers {found['stopped']} asked to stop. Read what you send before it goes on."
        )
    else:
        async with db.writing():
            going = Batch.update({Batch.canary: 0, Batch.changed_at: now})
            if await going.where((Batch.id == batch.id) & (Batch.state == "running")).returning(Batch.id):
                await _let_go(batch.id, now)
        return True
    return await _pause(batch, reason, None)


async def _end(batch: Batch, now: datetime) -> bool:
    """It is through when every recipient has a final state."""
    rows = await Batch.raw(
        """UPDATE batch SET state = 'done', finished_at = {}, changed_at = {}
           WHERE id = {} AND state = 'running' AND expanded >= size AND NOT EXISTS (
             SELECT 1 FROM message m
             WHERE m.batch = batch.id AND m.state IN ('pending', 'queued', 'claimed', 'sending'))
           RETURNING id""",
        now,
        now,
        batch.id,
    )
    return bool(rows)


async def _pause(batch: Batch, reason: str, by: UUID | None) -> bool:
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
            # Held: nothing brings it back but `_let_go`. A claimed one is taken from its worker before it begins.
            await Message.raw(
                """UPDATE message SET state = 'pending', rank = 0, scheduled_at = NULL, owner = '', lease_until = NULL,
                          not_before = COALESCE(scheduled_at, not_before), changed_at = {}
                   WHERE batch = {} AND state IN ('pending', 'queued', 'claimed')""",
                now,
                batch.id,
            )
            await audit.record(batch.account, by, "batch.paused", batch.id, reason)
    return bool(rows)


async def _let_go(batch: UUID, now: datetime) -> None:
    """What was held leaves: at once, or when it was planned to."""
    soon = now + FROZEN
    await Message.raw(
        """UPDATE message SET scheduled_at = CASE WHEN not_before > {} THEN not_before ELSE NULL END,
                  state = CASE WHEN not_before > {} THEN 'pending' ELSE 'queued' END, changed_at = {}
           WHERE batch = {} AND state = 'pending' AND scheduled_at IS NULL""",
        soon,
        soon,
        now,
        batch,
    )
