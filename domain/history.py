"""The communication history of a listing: messages and events in one order, a page at a time."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from piccolo.columns import JSON, Varchar
from piccolo.columns import UUID as UUIDColumn
from piccolo.table import Table

from domain import clock, db, external_contacts, ids, message_files, standing
from domain.accounts import Account
from domain.columns import key, made, parent
from domain.db import DB
from domain.listings import Listing, Stage
from domain.messages import Message
from domain.users import User

PAGE = 50
LOOKED_AT = 20  # changes a stamp is made of
MOST_LIVE = 400  # entries a page that stays open keeps refreshing
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(Table, db=DB, tablename="event"):
    """A line between the messages: stage, assignment, opt-out …"""

    id = key()
    account = parent(Account, index=False)
    listing = parent(Listing, index=False)
    user = parent(User, null=True, index=False)
    kind = Varchar(20)  # stage | assigned | opted_out | opted_in | responded
    detail = JSON(default="{}")
    message = UUIDColumn(null=True, default=None)
    at = made()


@dataclass(frozen=True)
class Cursor:
    """A place in a history: everything before it is older."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1):x}-{self.id.hex}"

    @classmethod
    def read(cls, written: str) -> "Cursor | None":
        """The cursor somebody sent back; None when it is not one."""
        moment, _, name = written.partition("-")
        try:
            return cls(EPOCH + timedelta(microseconds=int(moment, 16)), UUID(name))
        except (ValueError, OverflowError):
            return None


BEGINNING = Cursor(EPOCH, UUID(int=0))


@dataclass(frozen=True)
class Page:
    """Rows oldest first. A row is a message (`what` = "message", with its `files` of `message_files`,
    and its `contact` of `external_contacts` when it was one made elsewhere) or an event
    (`what` = "event")."""

    rows: list[dict[str, Any]]
    older: Cursor | None  # give it to `page(before=)` for the entries before these; None at the beginning
    first: Cursor | None  # of the oldest row here


async def page(listing: UUID, before: Cursor | None = None, limit: int = PAGE) -> Page:
    """The newest `limit` entries, or those before a cursor. One query, and one more where files went along."""
    return await _page(listing, "<", before, limit)


async def since(listing: UUID, first: Cursor) -> Page:
    """Everything from a cursor on, that entry included: what an open page shows when it refreshes itself. Of more than
    `MOST_LIVE` the newest; `older` then leads to the rest."""
    return await _page(listing, ">=", first, MOST_LIVE)


async def stamp(listing: UUID) -> str:
    """A word that changes whenever the history of a listing does.

    It is made of the newest few changes and not of the newest one, because a change may commit after one that began
    later.
    """
    rows = await Message.raw(
        """SELECT id, changed_at AS at FROM message WHERE listing = {} ORDER BY changed_at DESC, id DESC LIMIT {}""",
        listing,
        LOOKED_AT,
    )
    rows += await Event.raw(
        "SELECT id, at FROM event WHERE listing = {} ORDER BY at DESC, id DESC LIMIT {}", listing, LOOKED_AT
    )
    said = " ".join(f"{row['id']}{row['at']}" for row in rows)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


async def note(
    account: UUID, listing: UUID, kind: str, user: UUID | None = None, message: UUID | None = None, **detail: Any
) -> None:
    """Adds an event line. Call it inside the transaction it tells of."""
    await Event.insert(
        Event(
            id=ids.new(),
            account=account,
            listing=listing,
            user=user,
            kind=kind,
            detail=json.dumps(detail),
            message=message,
            at=clock.now(),
        )
    )


