"""Every few seconds a worker asks which threads of a day have no name yet: that must not read all threads there are."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T14:33:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of the threads whose name was not asked for"

STATEMENTS = (
    """CREATE INDEX seller_thread_nameless ON seller_thread (last_inbound_at)
       WHERE name = '' AND named_at IS NULL""",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
