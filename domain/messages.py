"""One thing sent to or received from a seller through the platform."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.querystring import QueryString
from piccolo.table import Table

from domain import audit, clock, connections, db
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB, found
from domain.errors import Refused
from domain.listings import Listing
from domain.message_templates import TemplateVersion
from domain.users import Role, User


class State(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    RECEIVED = "received"  # inbound


class Message(Table, db=DB, tablename="message"):
    id = key()
    account = parent(Account)
    listing = parent(Listing, null=True)  # None: inbound that matched nobody yet
    channel = Varchar(10)
    direction = Varchar(3)  # in | out
    author_kind = Varchar(10)  # agent | seller | system
    user = parent(User, null=True)  # who sends
    kind = Varchar(12, default="one_to_one")  # one_to_one | batch | scheduled | automated
    origin = Varchar(10, default="window")  # window | api | app (the provider's own) | hook
    subject = Text(default="")
    body = Text(default="")
    template_version = parent(TemplateVersion, null=True, index=False)
    to_field = Varchar(10, default="")  # mobile | phone
    to_address = Varchar(254, default="")
    from_address = Varchar(254, default="")
    author_name = Text(default="")  # of a message typed in the provider's own app
    encoding = Varchar(6, default="")
    segments = Integer(default=0)
    nonce = Varchar(80, null=True, default=None, unique=True)
    state = Varchar(12, default=State.QUEUED)
    rank = Integer(default=0)  # how far up the ladder of receipts
    code = Text(default="")  # a gate code or the provider's
    reason = Text(default="")  # the sentence a person reads
    connection = parent(Connection, null=True)
    provider_id = Text(default="")  # of the newest attempt
    tries = Integer(default=0)  # in a row that never connected
    attempts = Integer(default=0)
    scheduled_at = moment()
    not_before = moment()
    lease_until = moment()
    owner = Text(default="")
    undoable = Boolean(default=False)
    follow_up = Boolean(default=False)  # accepted, and the listing does not know yet
    responded_at = moment()  # inbound: when it was answered or marked so
    at = made()  # where it stands in the history
    changed_at = made()
    created_at = made()


class IdempotencyKey(Table, db=DB, tablename="idempotency_key"):
    """What an API client called its request, so that a repeated one gets the first answer."""

    id = key()
    account = parent(Account)
    key_hash = Varchar(64)  # unique per account
    body_hash = Varchar(64)
    message = parent(Message, null=True, index=False)
    created_at = made()


# How far up the ladder a state stands. A receipt only ever moves a message up, so that any order ends the same.
RANKS = {
    State.SENDING: 1,
    State.UNKNOWN: 2,
    State.ACCEPTED: 3,
    State.SENT: 4,
    State.FAILED: 5,
    State.UNDELIVERED: 5,
    State.DELIVERED: 6,
}
WAITING = (State.PENDING, State.QUEUED, State.CLAIMED)  # nothing has left yet
CALLED = tuple(RANKS)  # the provider was called: what a receipt may speak of
MAY_HAVE_ARRIVED = "EXISTS (SELECT 1 FROM attempt a WHERE a.message = message.id AND a.outcome = 'unknown')"
RETRIABLE = (State.FAILED, State.UNDELIVERED, State.UNKNOWN)


async def undo(message: Message) -> bool:
    """Takes a message back inside its undo window. False when it has already left (or was undone before)."""
    now = clock.now()
    rows = (
        await Message.update(
            {Message.state: State.CANCELLED, Message.code: "undone", Message.reason: "Undone", Message.changed_at: now}
        )
        .where(
            (Message.id == message.id)
            & (Message.state == State.QUEUED)
            & Message.undoable.eq(True)
            & (Message.not_before > now)
        )
        .returning(Message.id)
    )
    return bool(rows)


async def cancel(message: Message, user: User) -> bool:
    """Takes back what has not left yet, its schedule with it. False when it has left; a second time changes nothing.

    Raises Refused for an inbound message, and for a colleague's unless the user manages.
    """
    if message.direction != "out":
        raise Refused("This message came in. There is nothing to cancel.", code="not_outbound")
    if message.user != user.id and user.role not in (Role.ADMIN, Role.MANAGER):
        raise Refused("A colleague sends this. Ask them or a manager to cancel it.", code="no_permission")
    if message.state == State.CANCELLED:
        return True
    async with db.writing():
        cancelled = await _cancel(Message.id == message.id, f"Cancelled by {user.name}", "cancelled")
        if cancelled:
            await audit.record(message.account, user.id, "message.cancelled", message.id)
    if cancelled:
        return True
    return await Message.exists().where((Message.id == message.id) & (Message.state == State.CANCELLED))


async def cancel_for_listing(listing_id: UUID, reason: str, code: str = "cancelled") -> int:
    """Cancels what has not left yet to this listing's seller. Call it inside your transaction; how many there were."""
    return await _cancel(Message.listing == listing_id, reason, code)


async def cancel_for_address(account_id: UUID, address: str, reason: str, code: str) -> int:
    """Cancels what has not left yet to this address, whatever the listing. Call it inside your transaction."""
    return await _cancel((Message.account == account_id) & (Message.to_address == address), reason, code)


