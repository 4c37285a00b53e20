"""The house's own mail (password links, alerts): an outbox the worker empties."""

from datetime import datetime, timedelta

from piccolo.columns import Integer, Text
from piccolo.table import Table

from domain import clock
from domain.columns import key, made, moment
from domain.db import DB
from domain.settings import settings

# Minutes until the next try, by the number of tries made; after the last one we give up.
WAITS = (1, 5, 15, 60, 240, 720)


class Mail(Table, db=DB, tablename="house_mail"):
    id = key()
    recipient = Text()
    subject = Text()
    text = Text()
    created_at = made()
    not_before = made()
    sent_at = moment()
    tries = Integer(default=0)
    problem = Text(default="")


def possible() -> bool:
    """Whether this installation can send mail that leads back to it: a server, a sender, and an address of its own."""
    return bool(settings().smtp_url and settings().mail_from and settings().public_url)


async def send(recipient: str, subject: str, text: str, not_before: datetime | None = None) -> Mail:
    """Puts a mail into the outbox; the worker takes it from there. Call it inside the transaction it tells of."""
    mail = Mail(recipient=recipient, subject=" ".join(subject.split()), text=text, not_before=not_before or clock.now())
    await Mail.insert(mail)
    return mail


async def due(limit: int = 20) -> list[Mail]:
    """The mails to try now, oldest first."""
    query = Mail.objects().where(Mail.sent_at.is_null() & (Mail.not_before <= clock.now()) & (Mail.tries <= len(WAITS)))
    return await query.order_by(Mail.not_before).limit(limit)


async def take(mail: Mail) -> bool:
    """Makes a due mail this caller's to send for a minute; False when somebody else was quicker."""
    seen = (Mail.id == mail.id) & Mail.sent_at.is_null() & (Mail.not_before == mail.not_before)
    later = clock.now() + timedelta(minutes=1)
    return bool(await Mail.update({Mail.not_before: later}).where(seen).returning(Mail.id))


async def delivered(mail: Mail) -> None:
    """The server took it. Its text goes: a password link must not lie about."""
    await Mail.update({Mail.sent_at: clock.now(), Mail.problem: "", Mail.text: ""}).where(Mail.id == mail.id)


async def failed(mail: Mail, problem: str) -> None:
    """The server did not take it: again later, six times over most of a day."""
    wait = WAITS[min(mail.tries, len(WAITS) - 1)]
    await Mail.update(
        {Mail.tries: Mail.tries + 1, Mail.problem: problem, Mail.not_before: clock.now() + timedelta(minutes=wait)}
    ).where(Mail.id == mail.id)
