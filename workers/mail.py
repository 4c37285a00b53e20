"""The house's own mail leaves by SMTP."""

import logging
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib

from domain import house_mail
from domain.settings import settings

logger = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds


async def send_mail(ctx: dict[str, Any]) -> None:
    """Sends what waits in the outbox; one that fails keeps no other back. Without LOTWIRE_SMTP_URL all wait."""
    if not settings().smtp_url:
        return
    for mail in await house_mail.due():
        if not await house_mail.take(mail):
            continue
        try:
            await aiosmtplib.send(_written(mail), **server(settings().smtp_url))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            await house_mail.failed(mail, f"{type(error).__name__}: {error}"[:300])
            logger.warning("A mail did not leave", extra={"mail": str(mail.id), "error": type(error).__name__})
        else:
            await house_mail.delivered(mail)


def _written(mail: house_mail.Mail) -> EmailMessage:
    """Raises ValueError for an address or a subject that no header can hold."""
    message = EmailMessage()
    message["From"] = settings().mail_from
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def server(url: str) -> dict[str, Any]:
    """aiosmtplib's arguments for smtp://, smtp+starttls:// or smtps://user:password@host:port."""
    parts = urlsplit(url)
    made: dict[str, Any] = {
        "hostname": parts.hostname,
        "port": parts.port or {"smtps": 465, "smtp+starttls": 587}.get(parts.scheme, 25),
        "use_tls": parts.scheme == "smtps",
        "start_tls": True if parts.scheme == "smtp+starttls" else None if parts.scheme == "smtp" else False,
        "timeout": TIMEOUT,
    }
    if parts.username:
        made |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return made
