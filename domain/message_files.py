"""The files of messages as they are shown, in the history and to other programs; those too that came with a message and
cannot be seen here: on their way, or never to come, and why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain import db
from domain.messages import Message

KEPT = "kept"


async def of_messages(messages: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """message -> its files in their order: {id, name, media_type, size, thumb, removed_at, link, link_expires_at,
    link_revoked_at, link_opened, state, problem}. `link` is None for one that went along in the message itself,
    `removed_at` says when its bytes were taken away. One that is not KEPT (its `state` is waiting or refused) has a
    `name` and a `problem`, and nothing else. Messages without files are left out. One query."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    if not messages:
        return found
    rows = await Message.raw(
        f"""SELECT f.message, f.position, a.id, a.name, a.media_type, a.size, a.thumb, a.removed_at, f.link,
                   l.expires_at AS link_expires_at, l.revoked_at AS link_revoked_at, l.opened AS link_opened,
                   '{KEPT}' AS state, '' AS problem
            FROM message_attachment f JOIN attachment a ON a.id = f.attachment LEFT JOIN file_link l ON l.id = f.link
            WHERE {db.among("f.message")}
            UNION ALL
            SELECT message, position, NULL, name, media_type, 0, NULL, NULL, NULL, NULL, NULL, NULL, state, problem
            FROM incoming_file WHERE {db.among("message")} AND state <> '{KEPT}'
            ORDER BY position""",  # noqa: S608 - fixed words
        db.listed(messages),
        db.listed(messages),
    )
    for row in rows:
        found.setdefault(row["message"], []).append(row)
    return found
