"""What an email has beside its words: its Message-ID and those it answers, and the token of the address it went to."""

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from piccolo.columns import UUID as UUIDColumn
from piccolo.columns import Text, Varchar
from piccolo.table import Table

from domain import clock, ids
from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.connections import Connection
from domain.db import DB
from domain.listings import Listing
from domain.text import storable

MOST_REFERENCES = 20  # of a long conversation the first one and the newest
LONGEST_ID = 255


class EmailHeader(Table, db=DB, tablename="email_header"):
    """One row for each email, in or out. A table of its own: most messages are texts."""

    message = UUIDColumn(primary_key=True, default=None)
    account = parent(Account, index=False)
    rfc_id = Varchar(LONGEST_ID, default="")  # its Message-ID, in angle brackets
    reference_ids = Text(default="")  # those it answers, oldest first, space-separated
    html = Text(default="")  # of one that came in: as it was, never shown uncleaned
    from_name = Text(default="")


class EmailThread(Table, db=DB, tablename="email_thread"):
    """A conversation by email about a listing; answers come to an address that holds its token."""

    id = key()
    account = parent(Account, index=False)
    listing = parent(Listing, index=False)
    address = Varchar(254)  # the seller's; unique per listing
    token = Varchar(40)  # unique
    made_at = made()


class MailboxPosition(Table, db=DB, tablename="mailbox_position"):
    """How far a folder of a connection's mailbox was read."""

    id = key()
    connection = parent(Connection, index=False)
    folder = Varchar(200)  # unique per connection
    validity = Text()  # UIDVALIDITY: another one, and the UIDs mean nothing any more
    last = Text()  # UID; both as text, because they need all 32 bits of an unsigned number
    moved_at = moment()


def rfc_id(message_id: UUID, domain: str) -> str:
    """Our Message-ID: the same each time the message is tried, so that a mailbox keeps it once."""
    return f"<{message_id.hex}@{domain}>"


async def token_of(account: UUID, listing: UUID, address: str) -> str:
    """The token of the conversation with this address about this listing, made when there is none."""
    rows = await EmailThread.raw(
        """INSERT INTO email_thread (id, account, listing, address, token, made_at) VALUES ({}, {}, {}, {}, {}, {})
           ON CONFLICT (listing, address) DO UPDATE SET address = excluded.address RETURNING token""",
        *(ids.new(), account, listing, address, secrets.token_hex(12), clock.now()),
    )
    token: str = rows[0]["token"]
    return token


async def listing_of_token(account: UUID, token: str) -> UUID | None:
    """The listing of the conversation whose address an email came to."""
    row = (
        await EmailThread.select(EmailThread.listing)
        .where((EmailThread.account == account) & (EmailThread.token == token.lower()))
        .first()
    )
    return row["listing"] if row else None


async def written_to(account: UUID, token: str, references: Sequence[str]) -> str:
    """The seller's address that we wrote to, of the conversation an email answers; empty when it answers none of ours.
    Nobody but who got a mail of ours knows its token or its Message-ID."""
    if token:
        mine = (EmailThread.account == account) & (EmailThread.token == token.lower())
        if row := await EmailThread.select(EmailThread.address).where(mine).first():
            address: str = row["address"]
            return address
    known = [each[:LONGEST_ID] for each in references if each]
    if not known:
        return ""
    rows = await EmailHeader.raw(
        f"""SELECT m.to_address FROM email_header h JOIN message m ON m.id = h.message
            WHERE h.account = {{}} AND h.rfc_id IN ({", ".join(["{}"] * len(known))}) AND m.direction = 'out'
              AND m.channel = 'email' AND m.origin <> 'app' ORDER BY m.at DESC LIMIT 1""",  # noqa: S608 - fixed words
        account,
        *known,
    )
    return rows[0]["to_address"] if rows else ""


async def listing_of_references(account: UUID, references: Sequence[str]) -> UUID | None:
    """The listing of the newest email among these that is ours or came to us."""
    known = [each[:LONGEST_ID] for each in references if each]
    if not known:
        return None
    rows = await EmailHeader.raw(
        f"""SELECT m.listing FROM email_header h JOIN message m ON m.id = h.message
            WHERE h.account = {{}} AND h.rfc_id IN ({", ".join(["{}"] * len(known))}) AND m.listing IS NOT NULL
            ORDER BY m.at DESC LIMIT 1""",  # noqa: S608 - fixed words
        account,
        *known,
    )
    return rows[0]["listing"] if rows else None


async def last_of(listing: UUID, address: str) -> tuple[str, tuple[str, ...]]:
    """What the next email to this address about this listing answers: the newest Message-ID between us, empty when
    there is none, and all of them that it refers to, oldest first."""
    rows: list[dict[str, Any]] = await EmailHeader.raw(
        """SELECT h.rfc_id, h.reference_ids FROM message m JOIN email_header h ON h.message = m.id
           WHERE m.listing = {} AND m.channel = 'email' AND (m.to_address = {} OR m.from_address = {})
             AND h.rfc_id <> '' AND m.state IN ('accepted', 'sent', 'delivered', 'received')
           ORDER BY m.at DESC, m.id DESC LIMIT 1""",
        *(listing, address, address),
    )
    if not rows:
        return "", ()
    chain = [*rows[0]["reference_ids"].split(), rows[0]["rfc_id"]]
    if len(chain) > MOST_REFERENCES:
        chain = [chain[0], *chain[-(MOST_REFERENCES - 1) :]]
    return rows[0]["rfc_id"], tuple(chain)


async def keep(
    message: UUID, account: UUID, rfc_id: str, references: Sequence[str] = (), html: str = "", from_name: str = ""
) -> None:
    """Notes the headers of an email, once. In the transaction that stores it, or writes its attempt."""
    await EmailHeader.raw(
        """INSERT INTO email_header (message, account, rfc_id, reference_ids, html, from_name)
           VALUES ({}, {}, {}, {}, {}, {}) ON CONFLICT (message) DO NOTHING""",
        *(message, account, storable(rfc_id[:LONGEST_ID]), storable(" ".join(references)), storable(html)),
        storable(from_name),
    )


async def html_of(message: UUID) -> str:
    """An email that came in as it came: never to be shown uncleaned. Empty where its words are all there is."""
    row = await EmailHeader.select(EmailHeader.html).where(EmailHeader.message == message).first()
    return row["html"] if row else ""


async def position(connection: UUID, folder: str) -> tuple[int, int] | None:
    """(UIDVALIDITY, last UID) up to which a folder was read; None: never."""
    row = (
        await MailboxPosition.select(MailboxPosition.validity, MailboxPosition.last)
        .where((MailboxPosition.connection == connection) & (MailboxPosition.folder == folder))
        .first()
    )
    return (int(row["validity"]), int(row["last"])) if row else None


async def move_to(connection: UUID, folder: str, validity: int, last: int) -> None:
    """Everything in the folder up to this UID is kept."""
    row = MailboxPosition(
        connection=connection, folder=folder, validity=str(validity), last=str(last), moved_at=clock.now()
    )
    await MailboxPosition.insert(row).on_conflict(
        target=(MailboxPosition.connection, MailboxPosition.folder),
        action="DO UPDATE",
        values=[MailboxPosition.validity, MailboxPosition.last, MailboxPosition.moved_at],
    )
