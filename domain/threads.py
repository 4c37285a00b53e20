"""Where a seller wrote to us from by a channel without addresses of its own, and for how long we may answer there."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, ids
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.listings import Listing
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
    expires_at: datetime | None = None,
) -> SellerThread:
    """The seller wrote in this thread, which opens it, or opens it again. What is known of it already stays where
    nothing new is said. In the transaction that stores their message."""
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
             expires_at = COALESCE(excluded.expires_at, seller_thread.expires_at),
             ended_at = CASE WHEN seller_thread.ended_at > excluded.last_inbound_at
                             THEN seller_thread.ended_at ELSE NULL END
           RETURNING *""",
        *(ids.new(), account, connection, channel, address, listing, ours, storable(name), storable(about)),
        *(clock.now(), at, expires_at),
    )
    return SellerThread(**rows[0])


async def of_listing(listing: UUID) -> dict[str, SellerThread]:
    """channel -> the thread in which its seller wrote last, of those that can still be answered."""
    rows = await SellerThread.raw(
        """SELECT * FROM seller_thread WHERE listing = {} AND ended_at IS NULL
             AND (expires_at IS NULL OR expires_at > {}) ORDER BY last_inbound_at""",
        listing,
        clock.now(),
    )
    return {row["channel"]: SellerThread(**row) for row in rows}


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
