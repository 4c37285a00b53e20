"""A batch is tended without reading its messages: what of it is in which state, and when the first of those leaves."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T17:55:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of the messages of a batch by state"

STATEMENTS = ("CREATE INDEX message_of_batch_state ON message (batch, state, not_before) WHERE batch IS NOT NULL",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