def unless_it_may_have_arrived(state: State) -> dict[Any, Any]:
    """State and rank of a message that ends without leaving. What a person sent again, and an earlier call of which may
    have arrived, is unknown as before instead: nobody can say that it never left."""
    return {
        Message.state: QueryString(f"CASE WHEN {MAY_HAVE_ARRIVED} THEN 'unknown' ELSE '{state}' END"),
        Message.rank: QueryString(
            f"CASE WHEN {MAY_HAVE_ARRIVED} THEN {RANKS[State.UNKNOWN]} ELSE {RANKS.get(state, 0)} END"
        ),
    }


async def _cancel(which: Any, reason: str, code: str) -> int:
    rows = (
        await Message.update(
            {
                **unless_it_may_have_arrived(State.CANCELLED),
                Message.code: code,
                Message.reason: reason,
                Message.owner: "",
                Message.lease_until: None,
                Message.changed_at: clock.now(),
            }
        )
        .where(which & (Message.direction == "out") & Message.state.is_in(list(WAITING)))
        .returning(Message.id)
    )
    return len(rows)


async def retry(message: Message, user: User, attempts: int) -> bool:
    """A person asks for one more attempt of a message that failed or whose fate is unknown.

    `attempts` is how many there were on the page they looked at: a second click asks for nothing more. It leaves by the
    connection that carries the channel now, should that be another one than before.
    """
    now = clock.now()
    carrying = await connections.carrying(message.account, message.channel)
    async with db.writing():
        rows = (
            await Message.update(
                {
                    Message.state: State.QUEUED,
                    Message.rank: 0,
                    Message.code: "",
                    Message.reason: "",
                    Message.provider_id: "",
                    Message.tries: 0,
                    Message.connection: carrying.id if carrying else message.connection,
                    Message.not_before: now,
                    Message.undoable: False,
                    Message.changed_at: now,
                }
            )
            .where(
                (Message.id == message.id)
                & Message.state.is_in(list(RETRIABLE))
                & (Message.attempts == attempts)
                & (Message.direction == "out")
            )
            .returning(Message.id)
        )
        if rows:
            await audit.record(message.account, user.id, "message.retried", message.id, attempts=attempts)
    return bool(rows)


async def mark_sent(message: Message, user: User) -> bool:
    """A person knows that a message of unknown fate did go out."""
    now = clock.now()
    async with db.writing():
        rows = (
            await Message.update(
                {
                    Message.state: State.ACCEPTED,
                    Message.rank: RANKS[State.ACCEPTED],
                    Message.code: "",
                    Message.reason: f"Marked sent by {user.name}",
                    Message.follow_up: True,
                    Message.changed_at: now,
                }
            )
            .where((Message.id == message.id) & (Message.state == State.UNKNOWN))
            .returning(Message.id)
        )
        if rows:
            await audit.record(message.account, user.id, "message.marked_sent", message.id)
    return bool(rows)


async def mark_responded(listing_id: UUID) -> int:
    """Marks all inbound of a listing as answered; how many were open."""
    now = clock.now()
    async with db.writing():
        # The listing before its messages, as `delivery.follow_up` does it, or the two could wait for each other.
        await Listing.update({Listing.waiting_since: None}).where(Listing.id == listing_id)
        rows = (
            await Message.update({Message.responded_at: now, Message.changed_at: now})
            .where((Message.listing == listing_id) & (Message.direction == "in") & Message.responded_at.is_null())
            .returning(Message.id)
        )
    return len(rows)


async def waiting_among(listings: Collection[UUID]) -> set[UUID]:
    """Those of the listings whose seller waits for an answer, or is thought to."""
    if not listings:
        return set()
    rows = await Listing.raw(
        f"""SELECT id FROM listing WHERE id IN ({", ".join(["{}"] * len(listings))}) AND (waiting_since IS NOT NULL
             OR EXISTS (SELECT 1 FROM message m
                        WHERE m.listing = listing.id AND m.direction = 'in' AND m.responded_at IS NULL))""",  # noqa: S608
        *listings,
    )
    return {row["id"] for row in rows}


async def answered(listing_id: UUID, until: datetime, now: datetime) -> None:
    """An outbound of `until` answers what the seller wrote before it. Call it inside your transaction."""
    await (
        Message.update({Message.responded_at: now, Message.changed_at: now})
        .where((Message.listing == listing_id) & (Message.direction == "in"))
        .where(Message.responded_at.is_null() & (Message.at <= until))
    )
    await Listing.raw(
        """UPDATE listing SET waiting_since = (
             SELECT m.at FROM message m WHERE m.listing = listing.id AND m.direction = 'in' AND m.responded_at IS NULL
             ORDER BY m.at LIMIT 1) WHERE id = {}""",
        listing_id,
    )


async def by_id(account_id: UUID, message_id: UUID) -> Message:
    """A message of this account. Raises NotFound."""
    message: Message = await found(Message.objects().get((Message.id == message_id) & (Message.account == account_id)))
    return message


async def by_nonce(account_id: UUID, nonce: str) -> Message | None:
    return await Message.objects().get((Message.nonce == nonce) & (Message.account == account_id))


async def wrote_from(listing_id: UUID, channel: str) -> str:
    """The thread or relay address the seller last wrote to us from; empty when they never did."""
    row = (
        await Message.select(Message.from_address)
        .where((Message.listing == listing_id) & (Message.direction == "in") & (Message.channel == channel))
        .order_by(Message.at, ascending=False)
        .first()
    )
    return row["from_address"] if row else ""


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
