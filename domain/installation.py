"""What every installation has before anybody signs in: the tables, the plans, the shipped templates."""

from domain import db, message_templates, plans


async def prepare() -> int:
    """Brings the database up to this version, contents included. Safe to repeat; how many migrations ran."""
    migrations = await db.migrate()
    async with db.opened():
        await plans.seed()
        await message_templates.seed()
    return migrations
