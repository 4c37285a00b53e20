"""Messages by what is known of them."""

from typing import Any
from uuid import UUID

from domain.db import found
from domain.messages.tables import Message


async def by_id(account_id: UUID, message_id: UUID) -> Message:
    """A message of this account. Raises NotFound."""
    message: Message = await found(Message.objects().get((Message.id == message_id) & (Message.account == account_id)))
    return message


async def by_nonce(account_id: UUID, nonce: str) -> Message | None:
    return await Message.objects().get((Message.nonce == nonce) & (Message.account == account_id))


async def opened_again(listing_id: UUID, message_id: str) -> dict[str, Any] | None:
    """An outbound message of this listing, to be written anew: {id, channel, subject, body, to_field}."""
    try:
        wanted = UUID(message_id)
    except ValueError:
        return None
    return (
        await Message.select(Message.id, Message.channel, Message.subject, Message.body, Message.to_field)
        .where((Message.id == wanted) & (Message.listing == listing_id) & (Message.direction == "out"))
        .first()
    )
