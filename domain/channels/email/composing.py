"""An email as bytes, made of one message: its headers, its words as text and as HTML, its files. Pure."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote

from domain.channels.base import Mail, Outgoing

# Long lines, because a Message-ID that is folded would be written as an encoded word that no mailbox finds again.
POLICY = policy.SMTP.clone(max_line_length=900, cte_type="7bit")
LONGEST_SUBJECT = 400


@dataclass(frozen=True)
class Sender:
    """`tokens`: answers may come to `local+token@domain`."""

    address: str
    name: str = ""
    tokens: bool = True

    def reply_to(self, token: str) -> str:
        """The address that answers to a conversation come to."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{token}@{domain}" if token and self.tokens else self.address


def written(outgoing: Outgoing, sender: Sender, at: datetime) -> bytes:
    """Raises ValueError for an address or a subject that no header can hold."""
    mail = outgoing.mail or Mail()
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=outgoing.to)
    message["Subject"] = " ".join(outgoing.subject.split())[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(at)
    reply_to = sender.reply_to(mail.token)
    if reply_to != sender.address:
        message["Reply-To"] = Address(sender.name, addr_spec=reply_to)
    for name, value in _threading(mail):
        message[name] = value
    if mail.unsubscribe:  # RFC 8058; the mail server's DKIM signs both
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>, <mailto:{quote(reply_to, safe='@+')}?subject=unsubscribe>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(outgoing.body)
    if mail.html:
        message.add_alternative(_page(mail.html), subtype="html")
    for file in outgoing.media:
        kind, _, subtype = file.media_type.partition("/")
        message.add_attachment(file.data, maintype=kind, subtype=subtype or "octet-stream", filename=file.name)
    return message.as_bytes()


def _threading(mail: Mail) -> list[tuple[str, str]]:
    headers = {
        "Message-ID": mail.message_id,
        "In-Reply-To": mail.in_reply_to,
        "References": " ".join(mail.references),
    }
    return [(name, value) for name, value in headers.items() if value]


def _page(body: str) -> str:
    return f'<!doctype html>\n<html><head><meta charset="utf-8"></head><body>\n{body}\n</body></html>\n'
