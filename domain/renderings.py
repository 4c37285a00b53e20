"""What leaves by itself, made final at the moment it leaves: from rows, for one message or thousands."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from domain import appointments, clock, db, imprints, wordings
from domain.accounts import Account
from domain.appointments import Next
from domain.listings import Listing
from domain.messages import Message
from domain.sellers import Seller
from domain.users import User
from domain.wordings import Letter, Row

# What wildcards need of a listing `l`, its source `i`, its seller `p` and the next appointment `n`.
COLUMNS = ", ".join(
    (
        *(f"l.{name}" for name in wordings.OF_LISTING),
        *(f"p.{name}" for name in wordings.OF_SELLER),
        "i.name AS source_name",
        appointments.COLUMNS,
    )
)


def of_batch(
    row: Row,
    account: Account,
    sender: User,
    channel: str,
    to: str,
    subject: str,
    wording: str,
    known: Mapping[str, str] | None = None,
) -> Letter:
    """The wording of a batch made final for one row {listing} with COLUMNS, as `sender` would send it there now.
    `known` is what `wordings.ours` says of the two, for whoever asks about many."""
    below = imprints.below(account, row["listing"], to) if imprints.wanted("batch", channel) else ""
    return _letter(row, account, sender, channel, subject, wording, known or wordings.ours(account, sender), below)


def is_open(row: Mapping[str, Any]) -> bool:
    """Whether a message, by {kind, channel, wording, body}, gets its words at the moment it leaves. An email to many
    that holds nothing but files does, too: it says who sends it."""
    return bool(row["wording"]) or (not row["body"] and imprints.wanted(row["kind"], row["channel"]))


async def of_messages(ids: Sequence[UUID], now: datetime) -> dict[UUID, Letter]:
    """Messages that leave by themselves, as they read now: message -> its letter. Three queries."""
    if not ids:
        return {}
    rows = await Message.raw(
        f"""SELECT m.id, m.account, m."user" AS person, m.channel, m.kind, m.listing, m.to_address, m.wording,
                   m.wording_subject, {COLUMNS}
            FROM message m JOIN listing l ON l.id = m.listing JOIN source i ON i.id = l.source
            LEFT JOIN seller p ON p.listing = l.id {appointments.joined("l.id")}
            WHERE {db.among("m.id")}""",  # noqa: S608 - fixed words
        now,
        db.listed(ids),
    )
    return await of_rows(rows)


async def of_rows(rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Letter]:
    """The same from rows {id, account, person, channel, kind, listing, to_address, wording, wording_subject} with
    COLUMNS. Two queries."""
    if not rows:
        return {}
    accounts = await _by_id("account", {row["account"] for row in rows})
    people = await _by_id("app_user", {row["person"] for row in rows})
    pairs = {(row["account"], row["person"]) for row in rows}
    known = {(one, other): wordings.ours(accounts[one], people[other]) for one, other in pairs}
    return {
        row["id"]: _letter(
            row,
            accounts[row["account"]],
            people[row["person"]],
            row["channel"],
            row["wording_subject"],
            row["wording"],
            known[row["account"], row["person"]],
            _below(row, accounts[row["account"]], row["listing"]),
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
        below=_below(row, account, listing.id),
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


def _letter(
    row: Row,
    account: Account,
    sender: User,
    channel: str,
    subject: str,
    wording: str,
    known: Mapping[str, str],
    below: str,
) -> Letter:
    plain = account.plain_texts
    tokens = wordings.tokens(channel, subject, wording, plain=plain)
    values = wordings.of_row(row, account, known, tokens)
    return wordings.compose(channel, subject, wording, values, plain=plain, signature=sender.signature, below=below)


def _below(row: Mapping[str, Any], account: Any, listing: UUID) -> str:
    return imprints.below(account, listing, row["to_address"]) if imprints.wanted(row["kind"], row["channel"]) else ""


async def _by_id(table: str, wanted: Set[UUID]) -> dict[UUID, Any]:
    """Rows of `account` or `app_user` by their columns' names: objects of Piccolo's cost a tenth of a handful."""
    rows = await Message.raw(f"SELECT * FROM {table} WHERE {db.among('id')}", db.listed(wanted))  # noqa: S608 - fixed words
    return {row["id"]: SimpleNamespace(**row) for row in rows}
