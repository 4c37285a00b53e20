"""What somebody is writing to a seller and has not sent: one draft a person and listing, the same on every device."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from piccolo.columns import Integer, Text, Varchar
from piccolo.table import Table

from domain import clock, db, enclosures
from domain.accounts import Account
from domain.attachments import Attachment, FileLink
from domain.columns import key, made, parent
from domain.db import DB
from domain.errors import Refused
from domain.listings import Listing
from domain.message_templates import MessageTemplate, TemplateVersion
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
    version = parent(TemplateVersion, null=True, index=False)  # whose words were put in
    revision = Integer(default=1)  # another one at each change, never one that was there before
    updated_at = made()


class DraftAttachment(Table, db=DB, tablename="draft_attachment"):
    id = key()
    draft = parent(Draft)
    attachment = parent(Attachment)
    link = parent(FileLink, null=True, index=False)
    position = Integer(default=0)


@dataclass(frozen=True)
class Writing:
    """What stands in the window's fields. `files` are ids, in the order they are shown."""

    channel: str = ""
    to_field: str = ""
    subject: str = ""
    body: str = ""
    template: UUID | None = None
    version: UUID | None = None  # of the template whose words were put in
    files: tuple[UUID, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.body.strip() or self.subject.strip() or self.files)


@dataclass(frozen=True)
class Saved:
    """A draft as it is kept."""

    writing: Writing
    revision: int
    at: datetime


class Conflict(Exception):
    """The draft was changed elsewhere meanwhile; `saved` is how it stands there, None when it was sent or thrown away.
    Nothing is lost either way."""

    def __init__(self, saved: Saved | None) -> None:
        super().__init__("The draft was changed elsewhere.")
        self.saved = saved


async def of(user_id: UUID, listing_id: UUID) -> Saved | None:
    """What this person was writing about a listing; None when there is nothing."""
    rows: list[dict[str, Any]] = await Draft.raw(
        """SELECT d.channel, d.to_field, d.subject, d.body, d.template, d.version, d.revision, d.updated_at,
                  f.attachment
           FROM draft d LEFT JOIN draft_attachment f ON f.draft = d.id AND f.link IS NULL
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
        version=first["version"],
        files=tuple(row["attachment"] for row in rows if row["attachment"]),
    )
    return Saved(writing, first["revision"], first["updated_at"])


async def save(
    user: User, listing: Listing, writing: Writing, revision: int, nonce: str = "", *, anyway: bool = False
) -> Saved | None:
    """Keeps what is written; None when there is nothing to keep, or it was sent meanwhile (`nonce` names that message).

    `revision` is the one the window knows, 0 when it knows of none. Raises Conflict when the draft was changed, sent or
    thrown away in another window or on another device, unless this one counts `anyway`; and Refused when a field is
    longer than any message could be.
    """
    for field, text in (("body", writing.body), ("subject", writing.subject)):
        if len(text) > LONGEST:
            raise Refused(f"This is too long to be kept: {LONGEST:,} characters at most.", field=field)
    async with db.writing():
        await _alone(user.id, listing.id)
        if nonce and await Message.exists().where(Message.nonce == nonce):
            return None
        known = await of(user.id, listing.id)
        if known is not None and known.writing == writing:
            return known
        if (known.revision if known else 0) != revision and not anyway and (known is not None or not writing.empty):
            raise Conflict(known)
        if writing.empty:
            await _remove(user.id, listing.id)
            return None
        return await _write(user, listing, writing)


async def discard(user_id: UUID, listing_id: UUID) -> bool:
    """Throws the draft away; whether there was one."""
    async with db.writing():
        await _alone(user_id, listing_id)
        return await _remove(user_id, listing_id)


async def sent(user_id: UUID, listing_id: UUID, revision: int, body: str, below: str = "") -> None:
    """The draft became a message. Call it in the transaction that writes the message.

    Only the draft that was sent goes: the one the window knew, or an earlier moment of the same words. What was written
    elsewhere meanwhile stays. `below` is the line that ends the message, and ended it at every earlier moment.
    """
    await _alone(user_id, listing_id)
    known = await of(user_id, listing_id)
    if known and (known.revision == revision or body.strip().startswith(_words(known.writing, below))):
        await _remove(user_id, listing_id)


def _words(writing: Writing, below: str) -> str:
    return writing.body.strip().removesuffix(below).strip()


async def _alone(user_id: UUID, listing_id: UUID) -> None:
    """Whoever reads a draft in order to change it goes one after the other, as every writer on SQLite does anyway."""
    if db.on_postgres():
        await Draft.raw("SELECT pg_advisory_xact_lock(hashtext({}))", f"draft:{user_id}:{listing_id}")


async def _write(user: User, listing: Listing, writing: Writing) -> Saved:
    now = clock.now()
    # Never one that was there before: an old window must not take a new draft for the one it knew.
    revision = secrets.randbelow(2**31 - 1) + 1
    draft = Draft(
        account=listing.account,
        user=user.id,
        listing=listing.id,
        channel=writing.channel,
        to_field=writing.to_field,
        subject=writing.subject,
        body=writing.body,
        template=await _existing(MessageTemplate, writing.template),
        version=await _existing(TemplateVersion, writing.version),
        revision=revision,
        updated_at=now,
    )
    columns = [Draft.channel, Draft.to_field, Draft.subject, Draft.body, Draft.template, Draft.version, Draft.revision]
    rows = (
        await Draft.insert(draft)
        .on_conflict(target=(Draft.user, Draft.listing), action="DO UPDATE", values=[*columns, Draft.updated_at])
        .returning(Draft.id)
    )
    await _keep_files(rows[0]["id"], listing.account, writing)
    return Saved(writing, revision, now)


async def _keep_files(draft_id: UUID, account_id: UUID, writing: Writing) -> None:
    """The files of the draft, and those that its words link to: none of them is an orphan while it waits."""
    await DraftAttachment.delete().where(DraftAttachment.draft == draft_id)
    enclosed = await enclosures.read(account_id, writing.files, writing.body)
    kept = {each.id: DraftAttachment(draft=draft_id, attachment=each.id) for each in enclosed.files}
    for each in enclosed.links:
        kept.setdefault(
            each.attachment.id, DraftAttachment(draft=draft_id, attachment=each.attachment.id, link=each.link.id)
        )
    for position, row in enumerate(kept.values()):
        row.position = position
    if kept:
        await DraftAttachment.insert(*kept.values())


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
