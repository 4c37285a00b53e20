"""What a provider tells that is neither a message nor a receipt: that they read it, that it came back, that they said
stop."""

from uuid import UUID

from domain import address_marks, clock, suppressions, threads
from domain.channels.base import Bounce, Channel, ReadUntil, Stopped
from domain.connections import Connection
from domain.mails import LONGEST_ID, EmailHeader
from domain.messages import RANKS, Message, State, cancel_for_address

THEIR_PROVIDER = "the seller’s mail provider"


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
    """Of a message of ours that it names, and of no other: anybody can send a mail that says it is a bounce. What came
    back from elsewhere, where they had it forwarded to, tells nothing of the address itself."""
    message = await _of_ours(connection.account, said.rfc_id)
    if message is None:
        return None
    if message.channel == "form":
        return await _lead_came_back(message, said.reason) if said.for_good and not said.spam else None
    account, address = connection.account, message.to_address
    if said.spam:
        await suppressions.from_provider(account, message.channel, [address], THEIR_PROVIDER)
        await cancel_for_address(account, address, "The seller marked an email as spam.", "opted_out")
        return message.listing
    if not said.for_good:
        return None
    if not said.address_good and said.address.casefold() in ("", address.casefold()):
        if provider.channel in threads.CHANNELS:
            await threads.end(account, provider.channel, address, said.reason, said.at)
        else:
            await address_marks.bounced(account, address, said.reason, said.at, message.id)
        await cancel_for_address(account, address, "Mail to this address came back.", "email_invalid")
    return await _undelivered(message, said.reason)


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
                Message.reason: reason[:2000],
                Message.changed_at: clock.now(),
            }
        )
        .where((Message.id == message.id) & (Message.rank < RANKS[State.UNDELIVERED]))
        .where(Message.state.is_in([State.SENDING, State.UNKNOWN, State.ACCEPTED, State.SENT]))
        .returning(Message.id)
    )
    return message.listing if moved else None


async def _of_ours(account: UUID, rfc_id: str) -> Message | None:
    """The message with this Message-ID, which nobody guesses."""
    if not rfc_id:
        return None
    header = (
        await EmailHeader.select(EmailHeader.message)
        .where((EmailHeader.account == account) & (EmailHeader.rfc_id == rfc_id[:LONGEST_ID]))
        .first()
    )
    if header is None:
        return None
    sent = (Message.direction == "out") & (Message.origin != "app")  # and not what only says it is a colleague's
    return await Message.objects().get((Message.id == header["message"]) & sent)
