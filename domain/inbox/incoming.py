"""What a seller wrote: opt-outs first, then the message, then the listing it belongs to."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain import answers, clock, db, history, ids, messages, opt_out_words, receipts, reviews, schedules, suppressions
from domain.channels.base import Incoming
from domain.connections import Connection
from domain.listings import Listing
from domain.messages import Message, State
from domain.opt_out_words import Outcome
from domain.text import storable

LOOK_BACK = timedelta(days=90)


async def take(connection: Connection, said: Incoming) -> UUID | None:
    """Opt-outs first, then the message, then the listing it belongs to; all in the caller's transaction."""
    account, said = connection.account, replace(said, body=storable(said.body))
    reading = opt_out_words.understand(said.body)
    message_id = ids.new()
    listing = await listing_of(account, said.from_address, said.to_address)
    if listing and db.on_postgres():  # the listing before its messages, as whoever changes a stage locks them
        await Listing.raw("SELECT id FROM listing WHERE id = {} FOR NO KEY UPDATE", listing)
    stored = await Message.insert(_inbound(message_id, connection, listing, said)).on_conflict(
        target=Message.nonce, action="DO NOTHING"
    )
    if not stored:  # the same message in another wrapping
        return None
    news = False
    if reading.outcome is Outcome.OPT_OUT:
        news = await _stop(account, listing, said, message_id)
    elif reading.outcome in (Outcome.START, Outcome.YES):
        news = await _start_again(account, listing, said, message_id)
    if await suppressions.blocked(account, said.from_address):  # stored silently: nobody is told, nobody owes an answer
        await Message.update({Message.responded_at: clock.now()}).where(Message.id == message_id)
        return None
    await schedules.seller_wrote(account, listing, said.from_address)
    await reviews.open_(account, listing, message_id, said.from_address, reading)
    if listing:
        await answers.write(connection, listing, message_id, said, reading, news=news)
        await history.contacted([listing], clock.now())
        await Listing.raw(
            "UPDATE listing SET waiting_since = COALESCE(waiting_since, {}) WHERE id = {}",
            clock.now(),
            listing,
        )
    return listing


async def _stop(account: UUID, listing: UUID | None, said: Incoming, message_id: UUID) -> bool:
    """True when that is news."""
    news = await suppressions.opt_out(account, said.from_address, said.body[:40], message_id)
    await messages.cancel_for_address(account, said.from_address, "The seller asked to stop.", "opted_out")
    if listing and news:
        await history.note(account, listing, "opted_out", message=message_id, address=said.from_address)
    return news


async def _start_again(account: UUID, listing: UUID | None, said: Incoming, message_id: UUID) -> bool:
    """True when an opt-out was lifted. Its confirmation, where that still waits, the gate ends as too late."""
    news = await suppressions.opt_in(account, said.from_address, said.body[:40], said.at)
    if listing and news:
        await history.note(account, listing, "opted_in", message=message_id, address=said.from_address)
    return news


def _inbound(message_id: UUID, connection: Connection, listing: UUID | None, said: Incoming) -> Message:
    now = clock.now()
    return Message(
        id=message_id,
        account=connection.account,
        listing=listing,
        channel="text",
        direction="in",
        author_kind="seller",
        origin="hook",
        body=said.body,
        to_address=said.to_address,
        from_address=said.from_address,
        nonce=receipts.nonce("in", connection.id, said.provider_id),
        state=State.RECEIVED,
        connection=connection.id,
        provider_id=said.provider_id,
        at=min(said.at, now),
        changed_at=now,
    )


async def listing_of(account: UUID, seller: str, ours: str) -> UUID | None:
    """The listing last written to at this number within 90 days (from the number that was answered, if any), else the
    newest listing of that number."""
    rows = await Message.raw(
        """SELECT m.listing FROM message m
           WHERE m.account = {} AND m.to_address = {} AND m.at > {} AND m.direction = 'out' AND m.listing IS NOT NULL
             AND m.state IN ('sending', 'accepted', 'sent', 'delivered', 'undelivered', 'unknown')
           ORDER BY CASE WHEN m.from_address = {} THEN 0 ELSE 1 END, m.at DESC LIMIT 1""",
        account,
        seller,
        clock.now() - LOOK_BACK,
        ours,
    )
    if not rows:
        rows = await Message.raw(
            """SELECT l.id AS listing FROM seller s JOIN listing l ON l.id = s.listing
               WHERE s.account = {} AND (s.phone = {} OR s.mobile = {})
               ORDER BY l.created_at DESC, l.id DESC LIMIT 1""",
            account,
            seller,
            seller,
        )
    return rows[0]["listing"] if rows else None
