"""Every minute a worker asks which calls of the last day ended nobody knows how: that must not read all attempts."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T12:58:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of the attempts of unknown fate"

STATEMENTS = ("CREATE INDEX attempt_unknown ON attempt (started_at) WHERE outcome = 'unknown'",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
