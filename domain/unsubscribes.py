"""A seller ends our emails to their address, by one click in a mail program (RFC 8058) or by the link in an email."""

import hmac
from uuid import UUID

from domain import db, history, imprints, messages, suppressions
from domain.errors import NotFound
from domain.messages import Message

WORD = "unsubscribe"


async def asked(listing: UUID, signed: str) -> Message:
    """The newest of the emails in which this link stands. Raises NotFound when it is not from us, or none was sent. Of
    old a link named its email: the law wants them to work for two months."""
    ours = (Message.listing == listing) & (Message.channel == "email") & (Message.direction == "out")
    for row in await Message.select(Message.to_address).where(ours).group_by(Message.to_address):
        to = row["to_address"]
        if to and hmac.compare_digest(signed.encode(), imprints.signature(listing, to).encode()):
            newest = Message.objects().where(ours & (Message.to_address == to)).order_by(Message.at, ascending=False)
            if message := await newest.first():
                return message
    if hmac.compare_digest(signed.encode(), imprints.signature(listing, "").encode()):
        old = (Message.id == listing) & (Message.channel == "email") & (Message.direction == "out")
        return await db.found(Message.objects().get(old))
    raise NotFound


async def unsubscribe(message: Message) -> bool:
    """No email leaves to its address any more, by whatever listing. True when that is news; the second time changes
    nothing. Opens a transaction."""
    async with db.writing():
        news = await suppressions.opt_out(message.account, message.to_address, WORD, message.id, "email")
        await messages.cancel_for_address(message.account, message.to_address, "The seller unsubscribed.", "opted_out")
        if message.listing:
            await messages.cancel_for_listing(message.listing, "The seller unsubscribed.", "opted_out")
        if news and message.listing:
            there, address = message.listing, message.to_address
            await history.note(message.account, there, "opted_out", message=message.id, address=address)
    return news
