"""A file comes in, is looked into, scanned and kept; it is found again, read, and taken back."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar
from uuid import UUID

from domain import clock, file_contents, file_store, virus_scan
from domain.attachments.tables import Attachment
from domain.db import found
from domain.errors import NotFound

T = TypeVar("T")

# One at a time: a large picture takes 300 MB while it is drawn anew.
_desk = ThreadPoolExecutor(1, thread_name_prefix="files")


class Upload(Protocol):
    """A file as the web hands it over."""

    filename: str

    async def read(self, size: int = -1) -> bytes: ...


async def upload(account_id: UUID, user_id: UUID | None, file: Upload) -> Attachment:
    """`add` for a file that was posted. No more of it is read than may be kept."""
    data = await file.read(file_contents.LARGEST + 1)
    return await add(account_id, user_id, file.filename, data)


async def add(account_id: UUID, user_id: UUID | None, name: str, data: bytes) -> Attachment:
    """Looks into a file, has it scanned and keeps it; the same bytes lie in the store once, however often they come.

    Raises Refused (field `file`) with a sentence that names the file, Unavailable when it cannot be stored.
    """
    looked = await aside(file_contents.look, name, data)
    await virus_scan.check(looked.name, looked.data)
    sha256 = await aside(digest, looked.data)
    attachment = Attachment(
        account=account_id,
        user=user_id,
        name=looked.name,
        media_type=looked.media_type,
        sha256=sha256,
        size=len(looked.data),
        width=looked.width,
        height=looked.height,
        thumb=looked.thumb is not None,
    )
    await Attachment.insert(attachment)  # before the bytes, so that whoever tidies up sees that they are wanted
    try:
        if looked.thumb is not None:
            await file_store.put(sha256, looked.thumb, thumb=True)
        await file_store.put(sha256, looked.data)
    except BaseException:
        await Attachment.delete().where(Attachment.id == attachment.id)
        raise
    return attachment


async def of(account_id: UUID, ids: Iterable[UUID]) -> list[Attachment]:
    """The account's files of these ids, in that order; what is removed, foreign or unknown is left out."""
    wanted = list(ids)
    if not wanted:
        return []
    mine = (Attachment.account == account_id) & Attachment.id.is_in(wanted) & Attachment.removed_at.is_null()
    rows = {row.id: row for row in await Attachment.objects().where(mine)}
    return [rows[each] for each in wanted if each in rows]


async def by_id(account_id: UUID, attachment_id: UUID) -> Attachment:
    """The account's file of that id. Raises NotFound, also when it was removed."""
    mine = (Attachment.id == attachment_id) & (Attachment.account == account_id) & Attachment.removed_at.is_null()
    return await found(Attachment.objects().get(mine))


async def read(attachment: Attachment, *, thumb: bool = False) -> bytes:
    """The bytes, or those of the thumbnail, a JPEG. Raises NotFound when there are none, Unavailable."""
    if thumb and not attachment.thumb:
        raise NotFound
    try:
        return await file_store.get(attachment.sha256, thumb=thumb)
    except FileNotFoundError:
        raise NotFound from None


async def discard(attachment: Attachment) -> bool:
    """Takes an upload back; False when it stands in a message, a batch, a template or a link that works, and so
    stays."""
    now = clock.now()
    rows = await Attachment.raw(
        f"UPDATE attachment SET removed_at = {{}} WHERE id = {{}} AND removed_at IS NULL AND NOT ({USED}) RETURNING id",  # noqa: S608
        now,
        attachment.id,
        now,
    )
    return bool(rows)


# Where a file is needed for what was or will be sent; takes the time it is now.
USED = """
    EXISTS (SELECT 1 FROM message_attachment m WHERE m.attachment = attachment.id)
    OR EXISTS (SELECT 1 FROM template_attachment t WHERE t.attachment = attachment.id)
    OR EXISTS (SELECT 1 FROM batch_attachment b WHERE b.attachment = attachment.id)
    OR EXISTS (SELECT 1 FROM file_link l
               WHERE l.attachment = attachment.id AND l.revoked_at IS NULL AND l.expires_at > {})"""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def aside(work: Callable[..., T], *args: Any) -> T:
    """The result of heavy work, done in a thread, one at a time."""
    return await asyncio.get_running_loop().run_in_executor(_desk, work, *args)
