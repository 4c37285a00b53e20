"""What happened on a listing last, as far as it concerns whoever writes about it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain import clock, db
from domain.accounts import Account
from domain.errors import Refused
from domain.listings import Listing
from domain.messages import CALLED, Message, State
from domain.suppressions.first_contacts import APART, nothing_yet, stands

WRITING = timedelta(minutes=2)  # since the last change of a draft: its writer is still at it

# Scheduled, taken back, expired and skipped ones never were, and an answer to STOP or HELP is nobody's.
_WAS = "m.state NOT IN ('pending', 'cancelled', 'skipped', 'expired', 'logged') AND m.kind <> 'answer'"
_LEFT_OR_CAME = ", ".join(f"'{state}'" for state in (*CALLED, State.RECEIVED) if state is not State.FAILED)
# A text with a number, out or in, about whatever listing: whether there is one. What a person sent a moment ago leaves
# before the next one does.
_TEXTED = "\n".join(
    f"""UNION ALL
           SELECT * FROM (
             SELECT m.id, m.at, m.{side} AS channel, 'texted' AS direction, m."user", '' AS person, '' AS about
             FROM message m WHERE m.account = {{}} AND m.{side} = {{}} AND m.direction = '{way}' AND m.channel = 'text'
               AND (m.state IN ({_LEFT_OR_CAME}) OR m.kind = 'one_to_one' AND m.state IN ('queued', 'claimed'))
             LIMIT 1) AS texted"""  # noqa: S608 - fixed words
    for side, way in (("to_address", "out"), ("from_address", "in"))
)


class Overtaken(Refused):
    """Somebody wrote about the listing after it was looked at."""

    def __init__(self) -> None:
        super().__init__("Somebody wrote to this seller a moment ago. Read it, and send again if yours still fits.")


@dataclass(frozen=True)
class Elsewhere:
    """A first contact with the same person about another listing, within 14 days and unanswered."""

    person: str
    at: datetime
    about: str  # the vehicle

    def sentence(self, account: Account) -> str:
        """`Ben wrote to this seller about the Honda Civic on March 3.`, by the account's own clock."""
        when = self.at.astimezone(ZoneInfo(account.timezone))
        return f"{self.person} wrote to this seller about the {self.about} on {when:%B} {when.day}."


@dataclass(frozen=True)
class Newest:
    """What happened on a listing last: the newest platform message, and who is writing about it just now.

    id, at, channel, direction, user, person  of that message; None when there is none
    inbound, inbound_at                       the newest of the seller's own
    writers                                   colleagues whose draft changed within the last two minutes
    elsewhere                                 address of the seller -> who wrote there first about another listing
    texted                                    the seller's numbers that the dealership and they have texted from or to
    nothing_yet                               nobody wrote about it in or out, but for what failed: the next message is
                                              a first contact
    """

    id: UUID | None = None
    at: datetime | None = None
    channel: str | None = None
    direction: str = ""
    user: UUID | None = None
    person: str = ""
    inbound: UUID | None = None
    inbound_at: datetime | None = None
    writers: tuple[str, ...] = ()
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    texted: frozenset[str] = frozenset()
    nothing_yet: bool = True


async def of(listing: Listing, reader: UUID, addresses: Sequence[str] = ()) -> Newest:
    """The newest platform message of a listing, in or out, queued, unknown and failed ones included. The colleagues of
    `reader` who are writing about it now. And who wrote first to these addresses of its seller about another listing,
    and which of them were texted before."""
    known = [address for address in addresses if address]
    numbers = [address for address in known if address.startswith("+")]
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT * FROM (
             SELECT m.id, m.at, m.channel, m.direction, m."user", u.name AS person, '' AS about FROM message m
             LEFT JOIN app_user u ON u.id = m."user"
             WHERE m.listing = {{}} AND {_WAS}
             ORDER BY m.at DESC, m.id DESC LIMIT 1) AS newest
           UNION ALL
           SELECT * FROM (
             SELECT m.id, m.at, m.channel, 'inbound' AS direction, m."user", '' AS person, '' AS about FROM message m
             WHERE m.listing = {{}} AND m.direction = 'in' ORDER BY m.at DESC, m.id DESC LIMIT 1) AS inbound
           UNION ALL
           SELECT l.id, l.created_at AS at, '' AS channel, 'begun' AS direction, l.main_user AS "user", '' AS person,
                  '' AS about
           FROM listing l WHERE l.id = {{}} AND NOT {nothing_yet("l.id")}
           UNION ALL
           SELECT * FROM (
             SELECT d.id, d.updated_at AS at, d.channel, 'draft' AS direction, d."user", u.name AS person, '' AS about
             FROM draft d JOIN app_user u ON u.id = d."user"
             WHERE d.listing = {{}} AND d."user" <> {{}} AND d.updated_at > {{}}
             ORDER BY d.updated_at DESC LIMIT 3) AS now
           UNION ALL
           SELECT first_contact.id, first_contact.at, first_contact.address AS channel, 'first' AS direction,
                  first_contact."user", u.name AS person, TRIM(l.make || ' ' || l.model) AS about
           FROM first_contact JOIN listing l ON l.id = first_contact.listing
           LEFT JOIN app_user u ON u.id = first_contact."user"
           WHERE first_contact.account = {{}} AND first_contact.address IN ({", ".join(["{}"] * len(known)) or "null"})
             AND first_contact.listing <> {{}} AND first_contact.at > {{}} AND {stands()}
           {" ".join([_TEXTED] * len(numbers))}""",  # noqa: S608 - placeholders
        listing.id,
        listing.id,
        listing.id,
        listing.id,
        reader,
        clock.now() - WRITING,
        listing.account,
        *known,
        listing.id,
        clock.now() - APART,
        *[value for number in numbers for value in (listing.account, number) * 2],
    )
    beside: dict[str, Any] = {
        "writers": tuple(row["person"] for row in rows if row["direction"] == "draft"),
        "elsewhere": {
            row["channel"]: Elsewhere(row["person"] or "Somebody", row["at"], row["about"])
            for row in rows
            if row["direction"] == "first"
        },
        "texted": frozenset(row["channel"] for row in rows if row["direction"] == "texted"),
        "nothing_yet": all(row["direction"] != "begun" for row in rows),
    }
    for row in rows:
        if row["direction"] == "inbound":
            beside |= {"inbound": row["id"], "inbound_at": row["at"]}
    for row in rows:
        if row["direction"] in ("in", "out"):
            row.pop("about")
            return Newest(**{**row, "person": row["person"] or ""}, **beside)
    return Newest(**beside)


async def still(known: Newest, message: Message) -> None:
    """Of many who write about a listing at the same moment each sees who came before. Call it in the transaction that
    writes the message; raises Overtaken when somebody wrote since `known` was read."""
    if db.on_postgres():
        await Listing.raw("SELECT id FROM listing WHERE id = {} FOR NO KEY UPDATE", message.listing)
    rows = await Message.raw(
        f"""SELECT m.id FROM message m WHERE m.listing = {{}} AND m.id <> {{}} AND {_WAS}
            ORDER BY m.at DESC, m.id DESC LIMIT 1""",  # noqa: S608 - fixed words
        message.listing,
        message.id,
    )
    if rows and rows[0]["id"] != known.id:
        raise Overtaken
