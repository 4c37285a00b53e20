"""One message of a batch about which a person does something of its own."""

from typing import Any
from uuid import UUID

from domain import clock
from domain.batches.tables import Batch
from domain.errors import Refused

HELD_BACK = "Its batch is held back. Resume the batch, or let its first messages leave, and change this one then."


async def require_free(message: Any) -> None:
    """Raises Refused (`batch_held`) for a message of a paused batch, and for one that waits for the first of its batch:
    it would leave past what holds the others."""
    if message.batch is None:
        return
    held = message.state == "pending" and message.scheduled_at is None
    if held or await Batch.exists().where((Batch.id == message.batch) & (Batch.state == "paused")):
        raise Refused(HELD_BACK, code="batch_held")


async def reopen(batch: UUID | None) -> None:
    """One of its messages leaves after all: it is not through. In your transaction, until whose end nobody ends it."""
    if batch is not None:
        await Batch.raw(
            """UPDATE batch SET state = CASE WHEN state = 'done' THEN 'running' ELSE state END,
                      finished_at = CASE WHEN state = 'done' THEN NULL ELSE finished_at END, changed_at = {}
               WHERE id = {}""",
            clock.now(),
            batch,
        )
