"""What Piccolo's columns cannot say of lists, reports, reviews and hours: uniqueness, partial indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-22T06:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Unique and partial indexes of lists, reports, reviews and hours"

STATEMENTS = (
    "CREATE UNIQUE INDEX do_not_contact_one ON do_not_contact (account, address) WHERE lifted_at IS NULL",
    "CREATE UNIQUE INDEX block_one ON block (account, address) WHERE lifted_at IS NULL",
    "CREATE UNIQUE INDEX first_contact_one ON first_contact (account, address)",
    "CREATE INDEX do_not_contact_newest ON do_not_contact (account, at, id)",
    "CREATE INDEX block_newest ON block (account, at, id)",
    "CREATE INDEX opt_out_newest ON opt_out (account, at, id)",
    "CREATE INDEX appointment_due ON appointment (account, at) WHERE state = 'planned'",
    "CREATE INDEX appraisal_newest ON appraisal (listing, at)",
    "CREATE INDEX reported_identity_known ON reported_identity (account, kind, value)",
    "CREATE UNIQUE INDEX reported_identity_one ON reported_identity (report, kind, value)",
    "CREATE UNIQUE INDEX reported_listing_one ON reported_listing (report, listing)",
    "CREATE INDEX seller_by_name ON seller (account, name_key) WHERE name_key <> ''",
    "CREATE INDEX seller_by_address ON seller (account, address_key) WHERE address_key <> ''",
    "CREATE INDEX consent_of ON consent (account, address, channel, captured_at)",
    "CREATE UNIQUE INDEX tombstone_one ON tombstone (account, list, channel, digest)",
    "CREATE UNIQUE INDEX review_one ON review (message)",
    "CREATE INDEX review_open ON review (account, at) WHERE settled_at IS NULL",
    "CREATE INDEX review_of ON review (account, address) WHERE settled_at IS NULL",
    "CREATE UNIQUE INDEX quiet_hours_row_one ON quiet_hours_row (account, region)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
