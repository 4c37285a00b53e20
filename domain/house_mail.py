"""The house's own mail (password links, alerts): an outbox the worker empties."""

from piccolo.columns import Integer, Text
from piccolo.table import Table

from domain.columns import key, made, moment
from domain.db import DB


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
