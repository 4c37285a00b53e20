"""One person across the ads of an account: the ads that share the seller's phone or email, and what they wrote from.

The ads are those that share a number or the email address with the one that is asked about, and no further: a chain of
numbers that several people share would reach strangers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.errors import Refused
from domain.listings import Listing
from domain.messages import Message
from domain.sellers import Seller

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

MOST_LISTINGS = 500
SHOWN = 50
AT_ONCE = 500  # ids in one statement

_ADDRESSES = ("phone", "mobile", "email")


@dataclass(frozen=True)
class Person:
    """The seller of one listing, wherever they are in an account.

    listings   their ads, the one that is asked about first
    addresses  their numbers and email addresses, also those they wrote from
    shared     of those that an ad of somebody else has, too: what is known of them may be about somebody else
    """

    account: UUID
    listings: tuple[UUID, ...]
    addresses: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def listing(self) -> UUID:
        """The one that is asked about."""
        return self.listings[0]

    @property
    def own(self) -> tuple[str, ...]:
        """The addresses that are nobody else's."""
        return tuple(each for each in self.addresses if each not in self.shared)


async def of(account: UUID, listing: UUID) -> Person:
    """Who the seller of this listing is, in three queries. Raises Refused when too many ads share their addresses."""
    rows = await _sellers(account, listing)
    if len(rows) > MOST_LISTINGS:
        raise Refused(
            f"More than {MOST_LISTINGS} listings share this seller’s phone or email: this is no private person. "
            "Report the seller as a dealership."
        )
    listings = (listing, *sorted({UUID(str(row["listing"])) for row in rows} - {listing}))
    found = {row[field]: None for row in rows for field in _ADDRESSES if row[field]}
    found |= dict.fromkeys(await _wrote(listings))
    return Person(account, listings, tuple(found), await _shared(account, listings, tuple(found)))


async def whose(account: UUID, listing: UUID | None, address: str) -> tuple[list[UUID], list[str]]:
    """Of whom wrote about a listing, or from an address: the listings and the addresses they are known by, in one
    query. Nothing beside these two where more than 500 ads would be theirs: that is no one person."""
    columns = "p.listing, p.phone, p.mobile, p.email"
    wrote = [f"SELECT {columns} FROM seller p WHERE p.account = {{}} AND p.listing = {{}}"]
    wrote += [
        f"SELECT {columns} FROM seller p WHERE p.account = {{}} AND p.{each} <> '' AND p.{each} = {{}}"
        for each in _ADDRESSES
    ]
    known = [f"SELECT {each} AS address FROM wrote WHERE {each} <> ''" for each in _ADDRESSES]
    same = [
        # Each column has an index of its own, which holds the rows that are not empty.
        f"""SELECT p.listing, '' AS address FROM known k
            JOIN seller p ON p.account = {{}} AND p.{each} = k.address AND p.{each} <> ''"""
        for each in _ADDRESSES
    ]
    rows = await Seller.raw(
        f"""WITH wrote AS MATERIALIZED ({" UNION ".join(wrote)}), known AS MATERIALIZED ({" UNION ".join(known)})
            SELECT listing, '' AS address FROM wrote UNION {" UNION ".join(same)}
            UNION SELECT NULL, address FROM known LIMIT {MOST_LISTINGS + 1}""",
        *(account, listing),
        *(account, address) * len(_ADDRESSES),
        *[account] * len(_ADDRESSES),
    )
    asked = ([listing] if listing else [], [address] if address else [])
    if len(rows) > MOST_LISTINGS:
        return asked
    listings = {UUID(str(row["listing"])) for row in rows if row["listing"]}
    return sorted({*listings, *asked[0]}), sorted({row["address"] for row in rows if row["address"]} | {*asked[1]})


async def messages(person: Person) -> list[UUID]:
    """All their messages in either direction, oldest first: about their listings, and with their own addresses."""
    asked, arguments = messages_sql(person)
    rows = await Message.raw(f"SELECT id FROM ({asked}) AS theirs ORDER BY at, id", *arguments)
    return [UUID(str(row["id"])) for row in rows]


