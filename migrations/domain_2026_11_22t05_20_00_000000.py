"""What Piccolo's columns cannot say of drafts, attachments, templates and guides: uniqueness, partial indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-22T05:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Unique and partial indexes of drafts, attachments, templates and guides"

STATEMENTS = (
    """CREATE UNIQUE INDEX message_template_global ON message_template (account, type, name_key)
       WHERE scope = 'global' AND archived_at IS NULL AND name_key <> ''""",
    """CREATE UNIQUE INDEX message_template_local ON message_template (owner, type, name_key)
       WHERE scope = 'local' AND archived_at IS NULL AND name_key <> ''""",
    'CREATE UNIQUE INDEX template_use_one ON template_use ("user", template)',
    "CREATE UNIQUE INDEX hidden_template_one ON hidden_template (account, template)",
    "CREATE INDEX attachment_bytes ON attachment (sha256)",
    "CREATE UNIQUE INDEX attachment_variant_one ON attachment_variant (attachment, most_bytes)",
    "CREATE UNIQUE INDEX message_attachment_one ON message_attachment (message, attachment)",
    "CREATE UNIQUE INDEX template_attachment_one ON template_attachment (version, attachment)",
    'CREATE UNIQUE INDEX draft_one ON draft ("user", listing)',
    "CREATE INDEX draft_newest ON draft (listing, updated_at)",
    "CREATE UNIQUE INDEX draft_attachment_one ON draft_attachment (draft, attachment)",
    "CREATE UNIQUE INDEX guide_one ON guide (account, slug)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
