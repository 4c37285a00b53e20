"""Who changes a batch and its messages goes one after another: the batch first, then the messages."""

from collections.abc import Sequence
from uuid import UUID

from domain import db
from domain.batches.tables import Batch


async def wait(messages: Sequence[UUID]) -> None:
    """Before any of these messages is touched in a way that may concern its batch: whoever pauses, stops or resumes
    that one ends first, and the next waits for us. The other order ends in a deadlock. In your transaction; on SQLite
    write transactions follow one another anyway."""
    if messages and db.on_postgres():
        await Batch.raw(
            f"""SELECT b.id FROM batch b WHERE b.id IN (SELECT m.batch FROM message m WHERE {db.among("m.id")})
                ORDER BY b.id FOR NO KEY UPDATE""",  # noqa: S608 - fixed words
            db.listed(messages),
        )


async def free(batches: Sequence[UUID]) -> list[UUID]:
    """Those of these batches that nobody else changes just now, and nobody does until this transaction ends."""
    if not batches or not db.on_postgres():
        return list(batches)
    rows = await Batch.raw(
        f"SELECT id FROM batch WHERE {db.among('id')} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",  # noqa: S608 - fixed words
        db.listed(batches),
    )
    return [row["id"] for row in rows]
