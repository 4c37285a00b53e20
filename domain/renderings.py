"""What leaves by itself, made final at the moment it leaves: from rows, for one message or thousands."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from domain import appointments, clock, db, wordings
from domain.accounts import Account
from domain.appointments import Next
from domain.listings import Listing
from domain.messages import Message
from domain.sellers import Seller
from domain.users import User
from domain.wordings import Letter

# What wildcards need of a listing `l`, its source `i`, its seller `p` and the next appointment `n`.
COLUMNS = f"""l.year, l.make, l.model, l.trim, l.color, l.odometer, l.vin, l.body_style, l.transmission, l.drivetrain,
              l.fuel, l.engine, l.price, l.previous_price, l.url, l.posted_on, i.name AS source_name, p.first_name,
              p.last_name, p.city, p.state, p.postal_code, {appointments.COLUMNS}"""
_OF_SELLER = ("first_name", "last_name", "city", "state", "postal_code")


def letter(
    row: Mapping[str, Any],
    account: Account,
    sender: User,
    channel: str,
    subject: str,
    wording: str,
    known: Mapping[str, str] | None = None,
) -> Letter:
    """A wording made final for one row with COLUMNS, as `sender` would send it now. `known` as in `wordings.values`."""
    return wordings.compose(
        channel,
        subject,
        wording,
        values(row, account, sender, known),
        plain=account.plain_texts,
        signature=sender.signature,
    )


def values(
    row: Mapping[str, Any], account: Account, sender: User, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What the wildcards stand for on one row with COLUMNS. `known` as in `wordings.values`."""
    listing: Any = SimpleNamespace(**row)
    seller: Any = SimpleNamespace(**{name: row[name] or "" for name in _OF_SELLER})
    return wordings.values(listing, seller, row["source_name"], account, sender, Next.of(row), known)


async def of_messages(ids: Sequence[UUID], now: datetime) -> dict[UUID, Letter]:
    """Messages that leave by themselves, as they read now: message -> its letter. Three queries."""
    if not ids:
        return {}
    rows = await Message.raw(
        f"""SELECT m.id, m.account, m."user" AS person, m.channel, m.wording, m.wording_subject, {COLUMNS}
            FROM message m JOIN listing l ON l.id = m.listing JOIN source i ON i.id = l.source
            LEFT JOIN seller p ON p.listing = l.id {appointments.joined("l.id")}
            WHERE {db.among("m.id")}""",  # noqa: S608 - fixed words
        now,
        db.listed(ids),
    )
    return await of_rows(rows)


async def of_rows(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Letter]:
    """The same from rows {id, account, person, channel, wording, wording_subject} with COLUMNS. Two queries."""
    if not rows:
        return {}
    accounts = await _by_id("account", {row["account"] for row in rows})
    people = await _by_id("app_user", {row["person"] for row in rows})
    pairs = {(row["account"], row["person"]) for row in rows}
    known = {(one, other): wordings.ours(accounts[one], people[other]) for one, other in pairs}
    return {
        row["id"]: letter(
            row,
            accounts[row["account"]],
            people[row["person"]],
            row["channel"],
            row["wording_subject"],
            row["wording"],
            known[row["account"], row["person"]],
        )
        for row in rows
    }


def on_page(
    row: Mapping[str, Any], account: Account, listing: Listing, seller: Seller, source_name: str, following: Next | None
) -> Letter:
    """A row of the history that has its wording alone, as it would read if it left now, for whoever has the rest."""
    sender: Any = SimpleNamespace(
        name=row["person"] or "",
        phone=row["person_phone"],
        email=row["person_email"] or "",
        title=row["person_title"] or "",
    )
    return wordings.compose(
        row["channel"],
        row["wording_subject"],
        row["wording"],
        wordings.values(listing, seller, source_name, account, sender, following),
        plain=account.plain_texts,
        signature=row["signature"] or "",
    )


async def around(listing: UUID) -> tuple[str, Next | None]:
    """What such a row needs beside: the name of the source, and the next appointment."""
    rows = await Message.raw(
        f"""SELECT i.name AS source_name, {appointments.COLUMNS}
            FROM listing l JOIN source i ON i.id = l.source {appointments.joined("l.id")} WHERE l.id = {{}}""",  # noqa: S608 - fixed words
        clock.now(),
        listing,
    )
    return rows[0]["source_name"], Next.of(rows[0])


async def _by_id(table: str, wanted: Set[UUID]) -> dict[UUID, Any]:
    """Rows of `account` or `app_user` by their columns' names: objects of Piccolo's cost a tenth of a handful."""
    rows = await Message.raw(f"SELECT * FROM {table} WHERE {db.among('id')}", db.listed(wanted))  # noqa: S608 - fixed words
    return {row["id"]: SimpleNamespace(**row) for row in rows}
