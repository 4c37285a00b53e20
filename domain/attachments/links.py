"""A file behind a public address: for a seller whose channel takes no such file, signed, expiring, revocable."""

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from domain import audit, clock, db
from domain.attachments.tables import Attachment, FileLink
from domain.db import found
from domain.errors import NotFound, Refused
from domain.settings import settings
from domain.users import User

LASTS = timedelta(days=30)

_ADDRESS = re.compile(r"/files/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/[\w-]{43}", re.ASCII)


async def share(attachment: Attachment, listing_id: UUID | None, user: User) -> FileLink:
    """A new address of the file, for the seller of a listing. It works for 30 days.

    Raises Refused while the installation has no address that sellers could reach.
    """
    [link] = await share_all([(attachment, listing_id)], user)
    return link


async def share_all(wanted: Sequence[tuple[Attachment, UUID | None]], user: User) -> list[FileLink]:
    """The same for many files and sellers, in their order."""
    if not wanted:
        return []
    if not settings().public_url:
        raise Refused(
            "A seller could not open the link: this installation has no public address. "
            "Ask whoever runs Lotwire to set LOTWIRE_PUBLIC_URL.",
            field="file",
            code="no_public_address",
        )
    now = clock.now()
    links = [
        FileLink(
            account=attachment.account,
            attachment=attachment.id,
            listing=listing_id,
            created_by=user.id,
            created_at=now,
            expires_at=now + LASTS,
        )
        for attachment, listing_id in wanted
    ]
    async with db.writing():
        await FileLink.insert(*links)
        await audit.record_all(
            wanted[0][0].account, user.id, "file.shared", [(each.attachment, {"link": str(each.id)}) for each in links]
        )
    return links


def url(link: FileLink, attachment: Attachment) -> str:
    """The whole address. The name at its end is for people; what opens is the signature."""
    return _address(link.id, signature(link.id), attachment)


def stand_in(attachment: Attachment) -> str:
    """As long as any address of the file, and none."""
    return _address(UUID(int=0), "x" * 43, attachment)


def _address(link: UUID, signed: str, attachment: Attachment) -> str:
    return f"{settings().public_url}/files/{link}/{signed}/{quote(attachment.name, safe='')}"


def in_text(text: str) -> tuple[UUID, ...]:
    """The links that stand in a text, each once, in order; whether they still work is another question."""
    return tuple(dict.fromkeys(UUID(found) for found in _ADDRESS.findall(text)))


def signature(link_id: UUID) -> str:
    """What only this installation can say of a link: HMAC-SHA256 with a key of its own, 43 characters."""
    key = hmac.digest(settings().secret_key, b"file-link", "sha256")
    return base64.urlsafe_b64encode(hmac.digest(key, link_id.bytes, "sha256")).decode().rstrip("=")


async def opened(link_id: UUID, signed: str, *, counts: bool = True) -> tuple[FileLink, Attachment]:
    """What lies behind an address, counted as opened once more.

    Raises NotFound when the signature is wrong, or the link expired, was revoked, or its file is gone.
    """
    if not hmac.compare_digest(signed.encode(), signature(link_id).encode()):
        raise NotFound
    now = clock.now()
    works = (FileLink.id == link_id) & FileLink.revoked_at.is_null() & (FileLink.expires_at > now)
    works &= FileLink.attachment.removed_at.is_null()
    link: Any = await found(FileLink.objects(FileLink.attachment).get(works))
    if counts:
        await FileLink.update({FileLink.opened: FileLink.opened + 1, FileLink.opened_at: now}).where(
            FileLink.id == link_id
        )
    return link, link.attachment


async def link_of(account_id: UUID, link_id: UUID) -> FileLink:
    """The account's link of that id. Raises NotFound."""
    return await found(FileLink.objects().get((FileLink.id == link_id) & (FileLink.account == account_id)))


async def revoke(link: FileLink, user: User) -> None:
    """Ends a link before its time. A second time changes nothing."""
    async with db.writing():
        ended = FileLink.update({FileLink.revoked_at: clock.now()}).where(
            (FileLink.id == link.id) & FileLink.revoked_at.is_null()
        )
        if await ended.returning(FileLink.id):
            await audit.record(link.account, user.id, "file.unshared", link.attachment, link=str(link.id))
