"""Saved wordings: Global, Local or shipped, each for one message type, every version kept."""

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB
from domain.users import User


class MessageTemplate(Table, db=DB, tablename="message_template"):
    id = key()
    account = parent(Account, null=True)  # None: shipped with Lotwire
    owner = parent(User, null=True)  # Local: its creator
    type = Varchar(10)
    scope = Varchar(10)  # global | local | shipped
    purpose = Varchar(40)
    name = Text()
    position = Integer(default=0)
    archived_at = moment()
    created_at = made()


class TemplateVersion(Table, db=DB, tablename="template_version"):
    id = key()
    template = parent(MessageTemplate)
    n = Integer(default=1)
    current = Boolean(default=True)
    subject = Text(default="")
    body = Text()
    created_by = parent(User, null=True, index=False)
    created_at = made()
