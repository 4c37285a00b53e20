"""Messages that belong to no listing: shown to the account until somebody settles them."""

from typing import Any
from uuid import UUID

from domain import audit, clock
from domain.db import writing
from domain.history import Cursor
from domain.messages import Message
from domain.users import User

PAGE = 50

_COLUMNS = (
    Message.id,
    Message.direction,
    Message.channel,
    Message.from_address,
    Message.to_address,
    Message.body,
    Message.at,
)


async def page(account: UUID, before: Cursor | None = None) -> tuple[list[dict[str, Any]], bool]:
    """The newest 50, or those before a place, as dicts; and whether there are older ones."""
    query = Message.select(*_COLUMNS).where(_open(account))
    if before is not None:
        query = query.where((Message.at < before.at) | ((Message.at == before.at) & (Message.id < before.id)))
    rows = await query.order_by(Message.at, Message.id, ascending=False).limit(PAGE + 1)
    return rows[:PAGE], len(rows) > PAGE


async def count(account: UUID) -> int:
    """How many wait to be settled."""
    return await Message.count().where(_open(account))


async def discard(message: Message, user: User) -> bool:
    """Settles one that nobody needs; it is kept, only not shown here. False when it is settled already."""
    async with writing():
        settled = Message.update({Message.responded_at: clock.now()}).where(
            (Message.id == message.id) & Message.listing.is_null() & Message.responded_at.is_null()
        )
        if not await settled.returning(Message.id):
            return False
        await audit.record(message.account, user.id, "message.discarded", message.id)
    return True


def _open(account: UUID) -> Any:
    return (Message.account == account) & Message.listing.is_null() & Message.responded_at.is_null()
