"""What Piccolo's columns cannot say on both engines: uniqueness over several columns, partial and keyset indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-22T02:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Unique, partial and keyset indexes"

STATEMENTS = (
    "CREATE UNIQUE INDEX plan_feature_one ON plan_feature (tier, feature)",
    "CREATE UNIQUE INDEX source_one ON source (account, slug)",
    "CREATE UNIQUE INDEX listing_one ON listing (source, external_id)",
    "CREATE INDEX listing_newest ON listing (account, created_at, id)",
    "CREATE INDEX listing_by_price ON listing (account, price, id)",
    "CREATE INDEX listing_by_year ON listing (account, year, id)",
    "CREATE INDEX listing_by_contact ON listing (account, last_contact_at, id)",
    "CREATE INDEX listing_by_stage ON listing (account, stage, created_at, id)",
    "CREATE INDEX listing_waiting ON listing (account, waiting_since) WHERE waiting_since IS NOT NULL",
    "CREATE INDEX price_change_order ON price_change (listing, at)",
    "CREATE UNIQUE INDEX picture_one ON picture (listing, url)",
    "CREATE INDEX picture_wanted ON picture (not_before) WHERE state = 'wanted'",
    'CREATE UNIQUE INDEX follower_one ON follower (listing, "user")',
    "CREATE UNIQUE INDEX seller_one ON seller (listing)",
    "CREATE INDEX seller_by_phone ON seller (account, phone) WHERE phone <> ''",
    "CREATE INDEX seller_by_mobile ON seller (account, mobile) WHERE mobile <> ''",
    "CREATE INDEX seller_by_email ON seller (account, email) WHERE email <> ''",
    "CREATE UNIQUE INDEX template_version_one ON template_version (template, n)",
    "CREATE UNIQUE INDEX connection_one ON connection (account, kind) WHERE state <> 'disconnected'",
    'CREATE UNIQUE INDEX sender_link_one ON sender_link (connection, "user")',
    "CREATE UNIQUE INDEX opt_out_one ON opt_out (account, channel, address) WHERE lifted_at IS NULL",
    "CREATE INDEX message_history ON message (listing, at, id)",
    "CREATE INDEX message_due ON message (connection, not_before, id) WHERE state = 'queued'",
    "CREATE INDEX message_leased ON message (owner, lease_until) WHERE state IN ('claimed', 'sending')",
    "CREATE INDEX message_unknown ON message (account, to_address) WHERE state = 'unknown'",
    "CREATE INDEX message_by_recipient ON message (account, to_address, at)",
    "CREATE INDEX message_unmatched ON message (account, at, id) WHERE listing IS NULL",
    "CREATE INDEX message_unanswered ON message (listing, at) WHERE direction = 'in' AND responded_at IS NULL",
    "CREATE INDEX message_newest ON message (account, at, id)",
    "CREATE INDEX message_follow_up ON message (changed_at) WHERE follow_up",
    "CREATE INDEX message_changed ON message (listing, changed_at)",
    "CREATE UNIQUE INDEX idempotency_key_one ON idempotency_key (account, key_hash)",
    "CREATE INDEX event_history ON event (listing, at, id)",
    "CREATE UNIQUE INDEX attempt_one ON attempt (message, n)",
    "CREATE UNIQUE INDEX provider_event_one ON provider_event (connection, event_key)",
    "CREATE INDEX provider_event_open ON provider_event (not_before) WHERE handled_at IS NULL",
    "CREATE INDEX receipt_of ON receipt (connection, provider_id)",
    "CREATE INDEX receipt_early ON receipt (received_at) WHERE message IS NULL",
    "CREATE INDEX refused_row_order ON refused_row (listing_import, line)",
    "CREATE INDEX house_mail_open ON house_mail (not_before) WHERE sent_at IS NULL",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
