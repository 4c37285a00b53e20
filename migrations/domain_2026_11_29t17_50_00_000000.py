"""First contacts of the last hour, and those that wait for their turn, are found without reading all there are."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T17:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes of an account's first contacts"

STATEMENTS = (
    "CREATE INDEX first_contact_at ON first_contact (account, at)",
    "CREATE INDEX message_turn ON message (account, not_before) WHERE state = 'queued' AND code = 'first_contacts'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
