"""Uploads that nobody needs any more go, and their bytes when no other file has the same."""

from datetime import timedelta
from uuid import UUID

from domain import clock, db, file_store
from domain.attachments.keeping import USED
from domain.attachments.tables import Attachment, AttachmentVariant, FileLink

KEPT = timedelta(days=7)  # an upload that stands nowhere: its window may still be open
AT_ONCE = 200

_DRAFTED = "EXISTS (SELECT 1 FROM draft_attachment d WHERE d.attachment = attachment.id)"


async def tidy() -> int:
    """Forgets uploads that stand in no message, template, draft or working link after a week, or were taken back.

    How many went. Each goes in three steps, and what one that broke off in between left is found again: nobody gets it
    any more, then the bytes go, then the rows. Raises Unavailable when the file store does not answer.
    """
    now = clock.now()
    due = await Attachment.raw(
        f"""SELECT id FROM attachment
            WHERE (created_at < {{}} OR removed_at IS NOT NULL) AND NOT ({USED} OR {_DRAFTED})
            ORDER BY created_at LIMIT {AT_ONCE}""",  # noqa: S608
        now - KEPT,
        now,
    )
    return sum([await _forget(row["id"]) for row in due])


async def _forget(attachment_id: UUID) -> bool:
    """False when somebody came to need it."""
    now = clock.now()
    marked = await Attachment.raw(
        f"""UPDATE attachment SET removed_at = COALESCE(removed_at, {{}})
            WHERE id = {{}} AND NOT ({USED} OR {_DRAFTED}) RETURNING sha256""",  # noqa: S608
        now,
        attachment_id,
        now,
    )
    if not marked:
        return False
    mine = AttachmentVariant.attachment == attachment_id
    variants = await AttachmentVariant.select(AttachmentVariant.sha256).where(mine)
    for sha256 in {row["sha256"] for row in (*marked, *variants)}:
        await _drop(sha256)
    async with db.writing():
        await AttachmentVariant.delete().where(mine)
        await FileLink.delete().where(FileLink.attachment == attachment_id)
        await Attachment.delete().where(Attachment.id == attachment_id)
    return True


async def _drop(sha256: str) -> None:
    """Removes bytes that no file needs. Who uploads writes the row first, so that after the bytes are gone a second
    look tells whether somebody counted on them meanwhile: then they are put back."""
    if await _is_wanted(sha256):
        return
    kept = {thumb: await _peek(sha256, thumb) for thumb in (True, False)}
    for thumb in kept:
        await file_store.delete(sha256, thumb=thumb)
    if await _is_wanted(sha256):
        for thumb, data in kept.items():
            if data is not None:
                await file_store.put(sha256, data, thumb=thumb)


async def _peek(sha256: str, thumb: bool) -> bytes | None:
    try:
        return await file_store.get(sha256, thumb=thumb)
    except (FileNotFoundError, file_store.Damaged):
        return None


async def _is_wanted(sha256: str) -> bool:
    rows = await Attachment.raw(
        """SELECT 1 FROM attachment WHERE sha256 = {} AND removed_at IS NULL
           UNION ALL SELECT 1 FROM attachment_variant v JOIN attachment a ON a.id = v.attachment
                     WHERE v.sha256 = {} AND a.removed_at IS NULL LIMIT 1""",
        sha256,
        sha256,
    )
    return bool(rows)
