"""The wordings that come with Lotwire: written into each database, a new version of one that changed."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from domain import clock, db, ids
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
    await _ship([(shipped, position) for position, shipped in enumerate(SHIPPED) if shipped.id not in known])
    for position, shipped in enumerate(SHIPPED):
        row = known.get(shipped.id)
        if row is None:
            continue
        described = _described(shipped, position)
        if any(row[name] != value for name, value in described.items() if name != "name_key"):
            await MessageTemplate.update(described).where(MessageTemplate.id == shipped.id)
        if (row["body"], row["subject"]) != (shipped.body, shipped.subject):
            await _renew(shipped, row["n"])


async def _ship(new: Sequence[tuple[Shipped, int]]) -> None:
    """Each with its position, in two statements. Of two processes that start at once the second finds them written."""
    if not new:
        return
    rows = [(shipped.id, shipped.type, *_described(shipped, position).values()) for shipped, position in new]
    given, arguments = db.given(("uuid", "text", "text", "text", "text", "int", "text"), rows)
    async with writing():
        written = await MessageTemplate.raw(
            f"""INSERT INTO message_template (id, type, scope, name, name_key, purpose, position, search, created_at)
                SELECT column1, column2, 'shipped', column3, column4, column5, column6, column7, {{}} FROM {given}
                WHERE TRUE ON CONFLICT (id) DO NOTHING RETURNING id""",  # noqa: S608 - fixed words
            clock.now(),
            *arguments,
        )
        if ours := {row["id"] for row in written}:
            await _begin([shipped for shipped, _ in new if shipped.id in ours])


async def _begin(shipped: Sequence[Shipped]) -> None:
    """Writes their first versions."""
    rows = [(ids.new(), each.id, each.subject, each.body) for each in shipped]
    given, arguments = db.given(("uuid", "uuid", "text", "text"), rows)
    await TemplateVersion.raw(
        f"""INSERT INTO template_version (id, template, n, current, subject, body, created_at)
            SELECT column1, column2, 1, TRUE, column3, column4, {{}} FROM {given}""",  # noqa: S608 - fixed words
        clock.now(),
        *arguments,
    )


async def _renew(shipped: Shipped, n: int) -> None:
    async with writing():
        replaced = TemplateVersion.update({TemplateVersion.current: False}).where(
            (TemplateVersion.template == shipped.id) & (TemplateVersion.n == n) & TemplateVersion.current.eq(True)
        )
        if await replaced.returning(TemplateVersion.id):
            await TemplateVersion.insert(_version(shipped, n + 1))


@cache
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
