"""The reason for each message that leaves, with the ad as it was seen at that moment."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain import db, ids
from domain.consents.tables import Consent

AT_ONCE = 200  # messages in one statement
TYPES = ("uuid", "uuid", "uuid", "text", "text", "text", "text", "uuid")  # of the columns of a row, as PostgreSQL asks


class Seen(NamedTuple):
    """A message that leaves, and the ad it is about as it was seen.

    url        where the ad stands
    text_hash  the SHA-256 of its words
    user       who sends
    """

    account: UUID
    listing: UUID
    channel: str
    address: str
    url: str
    text_hash: str
    user: UUID | None


async def captured(rows: Iterable[Seen], now: datetime) -> int:
    """Keeps why each of these may leave; how many reasons are new. Call it in the transaction that lets them go.

    It is an inquiry where the seller wrote to us from that address before, with their newest message as its source;
    else that they published the address in the ad. The same reason for the same words of the ad is kept once. One
    statement for 200 messages.
    """
    once = {(each.listing, each.channel, each.address, each.text_hash): each for each in rows if each.address}
    wanted = list(once.values())
    added = 0
    for first in range(0, len(wanted), AT_ONCE):
        added += await _insert(wanted[first : first + AT_ONCE], now)
    return added


async def _insert(rows: list[Seen], now: datetime) -> int:
    given, arguments = db.given(TYPES, [(ids.new(), *row) for row in rows])
    added = await Consent.raw(
        # Looked for row by row: joined, a planner that knows the table to be small reads it whole each time.
        f"""INSERT INTO consent (id, account, listing, channel, address, basis, source_url, text_hash, note, message,
                                 captured_by, captured_at, expires_at)
            WITH g AS MATERIALIZED (
              SELECT given.*, (SELECT i.id FROM message i WHERE i.account = given.column2
                               AND i.from_address = given.column5 AND i.direction = 'in'
                               ORDER BY i.at DESC LIMIT 1) AS inquiry FROM {given}),
            s AS (SELECT g.*, CASE WHEN g.inquiry IS NULL THEN 'published_in_listing' ELSE 'inquiry' END AS basis
                  FROM g)
            SELECT s.column1, s.column2, s.column3, s.column4, s.column5, s.basis, s.column6, s.column7, '', s.inquiry,
                   s.column8, {{}}, null
            FROM s
            WHERE (SELECT 1 FROM consent c WHERE c.account = s.column2 AND c.address = s.column5
                   AND c.channel = s.column4 AND c.listing = s.column3 AND c.text_hash = s.column7
                   AND c.basis = s.basis LIMIT 1) IS NULL
            RETURNING id""",  # noqa: S608 - fixed words
        *arguments,
        now,
    )
    return len(added)
