"""The wordings that come with Lotwire: written into each database, a new version of one that changed."""

from typing import Any

from domain.db import writing
from domain.message_templates.tables import MessageTemplate, TemplateVersion, name_key, search_text
from domain.shipped_templates import SHIPPED, Shipped


async def seed() -> None:
    """Writes the shipped templates, and a new version of each that changed since. Safe to repeat."""
    known = {
        row["id"]: row
        for row in await MessageTemplate.raw(
            """SELECT t.id, t.name, t.purpose, t.position, t.search, v.n, v.body, v.subject
               FROM message_template t JOIN template_version v ON v.template = t.id AND v.current
               WHERE t.account IS NULL"""
        )
    }
    for position, shipped in enumerate(SHIPPED):
        row = known.get(shipped.id)
        if row is None:
            await _ship(shipped, position)
            continue
        described = _described(shipped, position)
        if any(row[name] != value for name, value in described.items() if name != "name_key"):
            await MessageTemplate.update(described).where(MessageTemplate.id == shipped.id)
        if (row["body"], row["subject"]) != (shipped.body, shipped.subject):
            await _renew(shipped, row["n"])


async def _ship(shipped: Shipped, position: int) -> None:
    """Of two processes that start at once the second finds it written."""
    template = MessageTemplate(id=shipped.id, type=shipped.type, scope="shipped", **_described(shipped, position))
    async with writing():
        if await MessageTemplate.insert(template).on_conflict(target=MessageTemplate.id, action="DO NOTHING"):
            await TemplateVersion.insert(_version(shipped, 1))


async def _renew(shipped: Shipped, n: int) -> None:
    async with writing():
        replaced = TemplateVersion.update({TemplateVersion.current: False}).where(
            (TemplateVersion.template == shipped.id) & (TemplateVersion.n == n) & TemplateVersion.current.eq(True)
        )
        if await replaced.returning(TemplateVersion.id):
            await TemplateVersion.insert(_version(shipped, n + 1))


def _described(shipped: Shipped, position: int) -> dict[Any, Any]:
    return {
        "name": shipped.name,
        "name_key": name_key(shipped.name),
        "purpose": shipped.purpose,
        "position": position,
        "search": search_text(shipped.name, shipped.subject, shipped.body),
    }


def _version(shipped: Shipped, n: int) -> TemplateVersion:
    return TemplateVersion(template=shipped.id, n=n, subject=shipped.subject, body=shipped.body)
