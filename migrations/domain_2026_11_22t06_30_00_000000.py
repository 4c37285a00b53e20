"""Sellers who were there before get the keys by which they are known again."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.querystring import QueryString

from domain import db, seller_keys

ID = "2026-11-22T06:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Folded names and addresses of sellers"

AT_ONCE = 1000
WANTED = """SELECT id, first_name, last_name, street, city, state FROM seller
            WHERE id > {} AND (last_name <> '' OR street <> '') ORDER BY id LIMIT {}"""
FILL = "UPDATE seller SET name_key = {}, address_key = {} WHERE id = {}"
FIRST = "00000000-0000-0000-0000-000000000000"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)
    manager.add_raw(fill)
    return manager


async def fill() -> None:
    """A thousand sellers at a time, in the order of their ids."""
    after = FIRST
    while rows := await db.DB.run_querystring(QueryString(WANTED, after, AT_ONCE)):
        for row in rows:
            name = seller_keys.name_key(row["first_name"], row["last_name"])
            address = seller_keys.address_key(row["street"], row["city"], row["state"])
            await db.DB.run_querystring(QueryString(FILL, name, address, row["id"]))
        after = rows[-1]["id"]
