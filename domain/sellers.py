"""The private person behind an ad. Two ads of one person are two rows; phone and email join them where it matters."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, parent
from domain.db import DB
from domain.listings import Listing


class Seller(Table, db=DB, tablename="seller"):
    id = key()
    account = parent(Account)
    listing = parent(Listing)  # unique: one seller an ad
    first_name = Text(default="")
    last_name = Text(default="")
    phone = Varchar(20, default="")  # E.164 or empty
    mobile = Varchar(20, default="")
    email = Varchar(254, default="")
    street = Text(default="")
    city = Text(default="")
    state = Text(default="")
    postal_code = Text(default="")
    name_key = Text(default="")  # first and last name folded, for matching; empty unless both are known
    address_key = Text(default="")  # street, city and state folded; empty unless all are known


async def of_listing(listing: UUID) -> Seller:
    """The seller of an ad; one without any datum when the ad came without."""
    seller = await Seller.objects().get(Seller.listing == listing)
    return seller or Seller(listing=listing, _ignore_missing=True)


class Reach(NamedTuple):
    """How the seller of an ad can be written to, besides by what stands in their row.

    source           the name of the ad's source
    form_transport   how its contact form is reached; empty when it has none
    stopped          the seller's addresses that asked for no more: numbers for texts, the email address for email
    """

    source: str = ""
    form_transport: str = ""
    stopped: frozenset[str] = frozenset()


async def with_reach(listing: UUID) -> tuple[Seller, Reach]:
    """The seller of an ad, as `of_listing`, and how they can be reached, in one statement."""
    rows = await Seller.raw(
        f"""SELECT p.*, s.name AS source_name, s.form_transport AS source_form,
                   {_stopped("text", "mobile")} AS mobile_stopped, {_stopped("text", "phone")} AS phone_stopped,
                   {_stopped("email", "email")} AS email_stopped
            FROM listing l JOIN source s ON s.id = l.source
            LEFT JOIN seller p ON p.listing = l.id WHERE l.id = {{}}""",  # noqa: S608 - fixed words
        listing,
    )
    if not rows:
        return Seller(listing=listing), Reach()
    row = dict(rows[0])
    stopped = frozenset(row[field] for field in _STOPPABLE if row.pop(f"{field}_stopped"))
    reach = Reach(row.pop("source_name"), row.pop("source_form"), stopped)
    return (Seller(**row) if row["id"] else Seller(listing=listing)), reach


async def of_listings(listings: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """listing -> `{first_name, last_name, city, state}` of its seller."""
    if not listings:
        return {}
    columns = (Seller.listing, Seller.first_name, Seller.last_name, Seller.city, Seller.state)
    rows = await Seller.select(*columns).where(Seller.listing.is_in(list(listings)))
    return {row["listing"]: row for row in rows}


def full_name(first: str, last: str) -> str:
    """Both names as people say them; empty when there is none."""
    return " ".join(name for name in (first, last) if name)


_STOPPABLE = ("mobile", "phone", "email")


def _stopped(channel: str, field: str) -> str:
    """SQL: whether that address of the seller asked for no more."""
    return f"""EXISTS (SELECT 1 FROM opt_out o WHERE o.account = l.account AND o.channel = '{channel}'
                       AND o.address = p.{field} AND o.lifted_at IS NULL)"""  # noqa: S608 - fixed words
