"""Blocks: what abusive senders write is stored silently, and nothing goes out to them."""

from uuid import UUID

from domain import audit, clock, consents, db, users
from domain.suppressions.addresses import key
from domain.suppressions.putting import Entry, Kind, put, said
from domain.suppressions.tables import Block
from domain.users import Permission, User


async def block(account_id: UUID, user: User, address: str, reason: str) -> bool:
    """From now on this address disturbs nobody. True when that is news.

    Raises Refused for who may not answer sellers (`no_permission`), and without a reason. In your transaction, or in
    one of its own.
    """
    users.require(user, Permission.RESPOND)
    reason = said(reason)
    async with db.writing():
        new = await put(Kind.BLOCK, account_id, [Entry(key(address), reason)], by=user.id)
        for each in new:
            await audit.record(account_id, user.id, "block.added", each.id, reason, address=each.address)
    return bool(new)


async def unblock(account_id: UUID, user: User, address: str, reason: str) -> bool:
    """A manager lets the address in again. False when it is not blocked (any more).

    Raises Refused for anybody else (`no_permission`), and without a reason. In your transaction, or in one of its own.
    """
    users.require(user, Permission.LIFT_DNC)
    reason = said(reason)
    async with db.writing():
        lifted = await (
            Block.update({Block.lifted_at: clock.now(), Block.lifted_by: user.id, Block.lift_reason: reason})
            .where((Block.account == account_id) & (Block.address == key(address)) & Block.lifted_at.is_null())
            .returning(Block.id)
        )
        for row in lifted:
            await audit.record(account_id, user.id, "block.lifted", row["id"], reason, address=key(address))
    return bool(lifted)


async def blocked(account_id: UUID, address: str) -> bool:
    """Whether what comes from this address is stored silently, be it erased since or not."""
    here = (Block.account == account_id) & (Block.address == key(address)) & Block.lifted_at.is_null()
    if await Block.exists().where(here):
        return True
    kept = await consents.tombstoned(account_id, [address])
    return any(name == "block" for name, _ in kept.get(address, ()))