async def shown(person: Person) -> list[dict[str, Any]]:
    """The first 50 of their listings, the one asked about first, as {id, year, make, model, price, stage, hidden,
    source_name, first_name, last_name}."""
    return await Listing.raw(
        f"""SELECT l.id, l.year, l.make, l.model, l.price, l.stage, l.hidden, s.name AS source_name, p.first_name,
                   p.last_name
            FROM listing l JOIN source s ON s.id = l.source LEFT JOIN seller p ON p.listing = l.id
            WHERE l.id IN ({holes(person.listings)})
            ORDER BY CASE WHEN l.id = {{}} THEN 0 ELSE 1 END, l.created_at DESC, l.id LIMIT {SHOWN}""",
        *(*person.listings, person.listing),
    )


def messages_sql(person: Person) -> tuple[str, list[Any]]:
    """SQL with its arguments: `id` and `at` of each of their messages."""
    asked = [f"SELECT id, at FROM message WHERE listing IN ({holes(person.listings)})"]
    arguments: list[Any] = [*person.listings]
    if person.own:
        asked += [
            f"SELECT id, at FROM message WHERE account = {{}} AND {column} IN ({holes(person.own)}) "
            f"AND direction = '{direction}'"
            for column, direction in (("to_address", "out"), ("from_address", "in"))
        ]
        arguments += [person.account, *person.own] * 2
    return " UNION ".join(asked), arguments


def holes(values: Sequence[Any]) -> str:
    """A `{}` for each, as many as there are."""
    return ", ".join(["{}"] * len(values))


def parts(values: Sequence[Any]) -> list[Sequence[Any]]:
    """As many as go into one statement."""
    return [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]


async def _sellers(account: UUID, listing: UUID) -> list[dict[str, Any]]:
    """The seller's row of this listing, and those of the account that share a number or the email address with it."""
    columns = "p.listing, p.phone, p.mobile, p.email"
    same = [
        # Each column has an index of its own, which holds the rows that are not empty.
        f"""SELECT {columns} FROM seller s JOIN seller p ON p.account = s.account AND p.{column} <> ''
              AND p.{column} IN ({", ".join(f"s.{each}" for each in among)})
            WHERE s.listing = {{}} AND s.account = {{}}"""
        for column, among in (("phone", _NUMBERS), ("mobile", _NUMBERS), ("email", ("email",)))
    ]
    own = f"SELECT {columns} FROM seller p WHERE p.listing = {{}} AND p.account = {{}}"
    return await Seller.raw(
        f"SELECT * FROM ({' UNION '.join([own, *same])}) AS few LIMIT {MOST_LISTINGS + 1}", *[listing, account] * 4
    )


_NUMBERS = ("phone", "mobile")


async def _wrote(listings: Sequence[UUID]) -> list[str]:
    """Where messages about these listings came from or went to, on the seller's side."""
    rows = await Message.raw(
        f"""SELECT DISTINCT CASE direction WHEN 'in' THEN from_address ELSE to_address END AS address FROM message
            WHERE listing IN ({holes(listings)}) ORDER BY address""",
        *listings,
    )
    return [row["address"] for row in rows if row["address"]]


async def _shared(account: UUID, listings: Sequence[UUID], addresses: Sequence[str]) -> tuple[str, ...]:
    """Those of the addresses that stand in an ad besides these listings."""
    if not addresses:
        return ()
    asked = [
        f"""SELECT {column} AS address FROM seller WHERE account = {{}} AND {column} <> ''
            AND {column} IN ({holes(addresses)}) AND listing NOT IN ({holes(listings)})"""
        for column in _ADDRESSES
    ]
    rows = await Seller.raw(" UNION ".join(asked), *[account, *addresses, *listings] * 3)
    others = {row["address"] for row in rows}
    return tuple(each for each in addresses if each in others)
