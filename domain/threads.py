"""Where a seller wrote to us from by a channel without addresses of its own, and for how long we may answer there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, consents, ids, standing
from domain.accounts import Account
from domain.channels.base import Channel
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.consents import Kept
from domain.db import DB
from domain.listings import Listing
from domain.standing import Standing
from domain.text import storable

CHANNELS = ("facebook", "kijiji")  # whose sellers are reached in threads, and no other way


class SellerThread(Table, db=DB, tablename="seller_thread"):
    """A conversation a seller opened: a Messenger thread with our Page, or a relay address that stands for them."""

    id = key()
    account = parent(Account, index=False)
    connection = parent(Connection, null=True, index=False)
    channel = Varchar(10)  # facebook | kijiji
    address = Varchar(254)  # the provider's name for the person, or the relay address; unique per account and channel
    listing = parent(Listing, null=True)  # None: nobody knows yet which
    ours = Varchar(254, default="")  # what they wrote to: our Page or mailbox
    name = Text(default="")  # as they call themselves there
    named_at = moment()  # when the provider was asked for it
    about = Text(default="")  # what the thread says it is about: the ad's title or address
    opened_at = made()
    last_inbound_at = moment()
    expires_at = moment()  # nothing reaches them in it from then on
    ended_at = moment()  # something bounced, or they left
    ended_reason = Text(default="")


async def heard(
    account: UUID,
    connection: UUID,
    channel: str,
    address: str,
    at: datetime,
    *,
    listing: UUID | None = None,
    ours: str = "",
    name: str = "",
    about: str = "",
    lives: timedelta | None = None,
) -> SellerThread:
    """The seller wrote in this thread, which opens it, or opens it again. What is known of it already stays where
    nothing new is said; one that `lives` for a while ends that long after its first message. In the transaction that
    stores their message."""
    rows = await SellerThread.raw(
        """INSERT INTO seller_thread (id, account, connection, channel, address, listing, ours, name, about, opened_at,
                                      last_inbound_at, expires_at, ended_at, ended_reason)
           VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, null, '')
           ON CONFLICT (account, channel, address) DO UPDATE SET
             connection = excluded.connection,
             listing = COALESCE(excluded.listing, seller_thread.listing),
             ours = CASE WHEN excluded.ours = '' THEN seller_thread.ours ELSE excluded.ours END,
             name = CASE WHEN excluded.name = '' THEN seller_thread.name ELSE excluded.name END,
             about = CASE WHEN excluded.about = '' THEN seller_thread.about ELSE excluded.about END,
             last_inbound_at = CASE WHEN seller_thread.last_inbound_at > excluded.last_inbound_at
                                    THEN seller_thread.last_inbound_at ELSE excluded.last_inbound_at END,
             expires_at = COALESCE(seller_thread.expires_at, excluded.expires_at),
             ended_at = CASE WHEN seller_thread.ended_at > excluded.last_inbound_at
                             THEN seller_thread.ended_at ELSE NULL END
           RETURNING *""",
        *(ids.new(), account, connection, channel, address, listing, ours, storable(name), storable(about)),
        *(clock.now(), at, at + lives if lives else None),
    )
    return SellerThread(**rows[0])


@dataclass(frozen=True)
class Open:
    """A thread that can be answered, and what stands of who is at its other end."""

    address: str
    last_inbound_at: datetime | None
    standing: Standing


# What is asked of a thread `t` when somebody writes to its seller.
COLUMNS = f"""t.channel AS thread_channel, t.address AS thread_address, t.last_inbound_at AS thread_inbound_at,
              {standing.of_address("t.account", "t.channel", "t.address", "thread_")}"""


def of_rows(rows: Sequence[Mapping[str, Any]], erased: Mapping[str, Kept]) -> dict[str, Open]:
    """channel -> the thread in which a seller wrote last, from rows with COLUMNS, those of the last words at the end;
    `erased` says on which lists an address stays although it was erased."""
    found = {}
    for row in rows:
        channel, address = row["thread_channel"], row["thread_address"]
        if channel is not None:
            known = consents.with_erased(Standing.of(row, "thread_"), erased.get(address, frozenset()), channel)
            found[channel] = Open(address, row["thread_inbound_at"], known)
    return found


def alive(thread: str) -> str:
    """SQL: a thread that can be answered; one placeholder, for the time."""
    return f"{thread}.ended_at IS NULL AND ({thread}.expires_at IS NULL OR {thread}.expires_at > {{}})"


def is_open(
    provider: type[Channel] | None, options: Mapping[str, Any], last: datetime | None, by_person: bool, at: datetime
) -> bool:
    """Whether a thread whose seller wrote `last` then may be answered by a connection of this provider at that time."""
    window = provider.window(options, by_person) if provider else None
    return window is None or (last is not None and at - last <= window)


async def listing_of(account: UUID, channel: str, address: str) -> UUID | None:
    """The listing a thread is about, as far as it is known."""
    mine = (SellerThread.account == account) & (SellerThread.channel == channel) & (SellerThread.address == address)
    row = await SellerThread.select(SellerThread.listing).where(mine).first()
    return row["listing"] if row else None


async def belongs(account: UUID, channel: str, address: str, listing: UUID) -> bool:
    """Somebody said which listing a thread is about. False when there is no such thread."""
    mine = (SellerThread.account == account) & (SellerThread.channel == channel) & (SellerThread.address == address)
    changed = SellerThread.update({SellerThread.listing: listing}).where(mine).returning(SellerThread.id)
    return bool(await changed)


async def end(account: UUID, channel: str, address: str, reason: str, at: datetime | None = None) -> bool:
    """Nothing reaches them there any more, in the words of `reason`. False when there is no such thread that was open
    at that time; what they write later opens it again."""
    now = at or clock.now()
    mine = (SellerThread.account == account) & (SellerThread.channel == channel) & (SellerThread.address == address)
    open_then = SellerThread.ended_at.is_null() & (
        SellerThread.last_inbound_at.is_null() | (SellerThread.last_inbound_at <= now)
    )
    values: Mapping[Any, Any] = {SellerThread.ended_at: now, SellerThread.ended_reason: storable(reason[:500])}
    return bool(await SellerThread.update(dict(values)).where(mine & open_then).returning(SellerThread.id))
