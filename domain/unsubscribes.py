"""One click in a mail program after which no email comes any more (RFC 8058): an address for each that many get."""

import base64
import hmac
from uuid import UUID

from domain import db, history, messages, suppressions
from domain.db import found
from domain.errors import NotFound
from domain.messages import Message
from domain.settings import settings

WORD = "unsubscribe"
OFFERED = ("batch", "automated")  # kinds of messages that nobody wrote to this seller alone


def address(message: UUID) -> str:
    """Where the seller's mail program says it; empty while this installation has no https address."""
    public = settings().public_url
    return f"{public}/unsubscribe/{message}/{signature(message)}" if public.startswith("https://") else ""


def signature(message: UUID) -> str:
    """What only this installation can say of a message: HMAC-SHA256 with a key of its own, 43 characters."""
    key = hmac.digest(settings().secret_key, b"unsubscribe", "sha256")
    return base64.urlsafe_b64encode(hmac.digest(key, message.bytes, "sha256")).decode().rstrip("=")


async def asked(message: UUID, signed: str) -> Message:
    """The email that an address stands in. Raises NotFound when it is not from us."""
    if not hmac.compare_digest(signed.encode(), signature(message).encode()):
        raise NotFound
    mine = (Message.id == message) & (Message.channel == "email") & (Message.direction == "out")
    return await found(Message.objects().get(mine))


async def unsubscribe(message: Message) -> bool:
    """No email leaves to its address any more, by whatever listing. True when that is news; the second time changes
    nothing. Opens a transaction."""
    async with db.writing():
        news = await suppressions.opt_out(message.account, message.to_address, WORD, message.id, "email")
        await messages.cancel_for_address(message.account, message.to_address, "The seller unsubscribed.", "opted_out")
        if news and message.listing:
            there, address = message.listing, message.to_address
            await history.note(message.account, there, "opted_out", message=message.id, address=address)
    return news
