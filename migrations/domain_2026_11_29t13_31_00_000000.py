"""What was planned and did not leave is listed with the last of it first, among all that ever was planned."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T13:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of planned messages that did not leave"

STATEMENTS = (
    """CREATE INDEX message_not_left ON message (account, changed_at, id)
       WHERE scheduled_at IS NOT NULL AND state IN ('cancelled', 'expired', 'failed')""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
