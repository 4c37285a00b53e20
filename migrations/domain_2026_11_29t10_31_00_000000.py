"""What Piccolo's columns cannot say of threads, email, forms and marks: uniqueness, partial indexes, keysets."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T10:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Unique and partial indexes of threads, email, forms and marks"

STATEMENTS = (
    "CREATE UNIQUE INDEX seller_thread_one ON seller_thread (account, channel, address)",
    "CREATE INDEX seller_thread_newest ON seller_thread (account, last_inbound_at, id)",
    "CREATE INDEX email_header_by_id ON email_header (account, rfc_id) WHERE rfc_id <> ''",
    "CREATE UNIQUE INDEX email_thread_one ON email_thread (listing, address)",
    "CREATE UNIQUE INDEX email_thread_token ON email_thread (token)",
    "CREATE UNIQUE INDEX mailbox_position_one ON mailbox_position (connection, folder)",
    "CREATE UNIQUE INDEX form_transport_one ON form_transport (source)",
    "CREATE UNIQUE INDEX address_mark_one ON address_mark (account, address, mark)",
    "CREATE UNIQUE INDEX incoming_file_one ON incoming_file (message, position)",
    "CREATE INDEX incoming_file_waiting ON incoming_file (not_before) WHERE state = 'waiting'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
