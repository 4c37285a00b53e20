"""The private person behind an ad. Two ads of one person are two rows; phone and email join them where it matters."""

from collections.abc import Sequence
from typing import Any
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


async def of_listing(listing: UUID) -> Seller:
    """The seller of an ad; one without any datum when the ad came without."""
    seller = await Seller.objects().get(Seller.listing == listing)
    return seller or Seller(listing=listing, _ignore_missing=True)


async def with_source(listing: UUID) -> tuple[Seller, str]:
    """The seller of an ad, as `of_listing`, and the name of the ad's source, in one statement."""
    rows = await Seller.raw(
        """SELECT p.*, s.name AS source_name FROM listing l JOIN source s ON s.id = l.source
           LEFT JOIN seller p ON p.listing = l.id WHERE l.id = {}""",
        listing,
    )
    if not rows:
        return Seller(listing=listing), ""
    row = dict(rows[0])
    source_name = row.pop("source_name")
    return (Seller(**row) if row["id"] else Seller(listing=listing)), source_name


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
