"""What Piccolo's columns cannot say of batches, plans and what is known of numbers: uniqueness, partial indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T04:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Unique and partial indexes of batches, plans and what is known of numbers"

STATEMENTS = (
    "CREATE UNIQUE INDEX batch_listing_one ON batch_listing (batch, n)",
    "CREATE INDEX batch_newest ON batch (account, created_at, id)",
    "CREATE INDEX batch_open ON batch (state, changed_at) WHERE state IN ('draft', 'expanding', 'running', 'paused')",
    "CREATE UNIQUE INDEX message_of_batch ON message (batch, listing) WHERE batch IS NOT NULL",
    """CREATE UNIQUE INDEX message_of_batch_once ON message (batch, to_address)
       WHERE batch IS NOT NULL AND state <> 'skipped' AND to_address <> ''""",
    "CREATE INDEX message_planned ON message (scheduled_at, id) WHERE state = 'pending'",
    "CREATE INDEX message_planned_of ON message (account, scheduled_at, id) WHERE scheduled_at IS NOT NULL",
    "CREATE INDEX message_by_author ON message (account, from_address, at) WHERE direction = 'in'",
    """CREATE INDEX message_automatic ON message (account, to_address, at)
       WHERE kind IN ('batch', 'scheduled', 'automated')""",
    "CREATE UNIQUE INDEX number_fact_one ON number_fact (account, address)",
    "CREATE INDEX batch_attachment_file ON batch_attachment (attachment)",
    "CREATE INDEX boot_newest ON boot (at)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
