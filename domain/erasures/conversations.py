"""What was written goes: words, addresses, decisions about them, receipts, reviews, and files nobody else has."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain import db
from domain.attachments import Attachment, FileLink, MessageAttachment
from domain.attempts import Attempt
from domain.messages import Message
from domain.receipts import Receipt
from domain.reviews import Review
from domain.same_seller import holes, parts
from domain.users import User

# Every f-string below holds fixed words and `{}` placeholders only; values travel as parameters.
# ruff: noqa: S608

ERASED = "Erased on request."  # what stands in a message instead of its words
FACTS = frozenset({"channel", "kind", "stage", "sender", "sender_state", "message_id", "not_before"})
EVIDENCE = frozenset({"listing_url", "listing_hash", "seller_clock"})


@dataclass
class Gone:
    """What went: messages that still had their words, files that only they had, and what audit entries may be about."""

    messages: int = 0
    files: int = 0
    subjects: set[UUID] = field(default_factory=set)


async def scrub(ids: Sequence[UUID], user: User, now: datetime) -> Gone:
    """Takes out of these messages, and of what belongs to them, all that tells of the seller."""
    gone = Gone(subjects=set(ids))
    for part in parts(ids):
        gone.messages += await _words(part, now)
        await _decisions(Message, Message.id, part)
        await _decisions(Attempt, Attempt.message, part)
        await Attempt.update({Attempt.reason: ""}).where(Attempt.message.is_in(list(part)) & (Attempt.reason != ""))
        await Receipt.update({Receipt.reason: ""}).where(Receipt.message.is_in(list(part)) & (Receipt.reason != ""))
        gone.subjects |= await _reviews(part, user, now)
    files = await _their_own_files(ids)
    gone.files, gone.subjects = len(files), gone.subjects | files
    for part in parts(sorted(files)):
        await MessageAttachment.delete().where(MessageAttachment.attachment.is_in(list(part)))
        await FileLink.update({FileLink.revoked_at: now}).where(
            FileLink.attachment.is_in(list(part)) & FileLink.revoked_at.is_null()
        )
        # Without a message the bytes go with the next tidying up.
        await Attachment.update({Attachment.removed_at: now, Attachment.name: ERASED}).where(
            Attachment.id.is_in(list(part))
        )
    return gone


async def revoke_links(listings: Sequence[UUID], now: datetime) -> None:
    """Ends the links that were made for the sellers of these listings."""
    for part in parts(listings):
        await FileLink.update({FileLink.revoked_at: now}).where(
            FileLink.listing.is_in(list(part)) & FileLink.revoked_at.is_null()
        )


async def wait_for_nobody(listings: Collection[UUID]) -> None:
    """Where only they waited for an answer, nobody does any more."""
    for part in parts(sorted(listings)):
        await Message.raw(
            f"""UPDATE listing SET waiting_since = (
                  SELECT m.at FROM message m WHERE m.listing = listing.id AND m.direction = 'in'
                  AND m.responded_at IS NULL ORDER BY m.at LIMIT 1)
                WHERE waiting_since IS NOT NULL AND id IN ({holes(part)})""",
            *part,
        )


def bare(decision: Mapping[str, Any]) -> dict[str, Any]:
    """A decision of the gate without whom it was about: the codes, and the facts that are the same of many people."""
    facts = decision.get("facts") or {}
    kept = {name: each for name, each in facts.items() if isinstance(each, bool | int) or name in FACTS}
    evidence = {name: each for name, each in (facts.get("evidence") or {}).items() if name in EVIDENCE}
    return {**decision, "facts": {**kept, "evidence": evidence}} if facts else dict(decision)


async def _words(part: Sequence[UUID], now: datetime) -> int:
    rows = await Message.raw(
        f"""UPDATE message SET subject = '', body = {{}}, wording = '', wording_subject = '', reason = '',
                   author_name = CASE direction WHEN 'in' THEN '' ELSE author_name END,
                   to_address = CASE direction WHEN 'in' THEN to_address ELSE '' END,
                   from_address = CASE direction WHEN 'in' THEN '' ELSE from_address END,
                   responded_at = CASE direction WHEN 'in' THEN COALESCE(responded_at, {{}}) ELSE responded_at END,
                   changed_at = {{}}
            WHERE id IN ({holes(part)}) AND body <> {{}} RETURNING id""",
        *(ERASED, now, now, *part, ERASED),
    )
    return len(rows)


async def _decisions(table: Any, column: Any, part: Sequence[UUID]) -> None:
    query = table.select(table.id, table.decision).where(column.is_in(list(part)) & table.decision.is_not_null())
    changed = []
    for row in await query.output(load_json=True):
        left = bare(row["decision"])
        if left != row["decision"]:
            changed.append((row["id"], json.dumps(left)))
    if changed:
        given, arguments = db.given(("uuid", "json"), changed)
        name = table._meta.tablename
        await table.raw(
            f"UPDATE {name} SET decision = given.column2 FROM {given} WHERE {name}.id = given.column1", *arguments
        )


async def _reviews(part: Sequence[UUID], user: User, now: datetime) -> set[UUID]:
    """Those that wait are settled: there is nothing left to look at."""
    rows = await Review.raw(
        f"""UPDATE review SET address = '', evidence = '', settled_at = COALESCE(settled_at, {{}}),
                   settled_by = CASE WHEN settled_at IS NULL THEN {{}} ELSE settled_by END,
                   decision = CASE WHEN settled_at IS NULL THEN 'dnc' ELSE decision END
            WHERE message IN ({holes(part)}) RETURNING id""",
        *(now, user.id, *part),
    )
    return {UUID(str(row["id"])) for row in rows}


async def _their_own_files(ids: Sequence[UUID]) -> set[UUID]:
    """The files that went along with these messages, and are in no other one, no template, draft or batch."""
    mine, files = set(ids), set()
    for part in parts(ids):
        rows = await MessageAttachment.select(MessageAttachment.attachment).where(
            MessageAttachment.message.is_in(list(part))
        )
        files |= {row["attachment"] for row in rows}
    for part in parts(sorted(files)):
        rows = await MessageAttachment.select(MessageAttachment.attachment, MessageAttachment.message).where(
            MessageAttachment.attachment.is_in(list(part))
        )
        files -= {row["attachment"] for row in rows if row["message"] not in mine}
        others = " UNION ".join(
            f"SELECT attachment FROM {table} WHERE attachment IN ({holes(part)})"
            for table in ("template_attachment", "draft_attachment", "batch_attachment")
        )
        files -= {UUID(str(row["attachment"])) for row in await Attachment.raw(others, *[*part] * 3)}
    return files
