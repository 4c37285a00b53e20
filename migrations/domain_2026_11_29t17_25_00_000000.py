"""Who said stop in a thread before that counted for the person is left alone by their numbers and email, too."""

from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.querystring import QueryString

from domain import db, ids

ID = "2026-11-29T17:25:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Stops said in threads, by what their sellers are known by"

AT_ONCE = 1000
WANTED = """SELECT o.id, o.account, o.channel, o.word, o.message, o.at, o.said_again_at, o.source, o.note, o.added_by,
                   p.mobile, p.phone, p.email
            FROM opt_out o
            JOIN seller_thread t ON t.account = o.account AND t.channel = o.channel AND t.address = o.address
            JOIN seller p ON p.listing = t.listing
            WHERE o.id > {} AND o.lifted_at IS NULL AND o.channel IN ('facebook', 'kijiji') ORDER BY o.id LIMIT {}"""
PUT = """INSERT INTO opt_out (id, account, channel, address, word, message, at, said_again_at, lifted_at, lifted_by,
                              source, note, added_by)
         VALUES ({}, {}, {}, {}, {}, {}, {}, {}, null, '', {}, {}, {})
         ON CONFLICT (account, channel, address) WHERE lifted_at IS NULL DO NOTHING"""
FIRST = "00000000-0000-0000-0000-000000000000"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="domain", description=DESCRIPTION)
    manager.add_raw(spread)
    return manager


async def spread() -> None:
    """A thousand stops at a time, in the order of their ids; each from when it was said."""
    after = FIRST
    while rows := await db.DB.run_querystring(QueryString(WANTED, after, AT_ONCE)):
        for row in rows:
            for address in _addresses(row):
                said = [row[name] for name in ("word", "message", "at", "said_again_at", "source", "note", "added_by")]
                values = (ids.new(), row["account"], row["channel"], address, *said)
                await db.DB.run_querystring(QueryString(PUT, *values))
        after = rows[-1]["id"]


def _addresses(row: dict[str, Any]) -> list[str]:
    known = (row["mobile"], row["phone"], (row["email"] or "").casefold())
    return list(dict.fromkeys(each for each in known if each))
