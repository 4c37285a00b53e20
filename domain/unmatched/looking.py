"""The inbox of messages that belong to no listing, what was discarded of it, and which listing one may be about."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain import clock, db
from domain.errors import NotFound
from domain.history import Cursor
from domain.inbox import colleagues
from domain.messages import Message
from domain.users import User

PAGE = 50
SUGGESTED = 5
HEARD = ("stop", "look")  # what a message means that something followed from
KEPT = timedelta(days=30)  # how long what was discarded can be put back

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

_ROW = """m.id, m.account, m.direction, m.channel, m.from_address, m.to_address, m.author_name, m.subject, m.body, m.at,
          m.responded_at, m.means"""
_LISTING = """l.id AS listing, l.year, l.make, l.model, p.first_name, p.last_name"""


async def page(
    account: UUID, before: Cursor | None = None, *, discarded: bool = False
) -> tuple[list[dict[str, Any]], bool]:
    """The newest 50, or those before a place, as dicts; and whether there are older ones. A row has the listing that it
    may be about (`listing`, its vehicle and seller, and `why`), None where there is no guess."""
    arguments: list[Any] = [account]
    where = "m.responded_at IS NULL"
    if discarded:
        where = "m.responded_at > {}"
        arguments.append(clock.now() - KEPT)
    if before is not None:
        where += " AND (m.at, m.id) < ({}, {})"
        arguments += [before.at, before.id]
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT {_ROW}, {_LISTING}, g.why FROM message m
            LEFT JOIN match_suggestion g ON g.message = m.id
            LEFT JOIN listing l ON l.id = g.listing AND NOT l.hidden
            LEFT JOIN seller p ON p.listing = l.id
            WHERE m.account = {{}} AND m.listing IS NULL AND m.kind <> 'test' AND {where}
            ORDER BY m.at DESC, m.id DESC LIMIT {{}}""",
        *arguments,
        PAGE + 1,
    )
    return rows[:PAGE], len(rows) > PAGE


async def count(account: UUID) -> int:
    """How many wait to be settled."""
    open_ = (Message.account == account) & Message.listing.is_null() & Message.responded_at.is_null()
    number: int = await Message.count().where(open_)
    return number


async def of(account: UUID, message: UUID) -> dict[str, Any]:
    """One of them, open or discarded, and how many others of the same address wait (`others`). Raises NotFound."""
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT {_ROW}, (SELECT COUNT(*) FROM message o
                            WHERE o.account = m.account AND o.listing IS NULL AND o.responded_at IS NULL
                              AND o.channel = m.channel AND o.id <> m.id
                              AND CASE WHEN o.direction = 'in' THEN o.from_address ELSE o.to_address END
                                = CASE WHEN m.direction = 'in' THEN m.from_address ELSE m.to_address END) AS others
            FROM message m WHERE m.id = {{}} AND m.account = {{}} AND m.listing IS NULL AND m.kind <> 'test'""",
        message,
        account,
    )
    if not rows:
        raise NotFound
    return rows[0]


async def colleague(account: UUID, row: dict[str, Any]) -> User | None:
    """Who works here and wrote it: an email that was not heard as a seller's word when it came."""
    if row["channel"] != "email" or row["direction"] != "in" or row["means"] in HEARD:
        return None
    return await colleagues.at(account, row["from_address"])


async def linked_to(account: UUID, message: UUID) -> UUID | None:
    """The listing in whose history it stands by now."""
    row = (
        await Message.select(Message.listing)
        .where((Message.id == message) & (Message.account == account) & (Message.kind != "test"))
        .first()
    )
    return row["listing"] if row else None


def address(row: dict[str, Any]) -> str:
    """The seller's."""
    there: str = row["from_address"] if row["direction"] == "in" else row["to_address"]
    return there


async def suggestions(account: UUID, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Listings that a message may be about, the likeliest first, each with `why`: the guess that was made when it came,
    and those whose seller has that number or address."""
    seller = address(row)
    known = "p.email = {}" if "@" in seller else "(p.phone = {} OR p.mobile = {})"
    rows: list[dict[str, Any]] = await Message.raw(
        f"""SELECT {_LISTING}, l.created_at, g.why FROM match_suggestion g JOIN listing l ON l.id = g.listing
            LEFT JOIN seller p ON p.listing = l.id WHERE g.message = {{}} AND NOT l.hidden
            UNION ALL
            SELECT * FROM (SELECT {_LISTING}, l.created_at, '' AS why FROM seller p JOIN listing l ON l.id = p.listing
                           WHERE p.account = {{}} AND {known} AND NOT l.hidden
                           ORDER BY l.created_at DESC LIMIT {{}}) AS theirs""",
        *(row["id"], account, *[seller] * known.count("{}"), SUGGESTED),
    )
    found: dict[UUID, dict[str, Any]] = {}
    for each in rows:
        why = each["why"] or "Its seller has this number or address."
        found.setdefault(each["listing"], {**each, "why": why})
    return list(found.values())[:SUGGESTED]


async def sellers_of(listings: list[UUID]) -> dict[UUID, str]:
    """listing -> the full name of its seller."""
    if not listings:
        return {}
    rows = await Message.raw(
        f"SELECT listing, first_name, last_name FROM seller WHERE {db.among('listing')}", db.listed(listings)
    )
    return {row["listing"]: f"{row['first_name']} {row['last_name']}".strip() for row in rows}
