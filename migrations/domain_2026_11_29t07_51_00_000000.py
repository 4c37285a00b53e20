"""Fewer lines to write for each step of a message: on PostgreSQL every change of a row goes into all its indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T07:51:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What is to be told to listings moves to its table; indexes that others do for go"

STATEMENTS = (
    "INSERT INTO follow_up (message) SELECT id FROM message WHERE follow_up",
    "DROP INDEX message_follow_up",
    "DROP INDEX message_changed",  # a listing has few messages, and message_history finds them
    "DROP INDEX message_automatic",  # message_by_recipient finds them, with the few others to that address
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)

    manager.drop_column(
        table_class_name="Message",
        tablename="message",
        column_name="follow_up",
        db_column_name="follow_up",
        schema=None,
    )

    return manager
