"""The files of messages as they are shown: in the history and to other programs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.attachments import MessageAttachment

COLUMNS = (
    MessageAttachment.message,
    MessageAttachment.attachment.id.as_alias("id"),
    MessageAttachment.attachment.name.as_alias("name"),
    MessageAttachment.attachment.media_type.as_alias("media_type"),
    MessageAttachment.attachment.size.as_alias("size"),
    MessageAttachment.attachment.thumb.as_alias("thumb"),
    MessageAttachment.attachment.removed_at.as_alias("removed_at"),
    MessageAttachment.link.id.as_alias("link"),
    MessageAttachment.link.expires_at.as_alias("link_expires_at"),
    MessageAttachment.link.revoked_at.as_alias("link_revoked_at"),
    MessageAttachment.link.opened.as_alias("link_opened"),
)


async def of_messages(messages: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """message -> its files in their order, each the COLUMNS: `link` is None for one that went along in the message
    itself, `removed_at` says when its bytes were taken away. Messages without files are left out. One query."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    if not messages:
        return found
    query = MessageAttachment.select(*COLUMNS).where(MessageAttachment.message.is_in(list(messages)))
    for row in await query.order_by(MessageAttachment.position):
        found.setdefault(row["message"], []).append(row)
    return found
