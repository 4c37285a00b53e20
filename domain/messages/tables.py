"""The message and what belongs to its row: its states, how far each has come, and an API client's name for it."""

from enum import StrEnum

from piccolo.columns import JSON, UUID, Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.batches.tables import Batch
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.listings import Listing
from domain.message_templates import TemplateVersion
from domain.users import User


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
    LOGGED = "logged"  # a contact made elsewhere, in or out


class Message(Table, db=DB, tablename="message"):
    id = key()
    # No index of one column where a wider one begins with it: each costs every write, and may mislead a planner.
    account = parent(Account, index=False)
    listing = parent(Listing, null=True, index=False)  # None: inbound that matched nobody yet
    channel = Varchar(10)
    direction = Varchar(3)  # in | out
    author_kind = Varchar(10)  # agent | seller | system
    user = parent(User, null=True, index=False)  # who sends
    kind = Varchar(12, default="one_to_one")  # one_to_one | batch | scheduled | automated | answer | external
    origin = Varchar(10, default="window")  # window | api | app (the provider's own) | hook | log
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
    connection = parent(Connection, null=True, index=False)
    provider_id = Text(default="")  # of the newest attempt
    tries = Integer(default=0)  # in a row that never connected
    attempts = Integer(default=0)
    decision = JSON(null=True, default=None)  # the gate's, when it refused or put off; an allowed one is the attempt's
    batch = parent(Batch, null=True, index=False)
    wording = Text(default="")  # with its wildcards, of what leaves by itself: the body is made of it at that moment
    wording_subject = Text(default="")
    scheduled_at = moment()
    schedule_zone = Varchar(60, default="")  # IANA: the clock by which it was planned
    schedule_wall = Varchar(16, default="")  # what that clock shows then, 2026-11-30T09:00
    stays_on_reply = Boolean(default=False)  # it leaves although the seller wrote meanwhile
    revision = Integer(default=0)  # of a plan or a logged contact, so that nobody writes over what somebody changed
    not_before = moment()
    lease_until = moment()
    owner = Text(default="")
    undoable = Boolean(default=False)
    responded_at = moment()  # inbound: when it was answered or marked so
    means = Varchar(8, default="")  # inbound: stop | look (perhaps a stop) | machine; empty: they write to us
    at = made()  # where it stands in the history
    changed_at = made()
    created_at = made()


class FollowUp(Table, db=DB, tablename="follow_up"):
    """A message that was accepted, or refused in a way that tells of its number, and whose listing does not know yet.
    A table of its own: on PostgreSQL each change of a message writes a line into each of its many indexes."""

    message = UUID(primary_key=True, default=None)


class IdempotencyKey(Table, db=DB, tablename="idempotency_key"):
    """What an API client called its request, so that a repeated one gets the first answer."""

    id = key()
    account = parent(Account)
    key_hash = Varchar(64)  # unique per account
    body_hash = Varchar(64)
    message = parent(Message, null=True, index=False)
    batch = parent(Batch, null=True, index=False)
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
