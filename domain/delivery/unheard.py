"""What was begun in a transaction whose end nobody heard. Its calls were never made: it is as if it had not begun."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import clock, db
from domain.attempts import Attempt
from domain.batches import holding, turns
from domain.batches.tables import Batch
from domain.channels.base import Kind
from domain.delivery.calls import Unheard
from domain.delivery.claiming import release
from domain.delivery.news import News
from domain.messages import Message

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

NOT_CALLED = "The database went away before it was handed over, so nothing was sent."


async def take_back(owner: str, unheard: Unheard) -> News:
    """Undoes what was done all the same, and forgets it: those messages wait as they did before. Of what was not done
    there is nothing to undo, or it is somebody else's by now: an attempt is known by its own id.

    It waits for nobody. What a server is still at, or somebody else has in hand, stays unheard for another time.
    """
    if not unheard:
        return News()
    now = clock.now()
    async with db.writing():
        free = await _free({*unheard.attempts.values(), *unheard.aside})
        settled = [attempt for attempt, message in unheard.attempts.items() if message in free]
        aside = unheard.aside & free
        rows = await _written(settled)
        undone = [row for row in rows if row["stands"]]
        await _undo(undone, [row["id"] for row in rows if not row["stands"]], now)
        await release(owner, list(aside))
        await holding.settle([row["message"] for row in undone])
    for attempt in settled:
        del unheard.attempts[attempt]
    unheard.aside -= aside
    return News(listings={row["listing"] for row in rows})


async def _free(ids: set[UUID]) -> set[UUID]:
    """Those that nobody else has in hand, with their batches, and nobody will until this transaction ends; and those
    that are gone."""
    if not db.on_postgres():
        return ids
    rows = await Message.raw(f"SELECT id, batch FROM message WHERE {db.among('id')}", db.listed(ids))
    batches = {None, *await turns.free(sorted({row["batch"] for row in rows if row["batch"]}))}
    found = await Message.raw(
        f"SELECT id FROM message WHERE {db.among('id')} FOR NO KEY UPDATE SKIP LOCKED",
        db.listed(row["id"] for row in rows if row["batch"] in batches),
    )
    return {row["id"] for row in found} | (ids - {row["id"] for row in rows})


async def _written(attempts: Iterable[UUID]) -> list[dict[str, Any]]:
    """Those that are there, and whether they are what their message stands for: nothing was done about it since, but
    that a sweep took it for unknown."""
    return await Attempt.raw(
        f"""SELECT a.id, a.message, m.listing, m.batch, CASE WHEN m.attempts = a.n AND (
                     m.state = 'sending' OR (m.state = 'unknown' AND m.code = 'unknown')) THEN 1 ELSE 0 END AS stands
            FROM attempt a JOIN message m ON m.id = a.message WHERE {db.among("a.id")}""",
        db.listed(attempts),
    )


async def _undo(undone: list[dict[str, Any]], others: list[UUID], now: datetime) -> None:
    """An attempt that others have come after stays in their line, and says that it led nowhere."""
    await Attempt.raw(
        f"""UPDATE attempt SET finished_at = {{}}, outcome = '{Kind.NEVER_CONNECTED}', reason = {{}}
            WHERE {db.among("id")} AND outcome IN ('', 'unknown')""",
        now,
        NOT_CALLED,
        db.listed(others),
    )
    # A batch that ended over them goes on.
    await Batch.raw(
        f"""UPDATE batch SET state = 'running', finished_at = NULL, changed_at = {{}}
            WHERE {db.among("id")} AND state = 'done'""",
        now,
        db.listed({row["batch"] for row in undone if row["batch"]}),
    )
    await Message.raw(
        f"""UPDATE message SET state = 'queued', rank = 0, attempts = attempts - 1, owner = '', lease_until = NULL,
                   changed_at = {{}}, code = CASE WHEN state = 'unknown' THEN '' ELSE code END,
                   reason = CASE WHEN state = 'unknown' THEN '' ELSE reason END
            WHERE {db.among("id")}""",
        now,
        db.listed(row["message"] for row in undone),
    )
    await Attempt.raw(f"DELETE FROM attempt WHERE {db.among('id')}", db.listed(row["id"] for row in undone))
