"""How a batch ends: through when every recipient has a final state, or stopped, and then each of them has one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import audit, clock, db, house_mail, ids, messages
from domain.batches.holding import STOPPED
from domain.batches.tables import NOT_OVER, Batch, BatchListing
from domain.messages.tables import Message
from domain.settings import settings

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

NOT_IN_PLAN = "Batches are no longer part of your plan."
AT_ONCE = 1000  # listings of one transaction
OPEN = "state IN ('pending', 'queued', 'claimed', 'sending')"  # no final one


async def over() -> list[UUID]:
    """Batches under way, paused ones too, of which nothing waits any more: read, and nothing is held for it."""
    rows = await Batch.raw(
        f"""SELECT b.id FROM batch b
            WHERE b.{NOT_OVER} AND b.state IN ('running', 'paused') AND b.expanded >= b.size AND NOT EXISTS (
              SELECT 1 FROM message m WHERE m.batch = b.id AND m.{OPEN})"""
    )
    return [row["id"] for row in rows]


async def through(batch: UUID) -> bool:
    """Ends the batch, a paused one too, if all its recipients have a final state. Who started one that ran out of
    credit is told once, with what had not left then."""
    now = clock.now()
    async with db.writing():
        if db.on_postgres():  # who lets one of its messages leave again just now is waited for
            await Batch.raw("SELECT id FROM batch WHERE id = {} FOR UPDATE", batch)
        rows = await Batch.raw(
            f"""UPDATE batch SET state = 'done', finished_at = {{}}, changed_at = {{}}
                WHERE id = {{}} AND state IN ('running', 'paused') AND expanded >= size AND NOT EXISTS (
                  SELECT 1 FROM message m WHERE m.batch = batch.id AND m.{OPEN})
                RETURNING id""",
            now,
            now,
            batch,
        )
        if rows:
            await _tell_of_credit(batch)
    return bool(rows)


async def end(batch: Batch, by: UUID | None, reason: str = STOPPED, code: str = "stopped") -> bool:
    """Stops it with these words on what has not left, whoever says so: `by` is None where nobody of the house does. Of
    those that were no messages yet each is one now, cancelled. False when it has ended before."""
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET state = 'stopped', finished_at = {}, changed_at = {}
               WHERE id = {} AND state IN ('expanding', 'running', 'paused') RETURNING id""",
            now,
            now,
            batch.id,
        )
        if rows:
            await messages.cancel_for_batch(batch.id, reason, code)
            await audit.record(batch.account, by, "batch.stopped", batch.id)
    if rows:  # nothing leaves from here on; what is left is only written down
        await close(batch.id, reason, code)
    return bool(rows)


async def unclosed() -> list[UUID]:
    """Stopped batches whose stopping was broken off."""
    rows = await Batch.raw(
        "SELECT id FROM batch WHERE state = 'stopped' AND started_at IS NOT NULL AND expanded < size LIMIT 100"
    )
    return [row["id"] for row in rows]


async def close(batch: UUID, reason: str = STOPPED, code: str = "stopped") -> None:
    """All that a stopped batch had not made messages of becomes cancelled ones, some hundreds a transaction."""
    while await _close_some(batch, reason, code):
        pass


async def _close_some(batch: UUID, reason: str, code: str) -> bool:
    now = clock.now()
    async with db.writing():
        rows = await Batch.raw(
            """UPDATE batch SET changed_at = {} WHERE id = {} AND state = 'stopped' AND expanded < size
               RETURNING expanded, size""",
            now,
            batch,
        )
        if not rows:
            return False
        first, size = rows[0]["expanded"], rows[0]["size"]
        left = await BatchListing.raw(
            "SELECT listing, channel FROM batch_listing WHERE batch = {} AND n >= {} AND n < {} ORDER BY n",
            batch,
            first,
            first + AT_ONCE,
        )
        await _cancel_unmade(batch, left, reason, code)
        last = min(first + AT_ONCE, size)
        await Batch.raw("UPDATE batch SET expanded = {} WHERE id = {}", last, batch)
    return last < size


async def _cancel_unmade(batch: UUID, left: Sequence[dict[str, Any]], reason: str, code: str) -> None:
    if not left:
        return
    now = clock.now()
    table, values = db.given(
        ("uuid", "uuid", "text"), [(ids.new(), row["listing"], row["channel"] or "text") for row in left]
    )
    await Message.raw(
        f"""INSERT INTO message (id, account, listing, channel, direction, author_kind, "user", kind, origin, batch,
                                 wording, wording_subject, template_version, state, code, reason, at, changed_at,
                                 created_at)
            SELECT given.column1, b.account, given.column2, given.column3, 'out', 'agent', b."user", 'batch', b.origin,
                   b.id, b.wording, CASE WHEN given.column3 = 'email' THEN b.subject ELSE '' END, b.template_version,
                   'cancelled', {{}}, {{}}, {{}}, {{}}, {{}}
            FROM {table}, batch b WHERE b.id = {{}}""",
        code,
        reason,
        now,
        now,
        now,
        *values,
        batch,
    )


async def end_without_plan(batch: Batch) -> None:
    """Ends it, as its plan no longer includes batches, and tells who started it."""
    if not await end(batch, None, NOT_IN_PLAN, "tier"):
        return
    await Batch.update({Batch.held_reason: NOT_IN_PLAN}).where(Batch.id == batch.id)
    number = await Message.count().where((Message.batch == batch.id) & (Message.reason == NOT_IN_PLAN))
    await tell_starter(
        batch.id,
        "Your batch stopped: batches are no longer part of your plan",
        f"{_were(number, 'that had not left')} cancelled. What was sent stays in the history.\n\n"
        "Compare plans, and start a new batch once yours has them again. How far it came: ",
    )


async def _tell_of_credit(batch: UUID) -> None:
    rows = await Message.raw(
        "SELECT COUNT(*) AS number, MAX(reason) AS reason FROM message WHERE batch = {} AND code = 'out_of_credit'",
        batch,
    )
    if rows[0]["number"] and await _first_told_of_credit(batch):
        await tell_starter(
            batch,
            "Your batch stopped: the provider is out of credit",
            f"{_were(rows[0]['number'])} not sent, because the provider takes no more until credit is added."
            f"\n\nIts words: {rows[0]['reason']}\n\nOnce that is done, try the failed ones again here: ",
        )


def _were(number: int, which: str = "") -> str:
    """`1 message was`, `7 messages that had not left were`."""
    words = [f"{number:,}", "message" if number == 1 else "messages", which, "was" if number == 1 else "were"]
    return " ".join(filter(None, words))


async def _first_told_of_credit(batch: UUID) -> bool:
    """A batch that is tried again ends once more, and who started it knows by then: True the first time alone."""
    first = Batch.update({Batch.credit_told_at: clock.now()}).where(Batch.id == batch, Batch.credit_told_at.is_null())
    return bool(await first.returning(Batch.id))


async def tell_starter(batch: UUID, subject: str, text: str, how: str = "stopped") -> None:
    """`text` ends with the way to the batch; `how` is what became of it."""
    rows = await Batch.raw(
        """SELECT u.email, u.name, b.size FROM batch b JOIN app_user u ON u.id = b."user" WHERE b.id = {}""", batch
    )
    where = f"{settings().public_url}/batches/{batch}" if settings().public_url else "Batches"
    for row in rows:
        begins = f"Hello {row['name']},\n\nyour batch to {row['size']:,} listings {how}. "
        await house_mail.send(row["email"], subject, f"{begins}{text}{where}\n")
