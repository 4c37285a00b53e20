"""Carriers that take texts of a batch for spam: the rest waits until who started it has looked at what it says."""

from collections.abc import Sequence
from uuid import UUID

from domain import db
from domain.batches import ending, holding
from domain.batches.tables import Batch
from domain.channels.base import SPAM
from domain.messages.tables import Message

LEAST = 20  # messages that left before their share says anything
MOST = 0.05  # of them
REFUSED = "m.state IN ('failed', 'undelivered')"
# The same for a statement that finds them by their code: by their state SQLite would read all that failed.
_ANY_REFUSED = "COALESCE(m.state, '') IN ('failed', 'undelivered')"
# Those whose newest attempt began since a person last let the batch go on although this stood against it.
TRIED = """FROM batch b JOIN message m ON m.batch = b.id JOIN attempt a ON a.message = m.id AND a.n = m.attempts
           WHERE a.started_at >= COALESCE(b.judged_from, b.started_at)"""
WAITS = """(b.expanded < b.size OR EXISTS (SELECT 1 FROM message w WHERE w.batch = b.id
                                          AND w.state IN ('pending', 'queued', 'claimed')))"""


async def look(under_way: Sequence[UUID]) -> set[UUID]:
    """Pauses those of these batches of which too many were taken for spam, and tells who started them; which those
    are."""
    if not under_way:
        return set()
    rows = await Batch.raw(
        f"""SELECT m.batch, COUNT(*) AS number {TRIED} AND {db.among("b.id")}
              AND {_ANY_REFUSED} AND m.code = '{SPAM}' GROUP BY m.batch""",
        db.listed(under_way),
    )
    suspects = {row["batch"]: row["number"] for row in rows if row["number"] > LEAST * MOST}
    return {batch for batch, number in suspects.items() if await _hold(batch, number)}


async def _hold(batch_id: UUID, number: int) -> bool:
    if not await Batch.raw(f"SELECT 1 AS waits FROM batch b WHERE b.id = {{}} AND {WAITS}", batch_id):  # noqa: S608 - fixed words
        return False
    rows = await Message.raw(
        f"""SELECT COUNT(*) AS number {TRIED} AND b.id = {{}}
              AND (m.state IN ('accepted', 'sent', 'delivered', 'unknown') OR {REFUSED})""",
        batch_id,
    )
    tried = rows[0]["number"]
    if tried < LEAST or number / tried <= MOST:
        return False
    batch = await Batch.objects().get(Batch.id == batch_id)
    if batch is None:
        return False
    said = f"Carriers took {number:,} of the last {tried:,} messages for spam."
    advice = "Stop it and write to the rest in other words, or resume it if you know that the words are not why."
    async with db.writing():
        held = await holding.pause(batch, f"{said} {advice}", None)
        if held:
            await ending.tell_starter(
                batch_id,
                "Your batch paused: carriers take it for spam",
                f"{said} What has not left waits, so that your number does not come to be blocked.\n\n{advice}\n\n"
                "How far it came: ",
                how="paused",
            )
    return held
