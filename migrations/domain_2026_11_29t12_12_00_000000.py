"""Every message that names an ad asks which listing is that ad's, while it is being stored: that must not read all of
the account's listings."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain import db

ID = "2026-11-29T12:12:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of the listings, by the address of their ad"

# An entry of PostgreSQL's may have 2,700 bytes, an address 2,000 letters of four each.
STATEMENTS = ("CREATE INDEX listing_url ON listing (account, url, created_at) WHERE url <> '' AND length(url) <= 600",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)

    async def run() -> None:
        for statement in STATEMENTS:
            await db.DB.run_ddl(statement)

    manager.add_raw(run)
    return manager
