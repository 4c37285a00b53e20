"""The files that a saved wording brings along."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.attachments import Attachment, TemplateAttachment
from domain.errors import Refused

MOST_FILES = 10


async def files_of(version_id: UUID) -> list[Attachment]:
    """The files of a version, in their order; those whose bytes are gone are left out."""
    rows = await (
        TemplateAttachment.objects(TemplateAttachment.attachment)
        .where(TemplateAttachment.version == version_id)
        .order_by(TemplateAttachment.position)
    )
    return [row.attachment for row in rows if row.attachment.removed_at is None]


async def checked(account_id: UUID, ids: Sequence[UUID], what: str = "A template") -> list[Attachment]:
    """The account's files of these ids, each once, in this order. Raises Refused at `attachment`, of `what` holds
    them."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return []
    if len(wanted) > MOST_FILES:
        raise Refused(f"{what} takes {MOST_FILES} files at most. Take some out.", field="attachment")
    there = (Attachment.account == account_id) & Attachment.id.is_in(wanted) & Attachment.removed_at.is_null()
    found = {row.id: row for row in await Attachment.objects().where(there)}
    if len(found) < len(wanted):
        raise Refused("A file is no longer here. Take it out, or attach it again.", field="attachment")
    return [found[each] for each in wanted]


async def attach(version_id: UUID, ids: Sequence[UUID]) -> None:
    """Gives a new version its files. Call it inside the transaction that writes the version."""
    rows = [TemplateAttachment(version=version_id, attachment=each, position=n) for n, each in enumerate(ids)]
    if rows:
        await TemplateAttachment.insert(*rows)


async def listed(version_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """version -> its files in their order, as {id, name, removed_at}; those whose bytes are gone are in it, too."""
    if not version_ids:
        return {}
    file = TemplateAttachment.attachment
    rows = await (
        TemplateAttachment.select(TemplateAttachment.version, file.id, file.name, file.removed_at)
        .where(TemplateAttachment.version.is_in(list(version_ids)))
        .order_by(TemplateAttachment.position)
    )
    files: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        columns = {name: row[f"attachment.{name}"] for name in ("id", "name", "removed_at")}
        files.setdefault(row["version"], []).append(columns)
    return files
