"""What a provider tells that is neither a message nor a receipt: that they read it, that it came back, that they said
stop."""

from uuid import UUID

from domain import address_marks, clock, suppressions, threads
from domain.channels.base import Bounce, Channel, ReadUntil, Receipt, Stopped
from domain.connections import Connection
from domain.form_transports import FormTransport
from domain.listings import Listing
from domain.mails import LONGEST_ID, EmailHeader
from domain.messages import RANKS, Message, State, cancel_for_address
from domain.text import storable


async def read(connection: Connection, said: ReadUntil) -> UUID | None:
    """Everything that went there until then has arrived."""
    rows = await Message.raw(
        """UPDATE message SET state = 'delivered', rank = {}, changed_at = {}
           WHERE account = {} AND to_address = {} AND connection = {} AND direction = 'out' AND at <= {}
             AND state IN ('accepted', 'sent') RETURNING listing""",
        *(RANKS[State.DELIVERED], clock.now(), connection.account, said.address, connection.id, said.at),
    )
    return rows[0]["listing"] if rows else None


async def came_back(connection: Connection, provider: type[Channel], said: Bounce) -> UUID | None:
    """Of a message of ours to that address, and of no other: anybody can send a mail that says it is a bounce."""
    message = await _of_ours(connection.account, said)
    if message is None:
        return None
    if message.channel == "form":
        return await _lead_came_back(message, said.reason) if said.for_good else None
    address = message.to_address
    if provider.channel in threads.CHANNELS:
        await threads.end(connection.account, provider.channel, address, said.reason, said.at)
    elif said.for_good:
        await address_marks.bounced(connection.account, address, said.reason, said.at, message.id)
    if not said.for_good:
        return None
    await cancel_for_address(connection.account, address, "Mail to this address came back.", "email_invalid")
    return await _undelivered(message, said.reason)


async def lead_refused(connection: Connection, said: Receipt) -> UUID | None:
    """Of a mail that is no message by email: a lead of ours that this one mailbox would not have."""
    message = await _of_ours(connection.account, Bounce("", said.reason, said.at, said.provider_id))
    return await _lead_came_back(message, said.reason) if message and message.channel == "form" else None


async def stopped(connection: Connection, provider: type[Channel], said: Stopped) -> None:
    """The provider keeps them from us, or no longer; only their own word lifts what is on our list."""
    if said.again:
        await suppressions.opt_in(connection.account, said.address, said.word[:40], said.at, provider.channel)
    else:
        await suppressions.from_provider(connection.account, provider.channel, [said.address], provider.name)


async def _lead_came_back(message: Message, reason: str) -> UUID | None:
    """The form was emailed to its site: nothing is known of the seller, nor of the ad's address."""
    return await _undelivered(message, f"The site did not get this form. Tell them in another way. {reason}")


async def _undelivered(message: Message, reason: str) -> UUID | None:
    """The listing, unless the message says something better already."""
    moved = (
        await Message.update(
            {
                Message.state: State.UNDELIVERED,
                Message.rank: RANKS[State.UNDELIVERED],
                Message.code: "provider",
                Message.reason: storable(reason[:2000]),
                Message.changed_at: clock.now(),
            }
        )
        .where((Message.id == message.id) & (Message.rank < RANKS[State.UNDELIVERED]))
        .where(Message.state.is_in([State.SENDING, State.UNKNOWN, State.ACCEPTED, State.SENT]))
        .returning(Message.id)
    )
    return message.listing if moved else None


async def _of_ours(account: UUID, said: Bounce) -> Message | None:
    if not said.rfc_id:
        return None
    header = (
        await EmailHeader.select(EmailHeader.message)
        .where((EmailHeader.account == account) & (EmailHeader.rfc_id == said.rfc_id[:LONGEST_ID]))
        .first()
    )
    if header is None:
        return None
    ours = (Message.id == header["message"]) & (Message.direction == "out")
    message = await Message.objects().get(ours)
    if message and said.address and (await _went_to(message)).casefold() != said.address.casefold():
        return None
    return message


async def _went_to(message: Message) -> str:
    """A form is written to the ad's address, and leaves as mail to where its site takes leads."""
    if message.channel != "form":
        return message.to_address
    row = (
        await FormTransport.select(FormTransport.endpoint)
        .where(FormTransport.source.is_in(Listing.select(Listing.source).where(Listing.id == message.listing)))
        .first()
    )
    return row["endpoint"] if row else ""
