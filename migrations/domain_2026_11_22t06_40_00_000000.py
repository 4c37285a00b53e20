"""What tidying up files looks for, found without reading every file ever sent."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-22T06:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes for tidying up files"

STATEMENTS = (
    "CREATE INDEX attachment_variant_bytes ON attachment_variant (sha256)",
    "CREATE INDEX attachment_removed ON attachment (removed_at) WHERE removed_at IS NOT NULL",
    "CREATE INDEX attachment_age ON attachment (created_at, id)",
    # A link that goes is looked for in what may point to it.
    "CREATE INDEX message_attachment_link ON message_attachment (link) WHERE link IS NOT NULL",
    "CREATE INDEX draft_attachment_link ON draft_attachment (link) WHERE link IS NOT NULL",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
