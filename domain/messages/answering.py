"""Who waits for an answer, and what counts as one."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from domain import clock, db
from domain.listings import Listing
from domain.messages.tables import Message


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
        f"""SELECT id FROM listing WHERE {db.among("id")} AND (waiting_since IS NOT NULL
             OR EXISTS (SELECT 1 FROM message m
                        WHERE m.listing = listing.id AND m.direction = 'in' AND m.responded_at IS NULL))""",  # noqa: S608
        db.listed(listings),
    )
    return {row["id"] for row in rows}


async def answered(listing_id: UUID, until: datetime, now: datetime) -> None:
    """An outbound of `until` answers what the seller wrote before it. Call it inside your transaction."""
    await (
        Message.update({Message.responded_at: now, Message.changed_at: now})
        .where((Message.listing == listing_id) & (Message.direction == "in"))
        .where(Message.responded_at.is_null() & (Message.at <= until))
    )
    await wait_since(listing_id)


async def answered_since(listing_id: UUID, inbound: Collection[UUID], now: datetime) -> None:
    """Of inbound messages that join a history late, those after which something went out are answered already; the
    others wait. Call it inside your transaction."""
    if inbound:
        await Message.raw(
            f"""UPDATE message SET responded_at = {{}}, changed_at = {{}} WHERE {db.among("id")} AND EXISTS (
                  SELECT 1 FROM message o WHERE o.listing = {{}} AND o.direction = 'out' AND o.at > message.at
                  AND o.state NOT IN ('pending', 'queued', 'claimed', 'cancelled', 'expired', 'skipped', 'failed')
                  AND NOT (o.state = 'logged' AND o.origin = 'app'))""",  # noqa: S608
            now,
            now,
            db.listed(inbound),
            listing_id,
        )
    await wait_since(listing_id)


async def wait_since(listing_id: UUID) -> None:
    """Says anew since when the seller of a listing waits for an answer, if they do."""
    await Listing.raw(
        """UPDATE listing SET waiting_since = (
             SELECT m.at FROM message m WHERE m.listing = listing.id AND m.direction = 'in' AND m.responded_at IS NULL
             ORDER BY m.at LIMIT 1) WHERE id = {}""",
        listing_id,
    )
