"""Which listing a message means by the ad it names: sure by the ad's address or number, a guess by its title."""

import re
from datetime import timedelta
from uuid import UUID

from domain import clock
from domain.listings import Listing, title
from domain.messages import Message

NUMBER = re.compile(r"/(\d{6,20})/?(?:[?#].*)?$|^[a-z]+:(\d{6,20})$", re.ASCII)
LOOK_BACK = timedelta(days=60)  # in which somebody wrote there by hand
MOST = 200  # listings whose titles are compared


async def named(account: UUID, channel: str, about: str) -> UUID | None:
    """The newest listing whose ad stands at this very address, or has this number at the site."""
    if not about:
        return None
    rows = await Listing.raw(
        # What the index holds, in its own words: no listing without an ad, and no address longer than ads have.
        """SELECT id FROM listing WHERE account = {} AND url = {} AND url <> '' AND length(url) <= 600
           ORDER BY created_at DESC LIMIT 1""",
        *(account, about),
    )
    number = NUMBER.search(about)
    if not rows and number:
        rows = await Listing.raw(
            """SELECT l.id FROM listing l JOIN source s ON s.id = l.source
               WHERE s.account = {} AND s.slug = {} AND l.external_id = {} ORDER BY l.created_at DESC LIMIT 1""",
            *(account, channel, number[1] or number[2]),
        )
    found: UUID | None = rows[0]["id"] if rows else None
    return found


async def guessed(account: UUID, channel: str, about: str) -> tuple[UUID, str] | None:
    """The listing whose seller somebody wrote to by hand there and whose vehicle the words name, the newest first; and
    why that one."""
    words = about.casefold()
    if not words or NUMBER.search(about):
        return None
    rows = await Message.raw(
        """SELECT m.listing, l.year, l.make, l.model
           FROM external_contact e JOIN message m ON m.id = e.message JOIN listing l ON l.id = m.listing
           WHERE e.account = {} AND m.direction = 'out' AND m.channel = {} AND m.at > {}
           ORDER BY m.at DESC, m.id DESC LIMIT {}""",
        *(account, channel, clock.now() - LOOK_BACK, MOST),
    )
    for row in rows:
        named_ = (str(row["year"] or ""), row["make"], row["model"])
        if all(each.casefold() in words for each in named_ if each) and row["make"]:
            vehicle = title(row["year"], row["make"], row["model"])
            return row["listing"], f"Its ad is a {vehicle}, and you wrote to that seller by hand."
    return None
