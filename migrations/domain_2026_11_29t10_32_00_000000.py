"""A file that is taken back asks which message brought it: that must not read all of them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T10:32:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of the files that came in, by what they were kept as"

STATEMENTS = ("CREATE INDEX incoming_file_kept ON incoming_file (attachment) WHERE attachment IS NOT NULL",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
