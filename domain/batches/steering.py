"""A batch on its way: paused, resumed, stopped, tried again; held by itself when its first messages go badly."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain import audit, clock, db
from domain.batches import canaries, ending, holding, spam
from domain.batches.tables import NOT_OVER, Batch
from domain.channels.base import SPAM
from domain.errors import Refused
from domain.messages import Message
from domain.users import Permission, User, require

NOT_BEGUN = "This batch has not begun, so there is nothing to stop. Change it, or leave it as it is."


async def pause(batch: Batch, user: User) -> bool:
    """From now on nothing of it begins. False when it is not under way."""
    require(user, Permission.BATCH)
    return await holding.pause(batch, "", user.id)


async def resume(batch: Batch, user: User) -> bool:
    """It goes on where it was, also with its canaries, unless it held by itself once all were messages: then all others
    go, and what was taken for spam so far does not hold it again. What was planned for a time that has passed leaves
    now. False when it is not paused."""
    require(user, Permission.BATCH)
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET state = CASE WHEN expanded < size THEN 'expanding' ELSE 'running' END,
                      canary = CASE WHEN held_reason = '' OR expanded < size THEN canary ELSE 0 END,
                      judged_from = CASE WHEN held_reason = '' THEN judged_from ELSE {} END,
                      held_reason = '', changed_at = {}
               WHERE id = {} AND state = 'paused' RETURNING state, canary""",
            now,
            now,
            batch.id,
        )
        if rows:
            batch.canary = rows[0]["canary"]
            if batch.canary:
                await canaries.lead(batch, now, now if rows[0]["state"] == "expanding" else None)
            else:
                await holding.let_go(batch, now)
            await audit.record(batch.account, user.id, "batch.resumed", batch.id)
    return bool(rows)


async def stop(batch: Batch, user: User) -> bool:
    """Ends it: what has not left is cancelled. False when it has ended before; raises Refused before it has begun."""
    require(user, Permission.BATCH)
    if batch.state == "draft" and await Batch.exists().where((Batch.id == batch.id) & (Batch.state == "draft")):
        raise Refused(NOT_BEGUN, code="draft")
    return await ending.end(batch, user.id)


async def end(batch: Batch, by: UUID | None, reason: str) -> bool:
    """Stops it with these words on what has not left, whoever says so: `by` is None on the command line."""
    return await ending.end(batch, by, reason)


async def retry_failed(batch: Batch, user: User) -> int:
    """One more attempt of those that failed or whose time was over, and of no other; how many. What nobody knows the
    fate of is left alone, and what carriers took for spam, which they would again. Of a paused batch they wait with all
    others until it is resumed."""
    require(user, Permission.BATCH)
    if batch.state == "stopped":
        await ending.close(batch.id)
    now = clock.now()
    async with db.writing():
        [standing] = await Batch.raw(
            "UPDATE batch SET changed_at = {} WHERE id = {} RETURNING state, canary", now, batch.id
        )
        rows = await Message.raw(
            f"""UPDATE message SET state = 'pending', scheduled_at = NULL, rank = 0, code = '', reason = '',
                      provider_id = '', tries = 0, not_before = {{}}, changed_at = {{}}
               WHERE batch = {{}} AND state IN ('failed', 'undelivered', 'expired') AND code <> '{SPAM}'
                 AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message = message.id AND a.outcome = 'unknown')
               RETURNING id""",  # noqa: S608 - fixed words
            now,
            now,
            batch.id,
        )
        if rows:
            await _go_on(batch, standing, [row["id"] for row in rows], now)
            await audit.record(batch.account, user.id, "batch.retried", batch.id, number=len(rows))
    return len(rows)


async def _go_on(batch: Batch, standing: dict[str, Any], retried: list[UUID], now: datetime) -> None:
    """Those that are tried again leave, unless the batch is paused. When they are more than the canaries, money or a
    connection failed before anybody knew how those fare: a few go ahead again."""
    if standing["state"] == "paused":
        return
    if standing["state"] in ("running", "done", "stopped"):
        running: dict[Any, Any] = {
            Batch.state: "running",
            Batch.finished_at: None,
            Batch.held_reason: "",
            Batch.judged_from: now,
            Batch.changed_at: now,
        }
        await Batch.update(running).where(Batch.id == batch.id)
    batch.canary = standing["canary"]
    if 0 < batch.canary < len(retried):
        await Batch.update({Batch.canary_until: None}).where(Batch.id == batch.id)
        await canaries.lead(batch, now)
    else:
        await holding.let_these_go(retried)


async def tend() -> set[UUID]:
    """What batches under way need from time to time: their first messages are looked at, carriers' word of spam is
    heeded, and those that are through end. Returns the batches that changed."""
    changed = {batch for batch in await ending.over() if await ending.through(batch)}
    under_way = await Batch.raw(
        f"SELECT id FROM batch WHERE {NOT_OVER} AND state IN ('expanding', 'running')"  # noqa: S608 - fixed words
    )
    changed |= await spam.look([row["id"] for row in under_way])
    now = clock.now()
    for batch in await canaries.due(now):
        if await canaries.look(batch, now):
            changed.add(batch.id)
    return changed
