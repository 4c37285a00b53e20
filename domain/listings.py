"""One ad at one source, shown on one vehicle page (VDP)."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from piccolo.columns import BigInt, Boolean, Date, Integer, Text, Varchar
from piccolo.columns.combination import WhereRaw
from piccolo.table import Table

from domain import db
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, found
from domain.sources import Source
from domain.users import User


class Stage(StrEnum):
    NOT_CONTACTED = "not_contacted"
    CONTACTED = "contacted"
    APPOINTED = "appointed"
    SHOWN = "shown"
    NO_SHOW = "no_show"
    APPRAISED = "appraised"
    ACQUIRED = "acquired"
    PASS = "pass"  # noqa: S105
    DNC = "dnc"


STAGE_LABELS = {
    Stage.NOT_CONTACTED: "Not contacted",
    Stage.CONTACTED: "Contacted",
    Stage.APPOINTED: "Appointed",
    Stage.SHOWN: "Shown",
    Stage.NO_SHOW: "No show",
    Stage.APPRAISED: "Appraised",
    Stage.ACQUIRED: "Acquired",
    Stage.PASS: "Pass",
    Stage.DNC: "Do not contact",
}


class Listing(Table, db=DB, tablename="listing"):
    id = key()
    account = parent(Account, index=False)
    source = parent(Source, index=False)
    external_id = Varchar(200)  # unique per source: the same ad twice is one listing
    year = Integer()
    make = Text()
    model = Text()
    trim = Text(default="")
    vin = Varchar(20, default="")
    odometer = Integer(null=True, default=None)  # miles in the US, kilometres in Canada
    body_style = Text(default="")
    color = Text(default="")
    interior_color = Text(default="")
    engine = Text(default="")
    fuel = Text(default="")
    transmission = Text(default="")
    drivetrain = Text(default="")
    price = BigInt(null=True, default=None)  # in cents
    previous_price = BigInt(null=True, default=None)
    description = Text(default="")
    url = Text(default="")
    posted_on = Date(null=True, default=None)
    stage = Varchar(20, default=Stage.NOT_CONTACTED)
    main_user = parent(User, null=True)
    secondary_user = parent(User, null=True, index=False)
    hidden = Boolean(default=False)
    search = Text(default="")  # folded words of vehicle, VIN, seller and digits of the phones
    waiting_since = moment()  # the oldest unanswered message of the seller
    last_contact_at = moment()  # the newest message either way
    revision = Integer(default=0)
    created_at = made()
    updated_at = made()


class PriceChange(Table, db=DB, tablename="price_change"):
    id = key()
    listing = parent(Listing)
    price = BigInt(null=True, default=None)
    at = made()


class Picture(Table, db=DB, tablename="picture"):
    """A picture of an ad: fetched by a worker, kept as files of ours, never shown from its origin."""

    id = key()
    listing = parent(Listing)
    position = Integer(default=0)
    url = Text()
    state = Varchar(10, default="wanted")  # wanted | kept | failed
    reason = Text(default="")
    sha256 = Varchar(64, default="")  # names the files in the data directory
    width = Integer(default=0)
    height = Integer(default=0)
    tries = Integer(default=0)
    not_before = made()


class Follower(Table, db=DB, tablename="follower"):
    id = key()
    listing = parent(Listing)
    user = parent(User)


# --- how a listing reads ----------------------------------------------------------------------------------------


def title(year: int | None, make: str, model: str) -> str:
    """`2019 Toyota Tacoma`; what is missing is left out."""
    return " ".join(part for part in (str(year or ""), make, model) if part)


def search_words(*texts: str) -> list[str]:
    """The words by which a listing is found: small letters, without accents and without punctuation inside a word.

    `F-150` is `f150`, `(520) 555-0117` is `520` and `5550117`, both parts of `15205550117`. The column `search` holds
    these words, and a query is folded the same way before it is looked for in it.
    """
    folded = unicodedata.normalize("NFKD", " ".join(texts).casefold())
    return [word for part in folded.split() if (word := _PUNCTUATION.sub("", part))]


_PUNCTUATION = re.compile(r"[\W_]+")


# --- one listing ------------------------------------------------------------------------------------------------


def shown(account: UUID) -> Any:
    """The condition on the account's listings that are not hidden."""
    return (Listing.account == account) & Listing.hidden.eq(False)


async def of(account: UUID, listing: UUID) -> Listing:
    """The account's listing. Raises NotFound, also for a hidden one."""
    return await found(Listing.objects().get((Listing.id == listing) & shown(account)))


