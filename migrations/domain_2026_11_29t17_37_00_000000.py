"""What somebody wrote, planned or answered leaves before what goes to many: found without reading those."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T17:37:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of what is due to one seller alone"

STATEMENTS = (
    """CREATE INDEX message_due_first ON message (connection, kind, not_before, id)
       WHERE state = 'queued' AND kind IN ('answer', 'one_to_one', 'scheduled', 'test')""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
