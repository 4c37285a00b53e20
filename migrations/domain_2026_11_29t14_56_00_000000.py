"""Messages that asked to stop before are marked so, and those that carriers took for spam are found without reading a
whole batch."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T14:56:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Marks of stops, and an index of what was taken for spam"

STATEMENTS = (
    """UPDATE message SET means = 'look'
       WHERE direction = 'in' AND id IN (SELECT message FROM review WHERE outcome = 'review' AND settled_at IS NULL)""",
    """UPDATE message SET means = 'stop'
       WHERE direction = 'in' AND (id IN (SELECT message FROM opt_out WHERE message IS NOT NULL)
             OR id IN (SELECT message FROM review WHERE decision IN ('opt_out', 'dnc')
                       OR (outcome = 'opt_out' AND decision <> 'carry_on')))""",
    """UPDATE opt_out SET said_again_at = (SELECT m.at FROM message m WHERE m.id = opt_out.message AND m.at > opt_out.at)
       WHERE message IS NOT NULL""",
    "CREATE INDEX message_spam ON message (batch) WHERE code = 'spam'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
