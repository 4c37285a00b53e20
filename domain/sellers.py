"""The private person behind an ad. Two ads of one person are two rows; phone and email join them where it matters."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import appointments, clock, consents, seller_hours, seller_keys, standing, threads
from domain.accounts import Account
from domain.appointments import Next
from domain.columns import key, parent
from domain.db import DB
from domain.errors import NotFound
from domain.listings import Listing
from domain.standing import Person, Standing
from domain.threads import Open


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


def of_row(row: Mapping[str, Any], listing: UUID) -> Seller:
    """The same from a row that holds the seller's columns, all of them None where there is no seller."""
    if not row["id"]:
        return Seller(listing=listing, _ignore_missing=True)
    return Seller(_exists_in_db=True, **{name: value for name, value in row.items() if name in _COLUMNS})


class Reach(NamedTuple):
    """How the seller of an ad can be written to, besides by what stands in their row.

    source, slug     the name of the ad's source, and its short name
    form_transport   how its contact form is reached; empty when it has none
    messageable      whether sellers of that source may be written to at all
    hidden, reported whether the listing is hidden, and its seller reported as a dealership
    standings        what the lists say: of numbers for texts, of the email address for email, of the form's address
    person           what the lists say of the seller by any of these
    appointment      the next one that is still to come
    threads          channel -> where they wrote to us from, as long as they can be answered there
    """

    source: str = ""
    slug: str = ""
    form_transport: str = ""
    messageable: bool = True
    hidden: bool = False
    reported: bool = False
    standings: Mapping[str, Standing] = {}
    person: Person = Person()
    appointment: Next | None = None
    threads: Mapping[str, Open] = {}


async def with_reach(account: UUID, listing: UUID) -> tuple[Seller, Reach]:
    """The seller of an account's ad, as `of_listing`, and how they can be reached, in one statement. It brings along
    the hours of the account that whoever writes to them asks for."""
    rows = await _reached(account, listing)
    if not rows:
        return Seller(listing=listing), Reach()
    return of_row(rows[0], listing), await _reach(account, rows)


async def with_listing(account: UUID, listing: UUID) -> tuple[Listing, Seller, Reach]:
    """The same with the listing itself. Raises NotFound, also for one that is hidden."""
    rows = await _reached(account, listing, "".join(f', l."{name}" AS ad_{name}' for name in _OF_LISTING))
    if not rows or rows[0]["hidden"]:
        raise NotFound
    ad = Listing(_exists_in_db=True, **{name: rows[0][f"ad_{name}"] for name in _OF_LISTING})
    return ad, of_row(rows[0], listing), await _reach(account, rows)


async def _reached(account: UUID, listing: UUID, columns: str = "") -> list[dict[str, Any]]:
    """One row, or one for each thread of its seller that can be answered."""
    lists = ", ".join(
        standing.of_address("l.account", f"'{channel}'", standing.ADDRESSES[field], f"{field}_")
        for field, channel in _FIELDS.items()
    )
    hours = seller_hours.along(account)
    rows: list[dict[str, Any]] = await Seller.raw(
        f"""SELECT {f"{hours} AS hours," if hours else ""}
                   p.*, {standing.ADDRESSES["form"]} AS form, i.name AS source_name, i.slug AS source_slug,
                   i.form_transport AS source_form, i.messageable AS source_open,
                   {standing.of_listing("l")}, {standing.of_seller("l.account", "l.id")}, {lists},
                   {appointments.COLUMNS}, {threads.COLUMNS},
                   {consents.salt_where_erased("l.account")} AS erased_salt{columns}
            FROM listing l JOIN source i ON i.id = l.source {appointments.joined("l.id")}
            LEFT JOIN seller p ON p.listing = l.id
            LEFT JOIN seller_thread t ON t.listing = l.id AND {threads.alive("t")}
            WHERE l.id = {{}} AND l.account = {{}} ORDER BY t.last_inbound_at""",  # noqa: S608 - fixed words
        *((account,) if hours else ()),
        standing.a_day_before(clock.now()),
        clock.now(),
        clock.now(),
        listing,
        account,
    )
    if hours and rows:
        seller_hours.came(account, rows[0]["hours"])
    return rows


async def _reach(account: UUID, rows: Sequence[Mapping[str, Any]]) -> Reach:
    row = rows[0]
    addresses = {field: row[field] or "" for field in _FIELDS}
    asked = {*addresses.values(), *(each["thread_address"] or "" for each in rows)}
    buried = await consents.tombstoned_among(row["erased_salt"], [(account, address) for address in asked])
    erased = {address: kept for (_, address), kept in buried.items()}
    known = {
        address: consents.with_erased(Standing.of(row, f"{field}_"), erased.get(address, frozenset()), _FIELDS[field])
        for field, address in addresses.items()
        if address
    }
    stays = [erased.get(address, frozenset()) for field, address in addresses.items() if field != "form"]
    return Reach(
        source=row["source_name"],
        slug=row["source_slug"],
        form_transport=row["source_form"],
        messageable=bool(row["source_open"]),
        hidden=bool(row["hidden"]),
        reported=bool(row["reported"]),
        standings=known,
        person=consents.person_with_erased(Person.of(row), frozenset().union(*stays)),
        appointment=Next.of(row),
        threads=threads.of_rows(rows, erased),
    )


async def of_listings(listings: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """listing -> `{first_name, last_name, city, state}` of its seller."""
    if not listings:
        return {}
    columns = (Seller.listing, Seller.first_name, Seller.last_name, Seller.city, Seller.state)
    rows = await Seller.select(*columns).where(Seller.listing.is_in(list(listings)))
    return {row["listing"]: row for row in rows}


def keys(first_name: str, last_name: str, street: str, city: str, state: str) -> dict[str, str]:
    """The columns `name_key` and `address_key` of a seller who is called so and lives there."""
    return {
        "name_key": seller_keys.name_key(first_name, last_name),
        "address_key": seller_keys.address_key(street, city, state),
    }


def full_name(first: str, last: str) -> str:
    """Both names as people say them; empty when there is none."""
    return " ".join(name for name in (first, last) if name)


_FIELDS = standing.FIELDS
_COLUMNS = frozenset(column._meta.name for column in Seller._meta.columns)
_OF_LISTING = tuple(column._meta.name for column in Listing._meta.columns)
