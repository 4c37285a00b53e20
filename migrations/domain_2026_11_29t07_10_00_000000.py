"""What was sent once more is found by the moment it was due again: it counts on that day of whoever sends it."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T07:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A partial index of what was sent once more"

STATEMENTS = ("CREATE INDEX message_once_more ON message (account, not_before) WHERE attempts > 1",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
