"""Listings and messages with everything that stands beside them, as rows for other programs, in few queries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import message_files
from domain.attempts import Attempt
from domain.db import found
from domain.history import Cursor
from domain.listings import Listing, Picture
from domain.messages import Message
from domain.receipts import Receipt
from domain.sellers import Seller

LISTING = (
    *(Listing.id, Listing.external_id, Listing.year, Listing.make, Listing.model, Listing.trim, Listing.vin),
    *(Listing.odometer, Listing.body_style, Listing.color, Listing.interior_color, Listing.engine, Listing.fuel),
    *(Listing.transmission, Listing.drivetrain, Listing.price, Listing.previous_price, Listing.url),
    *(Listing.description, Listing.posted_on, Listing.stage, Listing.hidden, Listing.waiting_since),
    *(Listing.last_contact_at, Listing.created_at, Listing.updated_at, Listing.source.slug.as_alias("source")),
    *(Listing.main_user.id.as_alias("main_user_id"), Listing.main_user.name.as_alias("main_user_name")),
)
SELLER = (
    *(Seller.listing, Seller.first_name, Seller.last_name, Seller.phone, Seller.mobile, Seller.email),
    *(Seller.street, Seller.city, Seller.state, Seller.postal_code),
)
MESSAGE = (
    *(Message.id, Message.listing, Message.channel, Message.direction, Message.author_kind, Message.author_name),
    *(Message.kind, Message.origin, Message.state, Message.code, Message.reason, Message.subject, Message.body),
    *(Message.to_field, Message.to_address, Message.from_address, Message.encoding, Message.segments, Message.at),
    Message.scheduled_at,
    *(Message.changed_at, Message.user.id.as_alias("user_id"), Message.user.name.as_alias("user_name")),
)
ATTEMPT = (
    *(Attempt.n, Attempt.provider, Attempt.outcome, Attempt.reason, Attempt.provider_id),
    *(Attempt.started_at, Attempt.finished_at),
)
RECEIPT = (Receipt.provider_id, Receipt.state, Receipt.reason, Receipt.at, Receipt.received_at)


async def listings(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The columns of LISTING with `seller` (of SELLER; None without one) and `pictures` (the ad's own addresses), in
    the order asked for. Three queries. Looks at no account: give it ids that were found."""
    if not ids:
        return []
    wanted = list(ids)
    rows = {row["id"]: row for row in await Listing.select(*LISTING).where(Listing.id.is_in(wanted))}
    for row in rows.values():
        row["seller"], row["pictures"] = None, []
    for seller in await Seller.select(*SELLER).where(Seller.listing.is_in(wanted)):
        rows[seller["listing"]]["seller"] = seller
    pictures = Picture.select(Picture.listing, Picture.url).where(Picture.listing.is_in(wanted))
    for picture in await pictures.order_by(Picture.position):
        rows[picture["listing"]]["pictures"].append(picture["url"])
    return [rows[each] for each in wanted]


async def messages(listing: UUID, before: Cursor | None, limit: int) -> tuple[list[dict[str, Any]], Cursor | None]:
    """The newest messages of a listing, or those before a cursor, newest first, each with its `files` (of
    `message_files`), and the cursor of the next page. Two queries."""
    query = Message.select(*MESSAGE).where(Message.listing == listing)
    if before is not None:
        # The first condition is for the index, which reads no “or”.
        query = query.where((Message.at <= before.at) & ((Message.at < before.at) | (Message.id < before.id)))
    rows = await query.order_by(Message.at, Message.id, ascending=False).limit(limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    await _add_files(rows)
    return rows, Cursor(rows[-1]["at"], rows[-1]["id"]) if more else None


async def message(account: UUID, message: UUID) -> dict[str, Any]:
    """The columns of MESSAGE with `files`, `attempts` (ATTEMPT) and `receipts` (RECEIPT), oldest first. Raises
    NotFound."""
    query = Message.select(*MESSAGE).where((Message.id == message) & (Message.account == account))
    row: dict[str, Any] = await found(query.first())
    await _add_files([row])
    row["attempts"] = await Attempt.select(*ATTEMPT).where(Attempt.message == message).order_by(Attempt.n)
    row["receipts"] = (
        await Receipt.select(*RECEIPT).where(Receipt.message == message).order_by(Receipt.received_at, Receipt.id)
    )
    return row


async def _add_files(rows: Sequence[dict[str, Any]]) -> None:
    files = await message_files.of_messages([row["id"] for row in rows])
    for row in rows:
        row["files"] = [each for each in files.get(row["id"], []) if each["state"] == message_files.KEPT]