async def surroundings(listing: UUID, reader: UUID) -> dict[str, Any]:
    """What its page says beside it: the columns of its seller, for `sellers.of_row`; source_name, messageable, and of
    the main and the secondary user (None: nobody) main_id, main_name, main_title, main_active, secondary_id …;
    mobile_stopped and phone_stopped: whether they said stop; draft_at: when the reader's own draft was kept, if there
    is one; appointment_id, _at, _zone, _place and _meets (a name) of the planned one; appraised and appraised_at of the
    newest appraisal; review_count: messages of the account that wait for a look."""
    rows = await found(
        Listing.raw(  # each look at a listing asks this, and Piccolo takes long to build joins of the same table twice
            """SELECT p.*, s.name AS source_name, s.messageable,
                      m.id AS main_id, m.name AS main_name, m.title AS main_title, m.active AS main_active,
                      n.id AS secondary_id, n.name AS secondary_name, n.title AS secondary_title,
                      n.active AS secondary_active,
                      EXISTS (SELECT 1 FROM opt_out o WHERE o.account = l.account AND o.channel = 'text'
                              AND o.address = p.mobile AND o.lifted_at IS NULL) AS mobile_stopped,
                      EXISTS (SELECT 1 FROM opt_out o WHERE o.account = l.account AND o.channel = 'text'
                              AND o.address = p.phone AND o.lifted_at IS NULL) AS phone_stopped,
                      d.updated_at AS draft_at, b.id AS appointment_id, b.at AS appointment_at,
                      b.zone AS appointment_zone, b.place AS appointment_place, w.name AS appointment_meets,
                      v.amount AS appraised, v.at AS appraised_at,
                      (SELECT count(*) FROM review r WHERE r.account = l.account AND r.settled_at IS NULL)
                        AS review_count
               FROM listing l JOIN source s ON s.id = l.source LEFT JOIN seller p ON p.listing = l.id
               LEFT JOIN app_user m ON m.id = l.main_user LEFT JOIN app_user n ON n.id = l.secondary_user
               LEFT JOIN draft d ON d.listing = l.id AND d."user" = {}
               LEFT JOIN appointment b ON b.id = (
                 SELECT x.id FROM appointment x WHERE x.listing = l.id AND x.state = 'planned' ORDER BY x.at LIMIT 1)
               LEFT JOIN app_user w ON w.id = b."user"
               LEFT JOIN appraisal v ON v.id = (
                 SELECT y.id FROM appraisal y WHERE y.listing = l.id ORDER BY y.at DESC, y.id DESC LIMIT 1)
               WHERE l.id = {}""",
            reader,
            listing,
        )
    )
    return dict(rows[0])


@dataclass(frozen=True)
class Beside:
    """What an ad brought along: `prices` are {price, at} in cents, newest first; `pictures` those that can be shown."""

    prices: list[dict[str, Any]]
    pictures: list[UUID]


async def beside(listing: UUID) -> Beside:
    """Price history and pictures of a listing, in one statement."""
    rows = await Listing.raw(
        """SELECT * FROM (SELECT price, at, id, -1 AS position FROM price_change WHERE listing = {}
                          ORDER BY at DESC LIMIT 50) AS prices
           UNION ALL SELECT NULL, NULL, id, position FROM picture WHERE listing = {} AND state = 'kept'
           ORDER BY position, at DESC""",
        listing,
        listing,
    )
    return Beside(
        [{"price": row["price"], "at": row["at"]} for row in rows if row["position"] < 0],
        [UUID(str(row["id"])) for row in rows if row["position"] >= 0],
    )


def _is(column: Any, value: bool) -> Any:
    """The condition on a Boolean of a joined table, whose kind the type checker cannot see."""
    return column.eq(value)


async def first_pictures(listings: list[UUID]) -> dict[UUID, UUID]:
    """listing -> its first picture that can be shown."""
    if not listings:
        return {}
    query = Picture.select(Picture.id, Picture.listing).where(
        Picture.listing.is_in(listings)
        & (Picture.state == "kept")
        & WhereRaw(
            "picture.position = (SELECT min(other.position) FROM picture other "
            "WHERE other.listing = picture.listing AND other.state = 'kept')"
        )
    )
    return {row["listing"]: row["id"] for row in await query}


async def picture(account: UUID, picture: UUID) -> Picture:
    """A picture that can be shown, of a listing of the account, also of a reported dealership's. Raises NotFound."""
    may_be_seen = _is(Picture.listing.hidden, False) | WhereRaw(
        "EXISTS (SELECT 1 FROM reported_listing h JOIN dealership_report r ON r.id = h.report "
        "WHERE h.listing = picture.listing AND r.undone_at IS NULL)"
    )
    query = Picture.objects().get(
        (Picture.id == picture) & (Picture.state == "kept") & (Picture.listing.account == account) & may_be_seen
    )
    return await found(query)


async def team(account: UUID, listing: UUID) -> list[dict[str, Any]]:
    """The active people of the account by name, as {id, name, role, follows}: who can look after it, who follows it."""
    rows: list[dict[str, Any]] = await Listing.raw(
        """SELECT u.id, u.name, u.role, f.id IS NOT NULL AS follows FROM app_user u
           LEFT JOIN follower f ON f."user" = u.id AND f.listing = {}
           WHERE u.account = {} AND u.active = {} ORDER BY u.name""",
        listing,
        account,
        True,
    )
    return rows


async def follow(listing: Listing, user: User) -> None:
    """Following twice is following once."""
    row = Follower(listing=listing.id, user=user.id)
    await Follower.insert(row).on_conflict(target=(Follower.listing, Follower.user), action="DO NOTHING")


async def unfollow(listing: Listing, user: User) -> None:
    await Follower.delete().where((Follower.listing == listing.id) & (Follower.user == user.id))


async def wait_for_turn(account: UUID) -> None:
    """One writer of an account's ads at a time, so that what is read here is what is written over. Call it first in
    your transaction, before any listing is locked.

    On SQLite the write transaction itself sees to that."""
    if db.on_postgres():
        await Listing.raw("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))", f"ads of {account}")


async def become_main_user(listing: UUID, user: UUID) -> bool:
    """Makes the first who acts its main user; False when somebody was before. Call it inside a transaction."""
    free = (Listing.id == listing) & Listing.main_user.is_null()
    return bool(await Listing.update({Listing.main_user: user}).where(free).returning(Listing.id))
