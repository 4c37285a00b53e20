"""A draft of a batch that is thrown away, with its choice of listings."""

from domain import audit, db, users
from domain.batches import watching
from domain.batches.files import BatchAttachment
from domain.batches.tables import Batch, BatchListing
from domain.errors import Refused
from domain.users import Permission, User

ANOTHERS = "A colleague wrote this draft. Ask them or a manager to discard it."


async def discard(batch: Batch, user: User) -> bool:
    """True for the one who does; False when it was sent or discarded meanwhile. Raises Refused for who may not."""
    users.require(user, Permission.BATCH)
    if batch.user != user.id and not watching.all_drafts(user):
        raise Refused(ANOTHERS, code="no_permission")
    async with db.writing():
        # Whoever starts it changes the same row: one of the two comes first.
        mine = await Batch.raw(
            "UPDATE batch SET revision = revision + 1 WHERE id = {} AND state = 'draft' RETURNING id", batch.id
        )
        if not mine:
            return False
        await BatchAttachment.delete().where(BatchAttachment.batch == batch.id)
        await BatchListing.delete().where(BatchListing.batch == batch.id)
        await Batch.delete().where(Batch.id == batch.id)
        await audit.record(batch.account, user.id, "batch.discarded", batch.id, size=batch.size)
    return True
