"""A provider that is out of credit takes nothing more: the rest of the batch fails, and who started it is told."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain import clock, db
from domain.batches import ending
from domain.batches.tables import Batch
from domain.delivery.sql import holes
from domain.messages import RANKS, Message, State
from domain.text import storable

OUT_OF_CREDIT = "The provider is out of credit. Add credit there, then try again."


async def ran_out(messages: Sequence[UUID], reason: str) -> None:
    """These were refused for want of money: what is left of their batches fails with the provider's words, and once
    all of a batch has ended, who started it is told. Call it inside your transaction."""
    now = clock.now()
    said = sentence(reason)
    which = f"SELECT DISTINCT batch FROM message WHERE batch IS NOT NULL AND id IN ({holes(len(messages))})"  # noqa: S608
    for batch in [row["batch"] for row in await Message.raw(which, *messages)]:
        await Batch.update({Batch.held_reason: said, Batch.changed_at: now}).where(Batch.id == batch)
        await Message.raw(
            f"""UPDATE message SET state = 'failed', rank = 5, code = 'out_of_credit', reason = {{}}, owner = '',
                       lease_until = NULL, changed_at = {{}}
                WHERE batch = {{}} AND (state IN ('pending', 'queued', 'claimed')
                                        OR (state = 'failed' AND {db.among("id")}))""",  # noqa: S608 - fixed words
            said,
            now,
            batch,
            db.listed(messages),
        )
        await ending.through(batch)


async def holds(batch: UUID, made_at: datetime) -> None:
    """Of a batch that is still being made and held, what became messages at this moment fails like the others before it
    for want of money. Call it inside your transaction."""
    failed = (Message.batch == batch) & (Message.state == State.FAILED) & (Message.code == "out_of_credit")
    if row := await Message.select(Message.reason).where(failed).first():
        new = (Message.batch == batch) & (Message.created_at == made_at)
        await Message.update(
            {
                Message.state: State.FAILED,
                Message.rank: RANKS[State.FAILED],
                Message.code: "out_of_credit",
                Message.reason: row["reason"],
                Message.changed_at: clock.now(),
            }
        ).where(new & Message.state.is_in([State.PENDING, State.QUEUED]))


def sentence(reason: str) -> str:
    """The provider's words, or ours where it gives a bare number."""
    return storable(reason) if any(each.isalpha() for each in reason) else OUT_OF_CREDIT
