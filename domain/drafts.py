"""What somebody is writing to a seller and has not sent: one draft a person and listing, the same on every device."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import clock, db
from domain.accounts import Account
from domain.attachments import Attachment, FileLink
from domain.columns import key, made, parent
from domain.db import DB
from domain.errors import Refused
from domain.listings import Listing
from domain.message_templates import MessageTemplate
from domain.messages import Message
from domain.users import User

LONGEST = 100_000  # characters of one field; more is no message, and nobody's draft is cut without a word


class Draft(Table, db=DB, tablename="draft"):
    id = key()
    account = parent(Account)
    user = parent(User)  # unique with the listing
    listing = parent(Listing)
    channel = Varchar(10, default="")
    to_field = Varchar(10, default="")
    subject = Text(default="")
    body = Text(default="")
    template = parent(MessageTemplate, null=True, index=False)
    revision = Integer(default=1)
    updated_at = made()


class DraftAttachment(Table, db=DB, tablename="draft_attachment"):
    id = key()
    draft = parent(Draft)
    attachment = parent(Attachment)
    link = parent(FileLink, null=True, index=False)
    position = Integer(default=0)


@dataclass(frozen=True)
class Writing:
    """What stands in the window's fields. `files` and `links` are ids, in the order they are shown."""

    channel: str = ""
    to_field: str = ""
    subject: str = ""
    body: str = ""
    template: UUID | None = None
    files: tuple[UUID, ...] = ()
    links: tuple[UUID, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.body.strip() or self.subject.strip() or self.files or self.links)


@dataclass(frozen=True)
class Saved:
    """A draft as it is kept."""

    writing: Writing
    revision: int
    at: datetime


class Conflict(Exception):
    """The draft was changed elsewhere meanwhile; `saved` is how it stands there. Neither is lost."""

    def __init__(self, saved: Saved) -> None:
        super().__init__("The draft was changed elsewhere.")
        self.saved = saved


async def of(user_id: UUID, listing_id: UUID) -> Saved | None:
    """What this person was writing about a listing; None when there is nothing."""
    rows: list[dict[str, Any]] = await Draft.raw(
        """SELECT d.channel, d.to_field, d.subject, d.body, d.template, d.revision, d.updated_at,
                  f.attachment, f.link
           FROM draft d LEFT JOIN draft_attachment f ON f.draft = d.id
           WHERE d."user" = {} AND d.listing = {} ORDER BY f.position""",
        user_id,
        listing_id,
    )
    if not rows:
        return None
    first = rows[0]
    writing = Writing(
        channel=first["channel"],
        to_field=first["to_field"],
        subject=first["subject"],
        body=first["body"],
        template=first["template"],
        files=tuple(row["attachment"] for row in rows if row["attachment"] and not row["link"]),
        links=tuple(row["link"] for row in rows if row["link"]),
    )
    return Saved(writing, first["revision"], first["updated_at"])


async def save(user: User, listing: Listing, writing: Writing, revision: int, nonce: str = "") -> Saved | None:
    """Keeps what is written; None when there is nothing to keep, or it was sent meanwhile (`nonce` names that message).

    `revision` is the one the window knows, 0 when it knows of none. Raises Conflict when the draft was changed in
    another window or on another device, and Refused when a field is longer than any message could be.
    """
    for field, text in (("body", writing.body), ("subject", writing.subject)):
        if len(text) > LONGEST:
            raise Refused(f"This is too long to be kept: {LONGEST:,} characters at most.", field=field)
    async with db.writing():
        if nonce and await Message.exists().where(Message.nonce == nonce):
            return None
        known = await _locked(user.id, listing.id)
        if known is not None and known["revision"] != revision:
            conflict = await of(user.id, listing.id)
            if conflict is not None and conflict.writing != writing:
                raise Conflict(conflict)
            return conflict
        if writing.empty:
            await _remove(user.id, listing.id)
            return None
        return await _write(user, listing, writing, (known["revision"] if known else revision) + 1)


async def discard(user_id: UUID, listing_id: UUID) -> bool:
    """Throws the draft away; whether there was one."""
    async with db.writing():
        return await _remove(user_id, listing_id)


async def sent(user_id: UUID, listing_id: UUID) -> None:
    """The draft became a message. Call it in the transaction that writes the message."""
    await _remove(user_id, listing_id)


async def _locked(user_id: UUID, listing_id: UUID) -> dict[str, Any] | None:
    lock = "FOR UPDATE" if db.on_postgres() else ""
    rows: list[dict[str, Any]] = await Draft.raw(
        f"""SELECT id, revision FROM draft WHERE "user" = {{}} AND listing = {{}} {lock}""",  # noqa: S608
        user_id,
        listing_id,
    )
    return rows[0] if rows else None


async def _write(user: User, listing: Listing, writing: Writing, revision: int) -> Saved:
    now = clock.now()
    draft = Draft(
        account=listing.account,
        user=user.id,
        listing=listing.id,
        channel=writing.channel,
        to_field=writing.to_field,
        subject=writing.subject,
        body=writing.body,
        template=await _existing(MessageTemplate, writing.template),
        revision=revision,
        updated_at=now,
    )
    columns = [Draft.channel, Draft.to_field, Draft.subject, Draft.body, Draft.template, Draft.revision]
    rows = (
        await Draft.insert(draft)
        .on_conflict(target=(Draft.user, Draft.listing), action="DO UPDATE", values=[*columns, Draft.updated_at])
        .returning(Draft.id)
    )
    await _keep_files(rows[0]["id"], listing.account, writing)
    return Saved(writing, revision, now)


async def _keep_files(draft_id: UUID, account_id: UUID, writing: Writing) -> None:
    await DraftAttachment.delete().where(DraftAttachment.draft == draft_id)
    kept: list[DraftAttachment] = []
    if writing.files:
        mine = Attachment.id.is_in(list(writing.files)) & (Attachment.account == account_id)
        known = {row["id"] for row in await Attachment.select(Attachment.id).where(mine)}
        kept += [DraftAttachment(draft=draft_id, attachment=each) for each in writing.files if each in known]
    if writing.links:
        mine = FileLink.id.is_in(list(writing.links)) & (FileLink.account == account_id)
        found = {
            row["id"]: row["attachment"] for row in await FileLink.select(FileLink.id, FileLink.attachment).where(mine)
        }
        kept += [
            DraftAttachment(draft=draft_id, attachment=found[each], link=each)
            for each in writing.links
            if each in found
        ]
    for position, row in enumerate(kept):
        row.position = position
    once = {row.attachment: row for row in reversed(kept)}
    if once:
        await DraftAttachment.insert(*once.values())


async def _existing(table: Any, wanted: UUID | None) -> UUID | None:
    """The id when there is such a row: a template may be gone meanwhile."""
    return wanted if wanted and await table.exists().where(table.id == wanted) else None


async def _remove(user_id: UUID, listing_id: UUID) -> bool:
    rows = await Draft.select(Draft.id).where((Draft.user == user_id) & (Draft.listing == listing_id))
    for row in rows:
        await DraftAttachment.delete().where(DraftAttachment.draft == row["id"])
        await Draft.delete().where(Draft.id == row["id"])
    return bool(rows)


def typed_ids(values: Sequence[str]) -> tuple[UUID, ...]:
    """The ids among what a form sent, each once, in order."""
    found: dict[UUID, None] = {}
    for value in values:
        try:
            found[UUID(value)] = None
        except ValueError:
            continue
    return tuple(found)
