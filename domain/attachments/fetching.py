"""Where a provider fetches a file that goes along with a message: an address that is signed and ends by itself."""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from domain import clock
from domain.attachments.shrinking import fitting
from domain.attachments.tables import Attachment
from domain.channels.base import Media
from domain.db import found
from domain.errors import NotFound, Refused
from domain.settings import settings

LASTS = timedelta(hours=6)  # longer than a text may wait at a provider
STEP = 3600  # seconds: what goes to many within the hour has one address


def address(attachment: Attachment, most_bytes: int, name: str) -> str:
    """The whole address of the file as it goes along, or of a picture made as small as that. It works for six hours."""
    until = int((clock.now() + LASTS).timestamp()) // STEP * STEP + STEP
    signed = _signature(attachment.id, most_bytes, until)
    where = f"/files/for/{attachment.id}/{most_bytes}/{until}/{signed}/{quote(name, safe='')}"
    return settings().public_url + where


async def handed_over(attachment_id: UUID, most_bytes: int, until: int, signed: str) -> tuple[Attachment, Media]:
    """The file behind an address. Raises NotFound when its signature is wrong, its time is over, or the file gone."""
    known = _signature(attachment_id, most_bytes, until)
    if not hmac.compare_digest(signed.encode(), known.encode()) or clock.now() > datetime.fromtimestamp(until, UTC):
        raise NotFound
    there = (Attachment.id == attachment_id) & Attachment.removed_at.is_null()
    attachment = await found(Attachment.objects().get(there))
    try:
        return attachment, await fitting(attachment, most_bytes)
    except (FileNotFoundError, Refused):
        raise NotFound from None


def _signature(attachment: UUID, most_bytes: int, until: int) -> str:
    """What only this installation can say of it: HMAC-SHA256 with a key of its own, 43 characters."""
    key = hmac.digest(settings().secret_key, b"file-for-a-provider", "sha256")
    mac = hmac.digest(key, f"{attachment.hex}:{most_bytes}:{until}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")
