"""Saved wordings: Global, Local or shipped, each for one message type, every version kept."""

from typing import Any
from uuid import UUID

from piccolo.columns import Boolean, Integer, Text, Varchar
from piccolo.table import Table

from domain.accounts import Account
from domain.columns import key, made, moment, parent
from domain.db import DB, found, writing
from domain.errors import NotFound
from domain.shipped_templates import SHIPPED, Shipped
from domain.users import User


class MessageTemplate(Table, db=DB, tablename="message_template"):
    id = key()
    account = parent(Account, null=True)  # None: shipped with Lotwire
    owner = parent(User, null=True)  # Local: its creator
    type = Varchar(10)
    scope = Varchar(10)  # global | local | shipped
    purpose = Varchar(40)
    name = Text()
    name_key = Text(default="")  # the name folded: unique per scope, type and owner while not archived
    search = Text(default="")  # folded words of name, subject and body
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


class TemplateUse(Table, db=DB, tablename="template_use"):
    """What a person does with a template: keeps it at the top, used it last."""

    id = key()
    user = parent(User)  # unique with the template
    template = parent(MessageTemplate)
    favorite = Boolean(default=False)
    used_at = moment()


class HiddenTemplate(Table, db=DB, tablename="hidden_template"):
    """A shipped template that a dealership does not want to see."""

    id = key()
    account = parent(Account)  # unique with the template
    template = parent(MessageTemplate)
    hidden_by = parent(User, null=True, index=False)
    created_at = made()


async def seed() -> None:
    """Writes the shipped templates, and a new version of each that changed since. Safe to repeat."""
    known = {
        row["id"]: row
        for row in await MessageTemplate.raw(
            """SELECT t.id, v.n, v.body, v.subject FROM message_template t
               JOIN template_version v ON v.template = t.id AND v.current WHERE t.account IS NULL"""
        )
    }
    for position, shipped in enumerate(SHIPPED):
        row = known.get(shipped.id)
        if row is None:
            await _ship(shipped, position)
        elif row["body"] != shipped.body:
            await _renew(shipped, row["n"])


async def _ship(shipped: Shipped, position: int) -> None:
    """Of two processes that start at once the second finds it written."""
    template = MessageTemplate(
        id=shipped.id,
        type=shipped.type,
        scope="shipped",
        purpose=shipped.purpose,
        name=shipped.name,
        position=position,
    )
    async with writing():
        if await MessageTemplate.insert(template).on_conflict(target=MessageTemplate.id, action="DO NOTHING"):
            await TemplateVersion.insert(TemplateVersion(template=shipped.id, body=shipped.body))


async def _renew(shipped: Shipped, n: int) -> None:
    async with writing():
        replaced = TemplateVersion.update({TemplateVersion.current: False}).where(
            (TemplateVersion.template == shipped.id) & (TemplateVersion.n == n) & TemplateVersion.current.eq(True)
        )
        if await replaced.returning(TemplateVersion.id):
            await TemplateVersion.insert(TemplateVersion(template=shipped.id, n=n + 1, body=shipped.body))


async def offered(account_id: UUID, user_id: UUID, channel: str) -> list[dict[str, Any]]:
    """The templates a user may pick for a channel, Local, Global, then shipped: id, name, purpose, version, body."""
    return await MessageTemplate.raw(
        """SELECT t.id, t.name, t.purpose, t.scope, t.position, v.id AS version, v.body
           FROM message_template t JOIN template_version v ON v.template = t.id AND v.current
           WHERE t.type = {} AND t.archived_at IS NULL
             AND (t.account IS NULL OR (t.account = {} AND (t.scope = 'global' OR t.owner = {})))
           ORDER BY CASE t.scope WHEN 'local' THEN 0 WHEN 'global' THEN 1 ELSE 2 END, t.position, t.name""",
        channel,
        account_id,
        user_id,
    )


async def wording(account_id: UUID, user_id: UUID, template_id: UUID, channel: str = "text") -> TemplateVersion:
    """The current version of a template for this channel that this user may use. Raises NotFound."""
    rows = await MessageTemplate.raw(
        """SELECT v.id FROM message_template t JOIN template_version v ON v.template = t.id AND v.current
           WHERE t.id = {} AND t.type = {} AND t.archived_at IS NULL
             AND (t.account IS NULL OR (t.account = {} AND (t.scope = 'global' OR t.owner = {})))""",
        template_id,
        channel,
        account_id,
        user_id,
    )
    if not rows:
        raise NotFound
    version: TemplateVersion = await found(TemplateVersion.objects().get(TemplateVersion.id == rows[0]["id"]))
    return version