async def contacted(listings: Iterable[UUID], at: datetime) -> None:
    """The first accepted outbound or the first inbound moves Not contacted on; never backwards.

    Call it inside your transaction.
    """
    which = sorted(set(listings))
    # By hand: of a batch it is hundreds at once, and what Piccolo makes of each costs more than the row.
    if db.on_postgres():
        # Locked in one order: two workers that wrote to the same listings would else wait for each other.
        await Listing.raw("SELECT id FROM listing WHERE id = ANY({}) ORDER BY id FOR NO KEY UPDATE", which)
    moved = await Listing.raw(
        f"""UPDATE listing SET stage = 'contacted', last_contact_at = {{}}
            WHERE {db.among("id")} AND stage = 'not_contacted' RETURNING id, account""",  # noqa: S608 - fixed words
        at,
        db.listed(which),
    )
    if others := set(which) - {row["id"] for row in moved}:
        await Listing.raw(
            f"UPDATE listing SET last_contact_at = {{}} WHERE {db.among('id')}",  # noqa: S608 - fixed words
            at,
            db.listed(others),
        )
    detail = json.dumps({"old": str(Stage.NOT_CONTACTED), "new": str(Stage.CONTACTED)})
    now = clock.now()
    if moved:
        lines, arguments = db.given(("uuid", "uuid", "uuid"), [(ids.new(), row["account"], row["id"]) for row in moved])
        await Event.raw(
            f"""INSERT INTO event (id, account, listing, kind, detail, at)
                SELECT column1, column2, column3, 'stage', {{}}, {{}} FROM {lines}""",  # noqa: S608 - fixed words
            detail,
            now,
            *arguments,
        )


async def contacted_then(listing: UUID, at: datetime) -> None:
    """The same for a contact of which we learn late: the last one does not become older by it. The listing's row is
    locked by you."""
    row = await Listing.select(Listing.last_contact_at).where(Listing.id == listing).first()
    newest = row["last_contact_at"] if row else None
    await contacted([listing], max(at, newest) if newest else at)


async def _page(listing: UUID, compare: str, cursor: Cursor | None, limit: int) -> Page:
    rows = await _rows(listing, compare, cursor, limit + 1)
    more, rows = len(rows) > limit, rows[:limit][::-1]
    first = Cursor(rows[0]["at"], rows[0]["id"]) if rows else None
    files = await message_files.of_messages([row["id"] for row in rows if row.get("with_files")])
    for row in rows:
        row["files"] = files.get(row["id"], [])
        row["contact"] = external_contacts.of_row(row)
    return Page(rows, first if more else None, first)


async def _rows(listing: UUID, compare: str, cursor: Cursor | None, limit: int) -> list[dict[str, Any]]:
    """Newest first."""
    where = ""
    arguments: list[Any] = [listing]
    if cursor is not None:
        where = f"AND (x.at, x.id) {compare} ({{}}, {{}})"
        arguments += [cursor.at, cursor.id]
    tail = f"WHERE x.listing = {{}} {where} ORDER BY x.at DESC, x.id DESC LIMIT {{}}"
    found: list[dict[str, Any]] = await Message.raw(
        f"""SELECT * FROM (
              SELECT 'message' AS what, x.id, x.at, x.kind, '' AS detail, u.name AS person, x.channel, x.direction,
                     x.author_kind, x.author_name, x.origin, x.subject, x.body, x.state, x.code, x.reason, x.segments,
                     x.to_address, x.from_address, x.not_before, x.undoable, x.attempts, x.responded_at, x.changed_at,
                     x.scheduled_at, x.revision, x."user" AS user_id, x.batch, x.wording, x.wording_subject,
                     u.phone AS person_phone, u.email AS person_email, u.title AS person_title, u.signature,
                     EXISTS (SELECT 1 FROM message_attachment f WHERE f.message = x.id)
                       OR (x.direction = 'in' OR x.origin = 'app')
                          AND EXISTS (SELECT 1 FROM incoming_file i WHERE i.message = x.id)
                       AS with_files,
                     x.channel = 'email' AND EXISTS (SELECT 1 FROM email_header h
                                                     WHERE h.message = x.id AND h.html <> '') AS with_html,
                     c.kind AS provider, c.state AS provider_state, c.rests_until AS provider_rests_until,
                     {external_contacts.COLUMNS}, x.created_at, {standing.against("x")} AS barred
              FROM message x LEFT JOIN app_user u ON u.id = x."user"
              LEFT JOIN connection c ON c.id = x.connection AND x.state IN ('queued', 'unknown')
              LEFT JOIN external_contact e ON e.message = x.id {tail}) AS few
            UNION ALL SELECT few.*, {", ".join(["NULL"] * 39)} FROM (
              SELECT 'event' AS what, x.id, x.at, x.kind, CAST(x.detail AS text) AS detail, u.name AS person
              FROM event x LEFT JOIN app_user u ON u.id = x."user" {tail}) AS few""",  # noqa: S608
        *arguments,
        limit,
        *arguments,
        limit,
    )
    found.sort(key=lambda row: (row["at"], row["id"]), reverse=True)
    return found[:limit]
