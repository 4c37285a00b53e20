"""What waits for its time is read alone, soonest first, with what is held back of planned batches; so is what of it did
not leave. The index of all that ever was planned goes: SQLite took it for what waits."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T17:52:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes of what is planned, with what is held back of planned batches"

STATEMENTS = (
    "DROP INDEX message_planned_of",
    """CREATE INDEX message_waits ON message (account, COALESCE(scheduled_at, not_before), id, "user")
       WHERE state = 'pending' AND (scheduled_at IS NOT NULL OR (kind = 'batch' AND schedule_zone <> ''))""",
    "DROP INDEX message_not_left",
    """CREATE INDEX message_not_left ON message (account, changed_at, id)
       WHERE (scheduled_at IS NOT NULL OR (kind = 'batch' AND schedule_zone <> ''))
         AND state IN ('cancelled', 'expired', 'failed')""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
