"""What happened on a listing last, as far as it concerns whoever writes about it now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain import clock
from domain.messages import Message

WRITING = timedelta(minutes=2)  # since the last change of a draft: its writer is still at it


@dataclass(frozen=True)
class Newest:
    """What happened on a listing last: the newest platform message, and who is writing about it just now.

    id, at, channel, direction, user, person  of that message; None when there is none
    writers                                   colleagues whose draft changed within the last two minutes
    """

    id: UUID | None = None
    at: datetime | None = None
    channel: str | None = None
    direction: str = ""
    user: UUID | None = None
    person: str = ""
    writers: tuple[str, ...] = ()


async def of(listing_id: UUID, reader: UUID) -> Newest:
    """The newest platform message of a listing, in or out, queued, unknown and failed ones included; scheduled, taken
    back, expired and skipped ones never were. And the colleagues of `reader` who are writing about it now."""
    rows: list[dict[str, Any]] = await Message.raw(
        """SELECT * FROM (
             SELECT m.id, m.at, m.channel, m.direction, m."user", u.name AS person FROM message m
             LEFT JOIN app_user u ON u.id = m."user"
             WHERE m.listing = {} AND m.state NOT IN ('pending', 'cancelled', 'skipped', 'expired')
             ORDER BY m.at DESC, m.id DESC LIMIT 1) AS newest
           UNION ALL
           SELECT * FROM (
             SELECT d.id, d.updated_at AS at, d.channel, 'draft' AS direction, d."user", u.name AS person
             FROM draft d JOIN app_user u ON u.id = d."user"
             WHERE d.listing = {} AND d."user" <> {} AND d.updated_at > {}
             ORDER BY d.updated_at DESC LIMIT 3) AS now""",
        listing_id,
        listing_id,
        reader,
        clock.now() - WRITING,
    )
    writers = tuple(row["person"] for row in rows if row["direction"] == "draft")
    newest = next((row for row in rows if row["direction"] != "draft"), None)
    return (
        Newest(**{**newest, "person": newest["person"] or ""}, writers=writers) if newest else Newest(writers=writers)
    )
