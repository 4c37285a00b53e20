"""The same picture made smaller for a channel that takes no more: made once, kept beside the original."""

from pathlib import PurePath

from domain import file_contents, file_rules, file_store
from domain.attachments.keeping import aside, digest
from domain.attachments.tables import Attachment, AttachmentVariant
from domain.channels.base import Media
from domain.errors import Refused


async def fitting(attachment: Attachment, most_bytes: int) -> Media:
    """The file as it goes along with a message: itself, or as a picture of at most `most_bytes`.

    Raises Refused when it cannot be made so small, FileNotFoundError when the bytes are gone, Unavailable or Damaged
    as the file store does.
    """
    if attachment.size <= most_bytes:
        return Media(attachment.name, attachment.media_type, await file_store.get(attachment.sha256))
    if not file_rules.is_picture(attachment.media_type):
        raise _too_large(attachment, most_bytes)
    return await _kept(attachment, most_bytes) or await _made(attachment, most_bytes)


async def _kept(attachment: Attachment, most_bytes: int) -> Media | None:
    variant = await AttachmentVariant.objects().get(
        (AttachmentVariant.attachment == attachment.id) & (AttachmentVariant.most_bytes == most_bytes)
    )
    if variant is None:
        return None
    try:
        return _media(attachment, variant.media_type, await file_store.get(variant.sha256))
    except FileNotFoundError:
        return None  # made anew from the original


async def _made(attachment: Attachment, most_bytes: int) -> Media:
    original = await file_store.get(attachment.sha256)
    shrunk = await aside(file_contents.shrunk, original, most_bytes)
    if shrunk is None:
        raise _too_large(attachment, most_bytes)
    data, media_type = shrunk
    sha256 = await aside(digest, data)
    variant = AttachmentVariant(
        attachment=attachment.id, most_bytes=most_bytes, sha256=sha256, media_type=media_type, size=len(data)
    )
    same = (AttachmentVariant.attachment, AttachmentVariant.most_bytes)
    changed = [AttachmentVariant.sha256, AttachmentVariant.media_type, AttachmentVariant.size]
    await AttachmentVariant.insert(variant).on_conflict(target=same, action="DO UPDATE", values=changed)
    await file_store.put(sha256, data)
    return _media(attachment, media_type, data)


def _media(attachment: Attachment, media_type: str, data: bytes) -> Media:
    """Under the name of the original, with the ending of what it became."""
    return Media(f"{PurePath(attachment.name).stem}{file_rules.KINDS[media_type][1]}", media_type, data)


def _too_large(attachment: Attachment, most_bytes: int) -> Refused:
    limit = file_rules.megabytes(most_bytes)
    return Refused(f"“{attachment.name}” cannot be made smaller than {limit}. Send it as a link.", field="file")
