"""A provider that is out of credit takes nothing more: the rest of the batch fails, and who started it is told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import clock, house_mail
from domain.batches.tables import Batch
from domain.delivery.sql import holes
from domain.messages import Message
from domain.settings import settings
from domain.text import storable


async def ran_out(messages: Sequence[UUID], reason: str) -> None:
    """These were refused for want of money: what is left of their batches fails with the provider's words, and who
    started them is told. Call it inside your transaction."""
    now = clock.now()
    which = f"SELECT DISTINCT batch FROM message WHERE batch IS NOT NULL AND id IN ({holes(len(messages))})"  # noqa: S608
    for batch in [row["batch"] for row in await Message.raw(which, *messages)]:
        rows = await Message.raw(
            """UPDATE message SET state = 'failed', rank = 5, code = 'out_of_credit', reason = {}, owner = '',
                      lease_until = NULL, changed_at = {}
               WHERE batch = {} AND state IN ('pending', 'queued', 'claimed') RETURNING id""",
            storable(reason),
            now,
            batch,
        )
        await Batch.update({Batch.held_reason: storable(reason), Batch.changed_at: now}).where(Batch.id == batch)
        if rows:
            await _tell_starter(batch, reason, len(rows))


async def _tell_starter(batch: UUID, reason: str, number: int) -> None:
    rows: list[dict[str, Any]] = await Batch.raw(
        """SELECT u.email, u.name, b.size FROM batch b JOIN app_user u ON u.id = b."user" WHERE b.id = {}""", batch
    )
    for row in rows:
        where = f"{settings().public_url}/batches/{batch}" if settings().public_url else "Batches"
        await house_mail.send(
            row["email"],
            "Your batch stopped: the provider is out of credit",
            f"Hello {row['name']},\n\nyour batch to {row['size']:,} listings stopped. {number:,} messages were not "
            f"sent, because the provider takes no more until credit is added.\n\nIts words: {reason}\n\n"
            f"Once that is done, try the failed ones again here: {where}\n",
        )
